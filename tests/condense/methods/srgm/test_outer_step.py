"""The fast outer step against the plain one: loss, gradients, and the state after several steps."""

from __future__ import annotations

import pytest
import torch

from models.relays.registry import RELAYS
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.oracle.problem import Problem, Steps

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize(
    ("decouple", "damping"), [("off", 0.0), ("off", 0.5), ("field", 0.5)], ids=str
)
@pytest.mark.parametrize("within", [False, True], ids=["three types", "one type"])
@pytest.mark.parametrize("relay", RELAYS)
def test_outer_steps_with_their_inner_steps(decouple, damping, within, relay):
    graph = small_graph(num_target=80, weighted=True, dtype=torch.float64)
    if within:
        replace_relations(graph)
    problem = Problem(graph, 0.2, 4, decouple, damped=damping > 0, relay=relay)
    with torch.no_grad():
        rng = torch.Generator().manual_seed(1)
        for logits in problem.synthesis.logits.values():
            # Equal counts would tie at the cut, where the two may keep different edges.
            logits.add_(0.1 * torch.rand(logits.shape, generator=rng))
    steps = Steps(damping, inner=5)
    fast, plain = problem.fast(steps), problem.plain(steps)
    for _ in range(3):
        assert_near(fast.outer_step(), plain.outer_step())
        ours, theirs = fast.synthesis, plain.synthesis
        for mine, reference in ((ours.h, theirs.h), (ours.logits, theirs.logits)):
            for key, value in reference.items():
                assert float(value.grad.abs().max()) > 0
                assert_near(mine[key].grad, value.grad)
                assert_near(mine[key], value)
        pairs = zip(fast.theta.tensors().values(), plain.theta.tensors().values(), strict=True)
        for mine, reference in pairs:
            assert_near(mine, reference)


def replace_relations(graph):
    """Replace all relations by two among films: a symmetric one with loops, and a directed one."""
    for relation in list(graph.edge_types):
        del graph[relation]
    del graph["director"], graph["actor"]
    rng = torch.Generator().manual_seed(0)
    y = graph["movie"].y
    draws = torch.randint(80, (2, 600), generator=rng)
    draws = torch.unique(draws[:, (y[draws[0]] == y[draws[1]]) | (draws[0] % 4 == 0)], dim=1)
    graph["movie", "similar", "movie"].edge_index = torch.cat([draws, draws.flip(0)], dim=1).unique(
        dim=1
    )
    graph["movie", "sequel", "movie"].edge_index = draws[:, ::3]
