"""HeteroSGC's written-out gradients against autograd's, and the distance against a loop over rows."""

from __future__ import annotations

import torch
from torch import Tensor

from condense.methods.hgcond.relay import OWN, HeteroSGC, RelayGraph, distance

F64 = torch.float64
RELATIONS = [("m", "by", "d"), ("d", "of", "m"), ("m", "cites", "m")]
COUNTS, WIDTHS = {"m": 7, "d": 4, "x": 3}, {"m": 5, "d": 3, "x": 0}


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=F64, generator=torch.Generator().manual_seed(seed))


def graph(seed: int = 0) -> RelayGraph:
    """Type x has neither features nor relations."""
    x = {t: draw(COUNTS[t], width, seed=seed) for t, width in WIDTHS.items()}
    ahead = {
        r: draw(COUNTS[r[2]], COUNTS[r[0]], seed=seed + i).abs() for i, r in enumerate(RELATIONS)
    }
    return RelayGraph(x, ahead, {r: a.T for r, a in ahead.items()}, "m")


def relay(layers: int = 3) -> HeteroSGC:
    theta = HeteroSGC.zeros(WIDTHS, 6, 3, layers, draw(1))
    for i, x in enumerate(theta.tensors()):
        x.copy_(draw(*x.shape, seed=10 + i))
    return theta


def plain_loss(theta: HeteroSGC, of: RelayGraph, y: Tensor, share: Tensor) -> Tensor:
    """The relay as its equations have it, by matrices of all types at once."""
    h = {t: (x @ theta.weight[t] + theta.bias[t]).relu() for t, x in of.x.items()}
    for _ in range(theta.layers):
        h = {
            t: OWN * h[t]
            + sum((a @ h[r[0]] for r, a in of.ahead.items() if r[2] == t), torch.zeros(()))
            for t in h
        }
    log_p = (h["m"] @ theta.last + theta.last_bias).log_softmax(dim=1)
    return -(share * (y * log_p).sum(dim=1)).sum()


Y = torch.eye(3, dtype=F64)[torch.arange(7) % 3]
SHARE = torch.tensor([0.5, 0, 0.25, 0.25, 0, 0, 0], dtype=F64)


def test_gradients_are_those_of_autograd():
    for layers in range(4):
        theta, of = relay(layers), graph()
        for x in theta.tensors():
            x.requires_grad_()
        expected = torch.autograd.grad(
            plain_loss(theta, of, Y, SHARE), theta.tensors(), materialize_grads=True
        )
        for ours, theirs in zip(theta.gradients(of, Y, SHARE), expected, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_the_distance_is_differentiable_in_features_and_edges():
    theta, whole = relay(), relay().gradients(graph(1), Y, SHARE)[:4]

    def apart(x: Tensor, edges: Tensor) -> Tensor:
        of = graph()
        features = {**of.x, "d": x}
        ahead = {**of.ahead, RELATIONS[0]: edges}
        changed = RelayGraph(features, ahead, {r: a.T for r, a in ahead.items()}, "m")
        return distance(theta.gradients(changed, Y, SHARE)[:4], whole)

    start = graph()
    inputs = (start.x["d"].requires_grad_(), start.ahead[RELATIONS[0]].clone().requires_grad_())
    assert torch.autograd.gradcheck(apart, inputs)


def test_distance_is_the_mean_over_rows_of_one_less_the_cosine():
    ours, theirs = (
        [draw(4, 6), draw(3, 2), draw(0, 2)],
        [draw(4, 6, seed=1), draw(3, 2, seed=2), draw(0, 2)],
    )
    theirs[0][1] = 0  # Cannot be matched.
    ours[1][2] = 0  # Without direction.
    expected = torch.zeros((), dtype=F64)
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        rows = [
            0.0 if not y.any() else 1.0 - float(torch.cosine_similarity(x, y, dim=0))
            for x, y in zip(a, b, strict=True)
        ]
        expected += sum(rows) / len(rows)
    torch.testing.assert_close(distance(ours, theirs), expected)
    assert float(distance(theirs, theirs)) < 1e-12
