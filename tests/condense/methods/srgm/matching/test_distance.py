"""The matching loss against its formula in loops, and against double backward."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy, one_hot

from condense.methods.srgm.matching.distance import layered_loss, matching_loss
from condense.methods.srgm.matching.gradients import classwise_gradients
from models.relays.linear import Parameters, residual
from tests.support.dense import assert_near, averaging

BLOCK = torch.tensor([0, 0, 0, 1, 1, 2])
MEMBER = one_hot(BLOCK).double()
SHARE = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)


def normal(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(condensed, whole, block, share):
    total = 0.0
    for c, s in enumerate(share):
        distances = []
        for b in block.unique():
            for column in range(whole.size(2)):
                mine, theirs = condensed[c, block == b, column], whole[c, block == b, column]
                alive = float(theirs.norm()) > 1e-6
                distances.append(
                    1 - cosine_similarity(mine, theirs, dim=0) if alive else mine.sum() * 0
                )
        total = total + s * torch.stack(distances).mean()
    return total


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_mean_of_one_minus_cosine_over_blocks_and_columns(seed):
    condensed, whole = normal(3, 6, 4, seed=seed), normal(3, 6, 4, seed=seed + 100)
    whole[1, :3, 2] = 0  # A column that cannot be matched.
    got = matching_loss(condensed, whole, MEMBER, SHARE)
    assert_near(got, by_loops(condensed, whole, BLOCK, SHARE))


def test_every_layer_counts_the_same_however_many_columns_it_has():
    condensed = normal(3, 6, 8, seed=0), normal(3, 8, 4, seed=1)
    whole = normal(3, 6, 8, seed=2), normal(3, 8, 4, seed=3)
    one_block = torch.zeros(8, dtype=torch.long)
    first = by_loops(condensed[0], whole[0], BLOCK, SHARE)  # The mean of three layers.
    second = by_loops(condensed[1], whole[1], one_block, SHARE)
    assert_near(layered_loss(condensed, whole, MEMBER, SHARE), (3 * first + second) / 4)
    alone = layered_loss(condensed[:1], whole[:1], MEMBER, SHARE)
    assert torch.equal(alone, matching_loss(condensed[0], whole[0], MEMBER, SHARE))


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (1e-5, 0.0), (-3.0, 2.0)])
def test_parallel_and_opposite_gradients(factor, expected):
    whole = normal(3, 6, 4, seed=0)
    got = matching_loss(factor * whole, whole, MEMBER, SHARE)
    assert abs(float(got) - expected) < 1e-9


def test_sizes_of_columns_do_not_count():
    condensed, whole = normal(3, 6, 4, seed=0), normal(3, 6, 4, seed=1)
    scale = normal(3, 1, 4, seed=2).exp()
    assert_near(
        matching_loss(condensed * scale, whole / scale, MEMBER, SHARE),
        matching_loss(condensed, whole, MEMBER, SHARE),
    )


def test_gradient_with_respect_to_the_condensed_gradients():
    whole = normal(3, 6, 4, seed=1)
    condensed = normal(3, 6, 4, seed=0).requires_grad_()
    assert torch.autograd.gradcheck(lambda g: matching_loss(g, whole, MEMBER, SHARE), condensed)


def test_a_column_that_vanishes_on_the_condensed_graph_alone_is_at_distance_one_and_has_no_slope():
    condensed, whole = normal(3, 6, 4, seed=0), normal(3, 6, 4, seed=1)
    condensed[1, :3, 2] = 0  # A block's column for class 1.
    condensed.requires_grad_()
    loss = matching_loss(condensed, whole, MEMBER, SHARE)
    assert_near(loss, by_loops(condensed, whole, BLOCK, SHARE))
    (slope,) = torch.autograd.grad(loss, condensed)
    assert not slope[1, :3, 2].any()
    assert 0 < float(slope.abs().max()) < 10


def test_without_any_gradient_the_result_and_its_derivative_are_finite():
    whole = normal(3, 6, 4, seed=1)
    whole[0] = 0
    condensed = torch.zeros(3, 6, 4, dtype=torch.float64, requires_grad=True)
    loss = matching_loss(condensed, whole, MEMBER, SHARE)
    assert abs(loss.item() - 0.5) < 1e-12  # Classes 1 and 2 are at distance 1, class 0 counts as 0.
    assert bool(torch.isfinite(torch.autograd.grad(loss, condensed)[0]).all())


@pytest.mark.parametrize("seed", range(4))
def test_one_backward_pass_equals_double_backward(seed):
    """L_match of Z = [H, ÂH] as a function of H and the edge weights."""
    y = torch.tensor([0, 0, 1, 1, 2, 2, 2])
    block = torch.tensor([0, 0, 0, 1, 1, 1])
    whole = normal(3, 6, 3, seed=seed + 50)
    theta = Parameters(normal(6, 3, seed=seed + 60), normal(3, seed=seed + 70))
    h = normal(7, 3, seed=seed).requires_grad_()
    weight = normal(7, 7, seed=seed + 80).exp().requires_grad_()

    def features():
        return torch.cat([h, averaging(weight) @ h], dim=1)

    z = features()
    share = torch.bincount(y).double() / 7
    p = residual(theta.logits(z), one_hot(y).double())
    member = one_hot(block).double()
    ours = matching_loss(classwise_gradients(z, p, (2, 2, 3)), whole, member, share)

    w = theta.weight.clone().requires_grad_()
    logits = features() @ w + theta.bias
    gradients = torch.stack(
        [
            torch.autograd.grad(cross_entropy(logits[y == c], y[y == c]), w, create_graph=True)[0]
            for c in range(3)
        ]
    )
    theirs = by_loops(gradients, whole, block, share)
    assert_near(ours, theirs)
    for mine, reference in zip(
        torch.autograd.grad(ours, (h, weight)),
        torch.autograd.grad(theirs, (h, weight)),
        strict=True,
    ):
        assert_near(mine, reference)


def test_a_gradient_that_is_not_finite_is_no_match() -> None:
    condensed, whole = normal(3, 6, 4, seed=0), normal(3, 6, 4, seed=1)
    whole[1, 0, 0] = torch.nan
    assert matching_loss(condensed, whole, MEMBER, SHARE).isnan()
