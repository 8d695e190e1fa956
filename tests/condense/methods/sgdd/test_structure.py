"""The distance of structures against explicit signals, other joint laws, and finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.sgdd.structure import (
    LEAST,
    StructureDistance,
    condensed_inverse,
    laplacian_of,
    pseudo_inverse,
)
from models.relays.adam import Adam
from tests.support.graphs import film_graph

RNG = torch.Generator().manual_seed(0)


def adjacency(n: int, density: float = 0.6) -> Tensor:
    a = torch.rand(n, n, generator=RNG, dtype=torch.float64)
    a = torch.where(torch.rand(n, n, generator=RNG) < density, a, 0).triu(1)
    return a + a.T


def cliques(count: int, size: int) -> Tensor:
    block = torch.ones(size, size, dtype=torch.float64).fill_diagonal_(0)
    return torch.block_diag(*[block] * count)


def laplacian(a: Tensor) -> Tensor:
    looped = a + torch.eye(len(a), dtype=a.dtype)
    degree = looped.sum(dim=1)
    return torch.eye(len(a), dtype=a.dtype) - looped / (degree[:, None] * degree).sqrt()


def distance(a: Tensor, nodes: int, iterations: int = 5) -> StructureDistance:
    return StructureDistance(laplacian(a), nodes, iterations, torch.Generator().manual_seed(0))


def root(a: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(a)
    return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T


def test_both_pseudo_inverses_equal_torchs() -> None:
    a = torch.block_diag(adjacency(5), adjacency(4), torch.zeros(1, 1, dtype=torch.float64))
    expected = torch.linalg.pinv(laplacian(a), rtol=1e-9)
    torch.testing.assert_close(pseudo_inverse(laplacian(a)), expected)
    torch.testing.assert_close(condensed_inverse(a), expected)
    far = torch.diag(torch.tensor([0.9, 1.1]).double() * LEAST)
    assert pseudo_inverse(far).diagonal().tolist() == pytest.approx([0, 1 / (1.1 * LEAST)])


def test_no_joint_law_of_the_signals_comes_nearer() -> None:
    """W is the least of Σ P_xy E (f_x − g_y)², and the polar factor's law attains it."""
    a, small = adjacency(9), adjacency(4, 1.0)
    made = distance(a, 4)
    plan = made.coupling().detach()
    f, g = torch.linalg.pinv(laplacian(a)), torch.linalg.pinv(laplacian(small))
    found = float(made(small).detach())

    def cost(contraction: Tensor) -> float:
        across = root(f) @ contraction @ root(g)  # E f_x g_y of a joint law
        total = 0.0
        for x in range(9):
            for y in range(4):
                total += float(plan[x, y] * (f[x, x] + g[y, y] - 2 * across[x, y]))
        return total

    left, _, right = torch.linalg.svd(root(f) @ plan @ root(g), full_matrices=False)
    assert found == pytest.approx(cost(left @ right), rel=1e-6)
    for _ in range(20):
        other = torch.randn(9, 4, generator=RNG, dtype=torch.float64)
        u, s, v = torch.linalg.svd(other, full_matrices=False)
        assert cost((u * (s / s.max())) @ v) > found
        assert cost(u @ v) > found


def test_a_graph_is_at_no_distance_from_itself() -> None:
    a = torch.block_diag(adjacency(5), adjacency(4))
    made = distance(a, 9)
    order = torch.randperm(9, generator=RNG)
    permuted = torch.zeros_like(a)
    permuted[order[:, None], order] = a  # Node x of A is node order[x] here.
    with torch.no_grad():
        made.plan.zero_()
        made.plan[torch.arange(9), order] = -2.0
    assert float(made(permuted).detach()) == pytest.approx(0, abs=1e-6)
    assert float(made(a).detach()) > 0.01


def test_the_plan_has_even_margins() -> None:
    made = distance(adjacency(7), 3, iterations=50)
    with torch.no_grad():
        made.plan[::2] *= -3
    plan = made.coupling()
    torch.testing.assert_close(plan.sum(dim=0), torch.full((3,), 1 / 3).double())
    torch.testing.assert_close(plan.sum(dim=1), torch.full((7,), 1 / 7).double())
    assert bool((plan > 0).all())


def test_slopes_equal_finite_differences() -> None:
    made, small = distance(adjacency(7), 4, iterations=2), adjacency(4, 1.0)
    row, column = torch.triu_indices(4, 4, 1)

    def of(pairs: Tensor, plan: Tensor) -> Tensor:
        a = torch.zeros(4, 4, dtype=torch.float64)
        a[row, column] = pairs
        parts = {"plan": plan}
        return torch.func.functional_call(made, parts, (a + a.T,))

    pairs = small[row, column].clone().requires_grad_()
    assert torch.autograd.gradcheck(of, (pairs, made.plan.detach().clone().requires_grad_()))


def test_a_graph_without_edges_has_signals_that_vanish() -> None:
    a = adjacency(7)
    made = distance(a, 4)
    none = torch.zeros(4, 4, dtype=torch.float64, requires_grad=True)
    found = made(none)
    energy = torch.linalg.pinv(laplacian(a)).diagonal()
    assert float(found) == pytest.approx(float(made.coupling().sum(dim=1) @ energy))
    slopes = torch.autograd.grad(found, [none, made.plan])
    assert all(bool(slope.isfinite().all()) for slope in slopes)


def test_an_adjacency_that_is_not_finite_is_at_no_finite_distance() -> None:
    made = distance(adjacency(7), 4)
    assert bool(made(torch.full((4, 4), torch.nan, dtype=torch.float64)).isnan())


def test_the_plan_learns_which_nodes_correspond() -> None:
    """Two cliques of six, and two pairs: the nodes of a clique end with one pair."""
    small = cliques(2, 2)
    made = StructureDistance(laplacian(cliques(2, 6) * 0.2 + 0.02 * (1 - torch.eye(12))), 4, 5, RNG)
    bridge = small + 0.05 * (1 - torch.eye(4))
    adam = Adam([made.plan], 0.05)
    first = float(made(bridge))
    for _ in range(300):
        adam.step(torch.autograd.grad(made(bridge), [made.plan]))
    assert float(made(bridge)) < first
    plan = made.coupling().detach()
    share = plan.view(2, 6, 2, 2).sum(dim=(1, 3))  # Clique by pair of joined nodes.
    assert float(share.max()) > 0.45
    assert float(share.min()) < 0.05


@pytest.mark.parametrize("most", [100, 60, 7])
def test_the_laplacian_is_that_of_the_edges(most: int) -> None:
    graph = complete(hide_test_labels(film_graph(num_target=60, weighted=True)))
    view = HomogeneousGraph.of(graph)
    store = graph["movie", "resembles", "movie"]
    a = torch.zeros(60, 60)
    a[store.edge_index[1], store.edge_index[0]] = store.edge_weight.float()
    whole = laplacian(a)
    found = laplacian_of(view, most, torch.Generator().manual_seed(0))
    assert found.shape == (min(most, 60),) * 2
    nodes = torch.arange(60)
    if most < 60:
        again = torch.Generator().manual_seed(0)
        nodes = torch.randperm(60, generator=again)[:most].sort().values
    torch.testing.assert_close(found, whole[nodes[:, None], nodes])
