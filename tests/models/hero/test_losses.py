"""Both losses against the same sums entry by entry, and what they reward."""

from __future__ import annotations

import math

import pytest
import torch

from models.hero.losses import Projections, agreement, consistency, specificity, uniformity
from models.seeding import seeded
from tests.support.dense import assert_near

pytestmark = pytest.mark.usefixtures("double")


def positive(n, k, seed):
    return torch.rand(n, k, generator=torch.Generator().manual_seed(seed))


def rows_at_unit_length(u, v):
    """⟨U, V⟩ as lists."""
    found = []
    for a in u.T.tolist():
        row = [sum(p * q for p, q in zip(a, b, strict=True)) for b in v.T.tolist()]
        length = math.sqrt(sum(x * x for x in row))
        found.append([x / length if length else 0.0 for x in row])
    return found


def trace(u, v):
    table = rows_at_unit_length(u, v)
    return sum(table[k][k] for k in range(min(u.size(1), v.size(1))))


def uniform(u):
    return math.log(sum(math.exp(x) for row in rows_at_unit_length(u, u) for x in row))


@pytest.mark.parametrize(("k", "m"), [(3, 3), (2, 5), (5, 2)])
def test_agreement_runs_along_the_shorter_side(k, m):
    u, v = positive(7, k, 0), positive(7, m, 1)
    assert_near(agreement(u, v), torch.tensor(trace(u, v)), 1e-12)


def test_the_sums_of_both_losses():
    p1, p2, q1, q2, changed = (positive(6, k, s) for s, k in enumerate((3, 3, 5, 5, 4)))
    expected = -trace(p1, p2) + 10 * (uniform(p1) + uniform(p2))
    assert_near(consistency(p1, p2, 10.0), torch.tensor(expected), 1e-12)
    expected = -trace(changed, q2) + 2 * (trace(changed, q1) + trace(changed, p2))
    assert_near(specificity(changed, q1, q2, p2, 2.0), torch.tensor(expected), 1e-12)


def test_columns_of_their_own_are_best_and_columns_of_zeros_count_nothing():
    apart, alike = torch.eye(4), torch.ones(4, 4)
    assert agreement(apart, apart).item() == 4.0
    assert_near(agreement(alike, alike), torch.tensor(2.0), 1e-12)  # Four times 1 / √4.
    assert uniformity(apart).item() < uniformity(alike).item()
    assert agreement(torch.zeros(4, 3), alike).item() == 0.0
    assert_near(uniformity(torch.zeros(4, 3)), torch.tensor(math.log(9)), 1e-12)


def test_every_node_twice_and_the_size_of_views_change_nothing():
    with seeded(0):
        project = Projections(4, 3, 5, 6, False)
    e, z = positive(7, 4, 0) - 0.3, positive(7, 4, 1) - 0.3
    expected = project(e, z, 1.0, 1.0, 1.0)
    again = project(torch.cat([e, e]), torch.cat([z, z]), 1.0, 1.0, 1.0)
    assert_near(again, expected, 1e-12)
    assert_near(project(3 * e, 0.1 * z, 1.0, 1.0, 1.0), expected, 1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_projections_are_shared_and_put_together_as_stated(weight):
    with seeded(0):
        project = Projections(4, 3, 5, 6, True)
    e, z = positive(7, 4, 0) - 0.3, positive(7, 4, 1) - 0.3
    g, q, p = (m.weight.T for m in (project.common, project.specific, project.changed))
    p1, p2 = (e @ g).clamp_min(0), (z @ g).clamp_min(0)
    q1, q2 = (z @ q).clamp_min(0), (e @ q).clamp_min(0)
    changed = (q1 @ p).clamp_min(0)
    expected = consistency(p1, p2, 2.0) + weight * specificity(changed, q1, q2, p2, 3.0)
    assert_near(project(e, z, 2.0, 3.0, weight).detach(), expected.detach(), 1e-12)


@pytest.mark.parametrize("learnt", [False, True])
def test_projections_learn_where_they_are_told_to(learnt):
    project = Projections(4, 3, 5, 6, learnt)
    e = (positive(7, 4, 0) - 0.3).requires_grad_()
    project(e, positive(7, 4, 1), 1.0, 1.0, 1.0).backward()
    assert e.grad is not None
    assert e.grad.any()
    assert all((p.grad is not None) is learnt for p in project.parameters())
