"""The most visited nodes against dense powers of the walk and against walks that are drawn."""

from __future__ import annotations

import pytest
import torch

from models.propagation import restart_walks
from models.propagation.restart_walks import most_visited
from models.schema import GraphSchema
from tests.support.dense import averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
TYPES = ("movie", "director", "actor")


def dense_walk(graph):
    """P [n, n] over the nodes of all types."""
    sizes = {t: graph[t].num_nodes for t in graph.node_types}
    blocks = {(a, b): torch.zeros(sizes[a], sizes[b]) for a in sizes for b in sizes}
    for relation in graph.edge_types:
        blocks[relation[2], relation[0]] += multiplicities(graph, relation)
    return averaging(torch.cat([torch.cat([blocks[a, b] for b in sizes], dim=1) for a in sizes]))


def dense_visits(graph, restart, steps):
    """V by type: [films, nodes], without the root itself."""
    step = dense_walk(graph)
    powers = [(1 - restart) ** k * torch.matrix_power(step, k + 1) for k in range(steps)]
    total = torch.stack(powers).sum(dim=0)
    total.fill_diagonal_(0)
    films = graph["movie"].num_nodes
    parts = total[:films].split([graph[t].num_nodes for t in TYPES], dim=1)
    return dict(zip(TYPES, parts, strict=True))


def by_number(graph):
    """Ties that put the lower-numbered node first."""
    return {t: -torch.arange(graph[t].num_nodes).double() for t in graph.node_types}


def found(graph, rows, restart=0.5, steps=3, count=4):
    """Type -> one list of neighbours a row."""
    schema = GraphSchema.of(graph)
    groups = most_visited(graph, schema, rows, by_number(graph), restart, steps, count)
    lists = {t: [[] for _ in rows] for t in groups}
    for node_type, of_type in groups.items():
        for group in of_type:
            for at, nodes in zip(group.at.tolist(), group.nodes.tolist(), strict=True):
                assert not lists[node_type][at]
                lists[node_type][at] = nodes
    return lists


def expected(graph, rows, restart=0.5, steps=3, count=4):
    lists = {}
    for node_type, visits in dense_visits(graph, restart, steps).items():
        order = visits[rows].round(decimals=7).argsort(dim=1, descending=True, stable=True)
        has = (visits[rows] > 0).sum(dim=1).clamp_max(count).tolist()
        lists[node_type] = [row[:n] for row, n in zip(order.tolist(), has, strict=True)]
    return lists


@pytest.mark.parametrize(("restart", "steps", "count"), [(0.5, 3, 4), (0.2, 4, 10), (0.0, 1, 1)])
def test_neighbours_are_those_of_dense_powers(restart, steps, count):
    graph = small_graph(weighted=True, dtype=torch.float64)
    rows = torch.tensor([39, 0, 7, 12])
    got = found(graph, rows, restart, steps, count)
    assert got == expected(graph, rows, restart, steps, count)
    assert any(got["actor"])


def test_blocks_do_not_matter(monkeypatch):
    graph = small_graph(weighted=True, dtype=torch.float64)
    rows = torch.arange(40)
    before = found(graph, rows)
    monkeypatch.setattr(restart_walks, "BLOCK", 50)
    assert found(graph, rows) == before


def test_visits_are_those_of_walks_that_are_drawn():
    """Shares of visits over 40,000 steps from one film; their error is some 0.005."""
    graph = small_graph(weighted=True, dtype=torch.float64)
    step = dense_walk(graph)
    torch.manual_seed(0)
    root, walks = 3, 2000
    at = torch.full((walks,), root)
    visits = torch.zeros(len(step))
    for _ in range(20):
        back = torch.rand(walks) < 0.5
        onward = torch.multinomial(step[at], 1).flatten()
        at = torch.where(back, root, onward)
        visits += torch.bincount(onward[~back], minlength=len(step))
    visits[root] = 0
    exact = torch.cat([part[root] for part in dense_visits(graph, 0.5, 20).values()])
    assert (visits / visits.sum() - exact / exact.sum()).abs().max() < 0.02


def test_ties_go_to_the_greater_number():
    graph = small_graph(dtype=torch.float64)
    schema = GraphSchema.of(graph)
    ties = by_number(graph)
    first = most_visited(graph, schema, torch.tensor([0]), ties, 0.5, 1, 9)["actor"]
    ties["actor"] = -ties["actor"]
    last = most_visited(graph, schema, torch.tensor([0]), ties, 0.5, 1, 9)["actor"]
    # After one step a film's actors are equally visited.
    assert first[0].nodes.size(1) > 1
    assert torch.equal(first[0].nodes, last[0].nodes.flip(1))


def test_empty_relations_and_no_rows():
    graph = small_graph(weighted=True, dtype=torch.float64)
    rows = torch.arange(5)
    for name, other in (("directed_by", "director"), ("features", "actor")):
        relation = (other, f"rev_{name}", "movie")
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        graph[relation].edge_weight = torch.zeros(0)
        assert found(graph, rows) == expected(graph, rows)
    assert found(graph, rows) == {t: [[]] * 5 for t in TYPES}
    assert found(small_graph(dtype=torch.float64), rows[:0]) == {t: [] for t in TYPES}
