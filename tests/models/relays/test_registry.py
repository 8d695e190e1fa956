"""What every kind of relay promises."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
import torch
from torch.nn.functional import one_hot

from condense.methods.srgm.settings import SRGMSettings
from models.relays.linear import Relay, train_relay
from models.relays.registry import RELAYS


def test_the_settings_offer_all_of_them():
    assert set(get_args(get_type_hints(SRGMSettings)["relay"])) == set(RELAYS)


@pytest.mark.parametrize("kind", RELAYS)
def test_the_start_knows_nothing_and_learns(kind):
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(30) % 3
    z = torch.randn(30, 6, generator=rng) + 3 * one_hot(y, 6)
    start = RELAYS[kind](6, 16, 3, z)
    assert isinstance(start, Relay)
    assert not start.logits(z).any()
    theta = train_relay(start, z, one_hot(y, 3).float(), 100, lr=0.05)
    assert bool((theta.logits(z).argmax(dim=1) == y).all())
    assert not start.logits(z).any()


@pytest.mark.parametrize("kind", RELAYS)
def test_tensors_are_the_layers_in_order_and_copies_are_apart(kind):
    start = RELAYS[kind](6, 16, 3, torch.zeros(()))
    theta = start.redrawn(torch.Generator().manual_seed(0))
    pairs = zip(theta.weights, theta.biases, strict=True)
    inside = [x for pair in pairs for x in pair]
    assert [x.shape for x in inside] == [x.shape for x in start.tensors().values()]
    for x, y in zip(inside, theta.tensors().values(), strict=True):
        assert x is y  # A checkpoint is read into the relay itself.
    copied = theta.copy()
    for x, y in zip(inside, copied.tensors().values(), strict=True):
        assert torch.equal(x, y)
        assert x is not y
    other = theta.redrawn(torch.Generator().manual_seed(1))
    assert not torch.equal(other.weights[0], theta.weights[0])


@pytest.mark.parametrize("kind", RELAYS)
def test_weights_lie_in_memory_as_transposed_ones_wherever_a_relay_comes_from(kind):
    """Products with them are several times as fast so, and a resumed run must form the same ones."""
    z, y = torch.randn(30, 6, generator=torch.Generator().manual_seed(0)), torch.arange(30) % 3
    start = RELAYS[kind](6, 16, 3, z)
    drawn = start.redrawn(torch.Generator().manual_seed(0))
    trained = train_relay(drawn, z, one_hot(y, 3).float(), 2, lr=0.05)
    for theta in (start, start.copy(), drawn, trained, trained.copy()):
        for weight in theta.weights:
            assert weight.T.is_contiguous()
