"""The guided graphon against networks that are applied to concatenated pairs, one pair a row."""

from __future__ import annotations

import pytest
import torch

from condense.methods.sgdd.graphon import GuidedGraphon

RNG = torch.Generator().manual_seed(0)
X = torch.randn(6, 3, generator=RNG, dtype=torch.float64)


def graphon(share: float = 0.3, seed: int = 0) -> GuidedGraphon:
    net = GuidedGraphon(3, share, torch.Generator().manual_seed(seed), X)
    with torch.no_grad():  # Norms that do nothing would hide where they stand.
        for name, p in net.named_parameters():
            if "norm" in name:
                p.add_(0.3 * torch.rand(p.shape, generator=RNG, dtype=p.dtype))
    return net


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_equals_networks_on_concatenated_pairs(share: float) -> None:
    net = graphon(share)
    places = [-1 + 2 * i / 5 for i in range(6)]
    f = torch.stack([torch.cat([X[i], X[j]]) for i in range(6) for j in range(6)])
    g = torch.tensor([[a, b] for a in places for b in places], dtype=torch.float64)
    for layer, norm in (("first", "first_norm"), ("second", "second_norm")):
        f, g = (
            getattr(part, norm)(getattr(part, layer)(h)).relu()
            for part, h in ((net.features, f), (net.places, g))
        )
        g = g * f
    score = ((1 - share) * net.places.last(g) + share * net.features.last(f)).view(6, 6)
    expected = torch.sigmoid((score + score.T) / 2).fill_diagonal_(0)
    found = net(X)
    torch.testing.assert_close(found, expected)
    assert torch.equal(found, found.T)


def test_places_tell_equal_nodes_apart() -> None:
    alike = X[:1].expand(6, 3)
    by_features = graphon(share=1.0)(alike)
    off = ~torch.eye(6, dtype=torch.bool)
    assert float(by_features.detach()[off].std()) < 1e-9
    assert float(graphon(share=0.3)(alike).detach()[off].std()) > 1e-3


def test_the_seed_alone_decides() -> None:
    nets = [GuidedGraphon(3, 0.5, torch.Generator().manual_seed(s), X)(X) for s in (0, 0, 1)]
    assert torch.equal(nets[0], nets[1])
    assert not torch.equal(nets[0], nets[2])


def test_slopes_reach_features_and_parameters() -> None:
    net, x = graphon(), X.clone().requires_grad_()
    weight = torch.randn(6, 6, generator=RNG, dtype=torch.float64)
    slopes = torch.autograd.grad((net(x) * weight).sum(), [x, *net.parameters()])
    assert all(bool(slope.abs().max() > 0) for slope in slopes)
    shift = torch.zeros_like(X)
    shift[2, 1] = 1e-6
    with torch.no_grad():
        slope = ((net(X + shift) - net(X - shift)) * weight).sum() / 2e-6
    assert float(slopes[0][2, 1]) == pytest.approx(float(slope), rel=1e-5)
