"""The pair MLP against one that is applied to concatenated pairs, and normalisation against its formula."""

from __future__ import annotations

import torch

from condense.methods.homogeneous.pair_mlp import PairMLP, normalised


def test_equals_an_mlp_on_concatenated_pairs() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    net = PairMLP(3, generator, x)
    pairs = torch.cat([x.repeat_interleave(5, dim=0), x.repeat(5, 1)], dim=1)  # [25, 6]
    layers = (
        net.first,
        net.first_norm,
        torch.relu,
        net.second,
        net.second_norm,
        torch.relu,
        net.last,
    )
    for layer in layers:
        pairs = layer(pairs)
    score = pairs.view(5, 5)
    expected = torch.sigmoid((score + score.T) / 2).fill_diagonal_(0)
    found = net(x)
    torch.testing.assert_close(found, expected)
    assert torch.equal(found, found.T)


def test_the_seed_alone_decides() -> None:
    x = torch.eye(3)
    nets = [PairMLP(3, torch.Generator().manual_seed(seed), x)(x) for seed in (0, 0, 1)]
    assert torch.equal(nets[0], nets[1])
    assert not torch.equal(nets[0], nets[2])


def test_normalised_rows() -> None:
    a = torch.tensor([[0.0, 3.0], [3.0, 0.0]])
    torch.testing.assert_close(normalised(a), torch.tensor([[0.25, 0.75], [0.75, 0.25]]))
    torch.testing.assert_close(normalised(torch.zeros(2, 2)), torch.eye(2))
