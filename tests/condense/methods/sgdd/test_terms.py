"""What SGDD adds to the loss, against sums over pairs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.methods.sgdd.graphon import GuidedGraphon
from condense.methods.sgdd.structure import StructureDistance
from condense.methods.sgdd.terms import BroadcastTerms, label_roughness
from models.relays.adam import Adam

RNG = torch.Generator().manual_seed(0)
TARGET = torch.nn.functional.one_hot(torch.tensor([0, 0, 1, 1, 2, 2])).double()


def adjacency() -> Tensor:
    """Of six nodes, the last without edges."""
    a = torch.rand(6, 6, generator=RNG, dtype=torch.float64).triu(1)
    a[:, 5] = 0
    return a + a.T


def test_roughness_is_the_sum_over_pairs() -> None:
    a = adjacency()
    degree = a.sum(dim=1)
    expected = 0.0
    for i in range(5):
        for j in range(5):
            step = TARGET[i] / degree[i].sqrt() - TARGET[j] / degree[j].sqrt()
            expected += float(a[i, j] * step.square().sum()) / 2
    assert float(label_roughness(a, TARGET)) == pytest.approx(expected, rel=1e-6)


def test_edges_within_classes_are_smooth() -> None:
    a = torch.block_diag(*[torch.tensor([[0.0, 0.3], [0.3, 0.0]]).double()] * 3)
    assert float(label_roughness(a, TARGET)) == pytest.approx(0, abs=1e-6)
    assert float(label_roughness(a.roll((1, 1), (0, 1)), TARGET)) == pytest.approx(6)


def test_no_edges_are_smooth_and_have_finite_slopes() -> None:
    a = torch.zeros(6, 6, dtype=torch.float64, requires_grad=True)
    loss = label_roughness(a, TARGET)
    assert float(loss) == 0
    assert bool(torch.autograd.grad(loss, a)[0].isfinite().all())


def test_the_structure_counts_while_edges_move() -> None:
    a = adjacency()
    whole = torch.eye(8, dtype=torch.float64) - 1 / 8
    structure = StructureDistance(whole, 6, 5, torch.Generator().manual_seed(0))
    terms = BroadcastTerms(structure, TARGET, 3.0, 0.5)
    rough = 0.5 * label_roughness(a, TARGET)
    torch.testing.assert_close(terms(a, False), rough)
    torch.testing.assert_close(terms(a, True), rough + 3 * structure(a))
    assert [name for name, _ in terms.named_parameters()] == ["structure.plan"]
    alone = BroadcastTerms(None, TARGET, 0.0, 0.5)
    torch.testing.assert_close(alone(a, True), rough)
    assert not list(alone.named_parameters())


def test_smooth_labels_draw_edges_into_classes() -> None:
    x = torch.randn(6, 3, generator=RNG, dtype=torch.float64)
    net = GuidedGraphon(3, 0.5, torch.Generator().manual_seed(0), x)
    terms = BroadcastTerms(None, TARGET, 0.0, 1.0)
    parameters = list(net.parameters())
    adam = Adam(parameters, 0.01)
    within = []
    for _ in range(60):
        a = net(x)
        within.append(float((a * (TARGET @ TARGET.T)).sum() / a.sum()))
        adam.step(torch.autograd.grad(terms(a, True), parameters))
    assert within[-1] > within[0] + 0.2
