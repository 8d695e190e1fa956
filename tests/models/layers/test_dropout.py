"""Dropout with cheap random numbers does what torch's does."""

from __future__ import annotations

import math

import pytest
import torch

from models.layers.dropout import Dropout, random_int16


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_entries_are_dropped_with_probability_p_and_the_others_make_up_for_it(p: float) -> None:
    torch.manual_seed(0)
    x = torch.full((400, 501), 3.0)
    dropped = Dropout(p)(x)
    share = float((dropped == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / x.numel()))
    kept = dropped[dropped != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 3 / (1 - p)), rtol=1e-4, atol=0)
    assert bool((x == 3.0).all())


def test_what_is_dropped_gets_no_gradient_and_the_rest_its_scale() -> None:
    torch.manual_seed(0)
    x = torch.randn(30, 7, dtype=torch.float64, requires_grad=True)
    y = Dropout(0.25)(x)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x, y)
    assert set(x.grad.unique().tolist()) == {0.0, 4 / 3}


def test_the_default_generator_decides() -> None:
    x, dropout = torch.ones(100, 3), Dropout(0.5)
    torch.manual_seed(1)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(1)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("p", [0.0, 1e-9, 1.0])
def test_none_and_all_are_exact(p: float) -> None:
    x = torch.ones(5, 3)
    assert torch.equal(Dropout(p)(x), torch.zeros(5, 3) if p == 1 else x)


def test_evaluation_and_empty_inputs_and_transposed_ones() -> None:
    x = torch.randn(4, 6)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert Dropout(0.5)(torch.zeros(0, 4)).shape == (0, 4)
    torch.manual_seed(0)
    transposed = Dropout(0.5)(x.T)
    assert torch.equal(transposed[transposed != 0], 2 * x.T[transposed != 0])


def test_random_numbers_are_uniform_and_independent_within_a_draw() -> None:
    torch.manual_seed(0)
    numbers = random_int16(4 * 50_000).view(-1, 4).double()
    assert bool((numbers.mean(dim=0).abs() < 5 * 2**16 / math.sqrt(12 * 50_000)).all())
    torch.testing.assert_close(
        numbers.std(dim=0), torch.full((4,), 2**16 / math.sqrt(12)).double(), rtol=0.01, atol=0
    )
    correlation = torch.corrcoef(numbers.T) - torch.eye(4)
    assert float(correlation.abs().max()) < 5 / math.sqrt(50_000)
    assert len(random_int16(5)) == 5
