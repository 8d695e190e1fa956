"""The kernel against wide networks, Kronecker products and expectations; regression against scikit-learn."""

from __future__ import annotations

import itertools

import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from torch import Tensor

from condense.data.features import complete
from condense.data.graph import MultimodalGraph
from condense.methods.gcsntk.kernel import (
    KernelRows,
    adjacencies,
    kappas,
    kernel,
    ridge_weights,
)
from condense.methods.homogeneous.graph import REACH, HomogeneousGraph
from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union


def random_rows(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """X [5, 3], a symmetric A [5, 5] with weights and one node without neighbours, and X' [4, 3]."""
    rng = torch.Generator().manual_seed(seed)
    x, other = (torch.randn(n, 3, generator=rng, dtype=torch.float64) for n in (5, 4))
    a = torch.zeros(5, 5, dtype=torch.float64)
    for i, j, weight in ((0, 1, 1.0), (1, 2, 2.0), (0, 3, 1.0)):
        a[i, j] = a[j, i] = weight
    return x, a, other


def by_pairs(x: Tensor, a: Tensor, other: Tensor, times: int, layers: int) -> Tensor:
    """Θ of the paper's recursion over all pairs of pairs, with Ā ⊗ Ā' on the flattened matrices."""
    looped = a + torch.eye(len(a), dtype=a.dtype)
    everything = torch.cat([x, other])
    mean = torch.block_diag(looped / looped.sum(dim=1, keepdim=True), torch.eye(len(other)))
    n = len(everything)
    sigma = theta = everything @ everything.T
    for _ in range(times):
        both = torch.kron(mean, mean)
        sigma = (both @ sigma.flatten()).view(n, n)
        theta = (both @ theta.flatten()).view(n, n)
        for _ in range(layers):
            root = sigma.diagonal().sqrt()
            angle = torch.arccos((sigma / torch.outer(root, root)).clamp(-1, 1))
            slope = 1 - angle / torch.pi
            sigma = torch.outer(root, root) * (
                torch.sin(angle) / torch.pi + torch.cos(angle) * slope
            )
            theta = theta * slope + sigma
    return theta[: len(x), len(x) :]


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("layers", [1, 2])
def test_equals_the_recursion_over_pairs_of_pairs(times: int, layers: int) -> None:
    x, a, other = random_rows()
    found = kernel(KernelRows.among(x, a, times, layers), KernelRows.alone(other, times), layers)
    torch.testing.assert_close(found, by_pairs(x, a, other, times, layers), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("layers", [1, 2])
def test_is_the_tangent_kernel_of_a_wide_network(layers: int) -> None:
    rng = torch.Generator().manual_seed(1)
    width = 3000
    x = torch.randn(4, 3, generator=rng)
    sizes = [3] + [width] * layers
    weights = [
        torch.randn(out, into, generator=rng).requires_grad_()
        for into, out in itertools.pairwise(sizes)
    ]
    weights.append(torch.randn(1, width, generator=rng).requires_grad_())
    h = x
    for number, weight in enumerate(weights):
        h = h @ weight.T
        if number < layers:
            h = h.relu() * (2 / width) ** 0.5
    slopes = [
        torch.cat([g.flatten() for g in torch.autograd.grad(y, weights, retain_graph=True)])
        for y in h.flatten()
    ]
    tangent = torch.stack(slopes) @ torch.stack(slopes).T
    rows = KernelRows.alone(x, 1)
    found = kernel(rows, rows, layers)
    torch.testing.assert_close(found, tangent, rtol=0.1, atol=0.1 * float(tangent.abs().mean()))


def test_kappas_are_expectations_over_gaussians() -> None:
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 10**6, generator=rng, dtype=torch.float64)
    c = torch.tensor([-0.9, -0.3, 0.0, 0.5, 0.99], dtype=torch.float64)
    other = c.unsqueeze(1) * a + (1 - c.square()).sqrt().unsqueeze(1) * b  # correlation c with a
    slope = 2 * ((a > 0) & (other > 0)).double().mean(dim=1)
    value = 2 * (a.relu() * other.relu()).mean(dim=1)
    torch.testing.assert_close(kappas(c)[0], slope, atol=5e-3, rtol=0)
    torch.testing.assert_close(kappas(c)[1], value, atol=5e-3, rtol=0)


def test_a_node_without_features_has_the_kernel_zero() -> None:
    x, a, other = random_rows()
    x[4] = 0  # The node without neighbours.
    other[0] = 0
    other.requires_grad_()
    found = kernel(KernelRows.among(x, a, 2, 2), KernelRows.alone(other, 2), 2)
    assert found[4].abs().max() < 1e-12
    assert found[:, 0].abs().max() < 1e-12
    assert torch.autograd.grad(found.sum(), other)[0].isfinite().all()


@pytest.mark.parametrize("ridge", [1e-3, 1.0])
def test_regression_equals_scikit_learns(ridge: float) -> None:
    x, _, other = random_rows()
    own, rows = KernelRows.alone(other, 1), KernelRows.alone(x, 1)
    k_ss, k_ts = kernel(own, own, 2), kernel(rows, own, 2)
    y = torch.eye(4, 2, dtype=torch.float64)
    machine = KernelRidge(kernel="precomputed")
    machine.set_params(alpha=ridge * float(k_ss.diagonal().mean()))
    expected = machine.fit(k_ss.numpy(), y.numpy()).predict(k_ts.numpy())
    found = k_ts @ ridge_weights(k_ss, y, ridge)
    torch.testing.assert_close(found, torch.from_numpy(expected))


def test_regression_without_a_kernel_is_zero() -> None:
    assert torch.equal(ridge_weights(torch.zeros(3, 3), torch.eye(3), 1.0), torch.zeros(3, 3))


@pytest.mark.usefixtures("double")
def test_adjacencies_are_those_of_the_union_of_meta_paths() -> None:
    graph: MultimodalGraph = complete(small_graph(weighted=True, dtype=torch.float64))
    schema = GraphSchema.of(graph)
    union = dense_union(graph, returning_paths(schema.relations, schema.target, REACH))
    groups = [torch.tensor([3, 0, 17, 8, 30]), torch.tensor([1, 2])]
    for nodes, found in zip(groups, adjacencies(HomogeneousGraph.of(graph), groups), strict=True):
        torch.testing.assert_close(found, union[nodes][:, nodes])
