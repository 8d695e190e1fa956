"""Softmax over edges against a loop over parallel edges."""

from __future__ import annotations

import math

import pytest
import torch

from models.layers.attention import edge_softmax, relative_entropy
from tests.support.dense import assert_near

pytestmark = pytest.mark.usefixtures("double")
# Node 2 has no edges, node 3 a single one, node 4 one edge of weight 3.
INDEX = torch.tensor([0, 1, 0, 3, 1, 0, 4, 1, 1])
WEIGHT = torch.tensor([1, 2, 3, 1, 1, 2, 3, 1, 4]).double()
COUNT = 5


def draw(*shape, seed=0):
    return torch.randn(len(INDEX), *shape, generator=torch.Generator().manual_seed(seed))


def by_loop(logits, weight, index):
    """Each edge as w edges, softmax over those of a node, one copy's share."""
    flat = logits.reshape(len(index), -1)
    found = torch.zeros_like(flat)
    for e, column in torch.cartesian_prod(*map(torch.arange, flat.shape)).tolist():
        total = 0.0
        for other in (index == index[e]).nonzero().flatten().tolist():
            for _ in range(int(weight[other])):
                total += math.exp(flat[other, column])
        found[e, column] = math.exp(flat[e, column]) / total
    return found.view_as(logits)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)])
def test_it_is_a_softmax_over_parallel_edges(shape):
    logits = draw(*shape)
    found = edge_softmax(logits, WEIGHT, INDEX, COUNT)
    assert_near(found, by_loop(logits, WEIGHT, INDEX), 1e-14)
    sums = torch.zeros(COUNT, logits[0].numel())
    sums.index_add_(0, INDEX, WEIGHT[:, None] * found.view(len(INDEX), -1))
    assert torch.allclose(sums, torch.tensor([1.0, 1, 0, 1, 1])[:, None], rtol=1e-14, atol=0)


def test_an_edge_of_weight_w_is_w_edges():
    logits, copies = draw(2), WEIGHT.long()
    repeated = edge_softmax(
        logits.repeat_interleave(copies, dim=0),
        torch.ones(int(copies.sum())),
        INDEX.repeat_interleave(copies),
        COUNT,
    )
    found = edge_softmax(logits, WEIGHT, INDEX, COUNT)
    assert_near(repeated, found.repeat_interleave(copies, dim=0), 1e-14)


def test_a_shift_of_one_nodes_logits_changes_nothing():
    logits, shift = draw(2), 50 * torch.randn(COUNT, 2, generator=torch.Generator().manual_seed(1))
    found = edge_softmax(logits + shift[INDEX], WEIGHT, INDEX, COUNT)
    assert_near(found, edge_softmax(logits, WEIGHT, INDEX, COUNT), 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_logits_stay_finite(dtype):
    # Node 0 far below zero, node 1 far above and far apart.
    logits = torch.tensor([-1e4, 1e4, -1e4, -1e4, 1e4, -1e4, 1e4, -1e4, 0]).to(dtype)[:, None]
    logits.requires_grad_()
    found = edge_softmax(logits, WEIGHT.to(dtype), INDEX, COUNT)
    expected = torch.tensor([1 / 6, 1 / 3, 1 / 6, 1, 1 / 3, 1 / 6, 1 / 3, 0, 0], dtype=dtype)
    assert torch.allclose(found.flatten(), expected)
    (slope,) = torch.autograd.grad(found.square().sum(), logits)
    assert bool(torch.isfinite(slope).all())


def test_gradients_are_finite_differences():
    def share(logits, weight):
        return edge_softmax(logits, weight, INDEX, COUNT)

    arguments = draw(2, 2).requires_grad_(), WEIGHT.clone().requires_grad_()
    assert torch.autograd.gradcheck(share, arguments)
    # At ties the shift's own derivative is not unique; it must not matter.
    tied = torch.ones(len(INDEX), 1, requires_grad=True)
    assert torch.autograd.gradcheck(share, (tied, arguments[1]))


def test_no_edges():
    none = torch.zeros(0, dtype=torch.long)
    assert edge_softmax(torch.zeros(0, 3), torch.zeros(0), none, COUNT).shape == (0, 3)
    assert math.isnan(relative_entropy(torch.zeros(0, 3), torch.zeros(0), none, COUNT))


def entropy(logits, weight=WEIGHT, index=INDEX):
    share = edge_softmax(logits, weight, index, COUNT)
    return relative_entropy(share, weight, index, COUNT)


def test_even_attention_has_entropy_one():
    ones = torch.ones(len(INDEX))
    assert entropy(torch.zeros(len(INDEX), 2), ones) == pytest.approx(1, rel=1e-14)


def test_attention_to_one_edge_has_entropy_zero():
    index, weight = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([1.0, 2, 1, 1, 1])
    logits = torch.tensor([1e4, 0, 0, 0, 1e4])[:, None]
    assert entropy(logits, weight, index) == 0


def test_it_is_the_mean_entropy_over_nodes_that_have_a_choice():
    logits = draw(3)
    share = by_loop(logits, WEIGHT, INDEX)
    parts = []
    for node, degree in ((0, 3), (1, 4)):  # Not node 2, without edges, nor 3 and 4, with one.
        for head in range(3):
            edges = INDEX.eq(node).nonzero().flatten().tolist()
            q = [(share[e, head] * WEIGHT[e]).item() for e in edges]
            assert len(q) == degree
            assert sum(q) == pytest.approx(1)
            parts.append(-sum(x * math.log(x) for x in q) / math.log(degree))
    assert entropy(logits) == pytest.approx(sum(parts) / len(parts), rel=1e-12)
    assert min(parts) < 0.9


def test_entropy_of_one_distribution_needs_no_further_dimension():
    logits = draw()
    assert entropy(logits) == entropy(logits[:, None])


def test_nodes_with_a_single_edge_are_left_out():
    index, logits = torch.tensor([0, 0, 1]), torch.tensor([0.3, -1.0, 0.7])[:, None]
    ones = torch.ones(3)
    both = entropy(logits, ones, index)
    assert both == pytest.approx(entropy(logits[:2], ones[:2], index[:2]), rel=1e-14)
    assert math.isnan(entropy(logits[2:], ones[2:], index[2:]))
