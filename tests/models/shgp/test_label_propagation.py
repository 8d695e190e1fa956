"""Label propagation against plain loops: exact fractions along edges, dense matrices by attention."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import pytest
import torch

from models.schema import GraphSchema
from models.seeding import seeded
from models.shgp.label_propagation import (
    attentive_sweep,
    drawn,
    label_count,
    one_hot,
    plain_sweep,
    settled,
    strongest,
)
from models.shgp.structure import structure_of
from tests.models.test_gcn import bibliography, one_type
from tests.models.test_registry import with_parallel_edges
from tests.support.dense import averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
GRAPHS = {
    "films": lambda: small_graph(num_target=12, weighted=True, dtype=torch.float64),
    "bibliography": bibliography,
    "one type": lambda: one_type(relations=3, weighted=False),
}


def prepared(graph):
    return structure_of(graph, GraphSchema.of(graph))


def random_labels(graph, count, seed):
    with seeded(seed):
        return drawn({t: graph[t].num_nodes for t in graph.node_types}, count, torch.device("cpu"))


def as_lists(labels):
    return {t: x.tolist() for t, x in labels.items()}


def voted(graph, labels):
    """One plain sweep in exact arithmetic: most votes, the smallest label of equals, none without votes."""
    labels = as_lists(labels)
    for node_type in graph.node_types:
        counts = {r: multiplicities(graph, r) for r in graph.edge_types if r[2] == node_type}
        moved = []
        for i in range(graph[node_type].num_nodes):
            votes: dict[int, Fraction] = {}
            for (source, _, _), a in counts.items():
                degree = int(a[i].sum())
                for j in a[i].nonzero().flatten().tolist():
                    label = labels[source][j]
                    votes[label] = votes.get(label, Fraction(0)) + Fraction(int(a[i, j]), degree)
            kept = labels[node_type][i]
            moved.append(min(votes, key=lambda k: (-votes[k], k)) if votes else kept)
        labels[node_type] = moved
    return labels


def random_attention(graph, layers, seed):
    with seeded(seed):
        return [
            {
                t: torch.randn(
                    graph[t].num_nodes, 1 + sum(r[2] == t for r in graph.edge_types)
                ).softmax(1)
                for t in graph.node_types
            }
            for _ in range(layers)
        ]


def moved_by_attention(graph, labels, count, attention):
    """One attentive sweep by dense matrices."""
    mean = {r: averaging(multiplicities(graph, r)) for r in graph.edge_types}
    soft = {t: torch.eye(count)[x] for t, x in labels.items()}
    for share in attention:
        new = {}
        for t in graph.node_types:
            new[t] = torch.diag(share[t][:, 0]) @ soft[t]
            for k, r in enumerate([r for r in graph.edge_types if r[2] == t]):
                new[t] = new[t] + torch.diag(share[t][:, 1 + k]) @ mean[r] @ soft[r[0]]
        soft = new
    return {t: x.argmax(dim=1).tolist() for t, x in soft.items()}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("count", [2, 5, 30])
def test_a_plain_sweep_is_a_vote_in_exact_arithmetic(name, count):
    graph = GRAPHS[name]()
    for seed in range(3):
        labels = random_labels(graph, count, seed)
        got = plain_sweep(labels, count, prepared(graph))
        assert as_lists(got) == voted(graph, labels)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_attentive_sweep_is_its_dense_matrices(name, layers):
    graph = GRAPHS[name]()
    for seed in range(3):
        labels, attention = random_labels(graph, 6, seed), random_attention(graph, layers, seed)
        got = attentive_sweep(labels, 6, prepared(graph), attention)
        assert as_lists(got) == moved_by_attention(graph, labels, 6, attention)


@pytest.mark.parametrize("name", GRAPHS)
def test_labels_settle_as_sweeps_over_all_labels_do(name):
    """Labels that nobody has left out on the way change nothing."""
    graph = GRAPHS[name]()
    sweep = partial(plain_sweep, structure=prepared(graph))
    for seed in range(3):
        labels = random_labels(graph, 30, seed)
        expected, last = as_lists(labels), []
        for _ in range(50):
            expected = voted(graph, {t: torch.tensor(x) for t, x in expected.items()})
            if expected[graph.target] in last:
                break
            last = [*last[-1:], expected[graph.target]]
        assert as_lists(settled(labels, graph.target, sweep, 50)) == expected


def test_labels_do_not_leave_their_part_of_the_graph_and_become_fewer_there():
    graph = small_graph(num_target=60, dtype=torch.float64)
    for r in graph.edge_types:
        src, dst = graph[r].edge_index
        graph[r].edge_index = graph[r].edge_index[:, src % 3 == dst % 3]
    labels = {t: 5 * (torch.arange(len(x)) % 3) + x for t, x in random_labels(graph, 5, 1).items()}
    found = settled(labels, "movie", partial(plain_sweep, structure=prepared(graph)), 100)
    for part in range(3):
        kept = found["movie"][part::3]
        assert bool((kept // 5 == part).all())
        assert len(kept.unique()) < len(labels["movie"][part::3].unique())


def test_sweeps_end_when_labels_stay_or_come_and_go_or_are_enough():
    seen = []

    def turning(period):
        def sweep(labels, count):
            seen.append(count)
            return {"movie": (labels["movie"] + 1) % period}

        return sweep

    start = {"movie": torch.tensor([0, 1, 2, 3, 4])}
    for period, sweeps in ((1, 1), (2, 2), (5, 17)):
        seen.clear()
        settled({"movie": start["movie"] % period}, "movie", turning(period), 17)
        assert len(seen) == sweeps
    assert seen == [5] * 17


def test_two_nodes_that_take_each_others_labels_do_not_do_so_for_ever():
    graph = one_type(weighted=False)
    graph["item", "r0", "item"].edge_index = torch.tensor([[0, 1], [1, 0]])
    labels = {"item": torch.arange(10)}
    sweep = partial(plain_sweep, structure=prepared(graph))
    found = settled(labels, "item", sweep, 1000)["item"]
    assert sorted(found[:2].tolist()) == [0, 1]
    assert torch.equal(found[2:], labels["item"][2:])


def test_nodes_without_neighbours_keep_their_labels():
    graph = one_type(relations=2, weighted=False)  # Item 9 has none.
    labels = {"item": torch.tensor([0] * 9 + [7])}
    assert int(plain_sweep(labels, 8, prepared(graph))["item"][9]) == 7
    moved = attentive_sweep(labels, 8, prepared(graph), random_attention(graph, 2, 0))
    assert int(moved["item"][9]) == 7


def test_a_graph_without_edges_and_one_of_a_single_node_keep_their_labels():
    empty = small_graph(num_target=12, dtype=torch.float64)
    for r in empty.edge_types:
        empty[r].edge_index = torch.zeros(2, 0, dtype=torch.long)
    single = one_type(relations=0)
    single["item"].num_nodes, single["item"].x_text = 1, torch.ones(1, 4)
    for graph in (empty, single):
        labels = random_labels(graph, 5, 0)
        structure, attention = prepared(graph), random_attention(graph, 2, 0)
        for sweep in (
            partial(plain_sweep, structure=structure),
            partial(attentive_sweep, structure=structure, attention=attention),
        ):
            found = settled(labels, graph.target, sweep, 10)
            assert as_lists(found) == as_lists(labels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_integer_weight_is_as_many_parallel_edges(dtype):
    """Sevenths and thirds: votes that are equal but for rounding must stay equal."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        graph = small_graph(num_target=40, weighted=True, dtype=dtype)
        other = with_parallel_edges(graph)
        for seed in range(5):
            labels, attention = random_labels(graph, 25, seed), random_attention(graph, 2, seed)
            for sweep in (plain_sweep, partial(attentive_sweep, attention=attention)):
                one, two = (
                    settled(labels, "movie", partial(sweep, structure=prepared(g)), 100)
                    for g in (graph, other)
                )
                assert as_lists(one) == as_lists(two)
    finally:
        torch.set_default_dtype(before)


def test_the_first_of_equal_labels_is_taken_even_if_rounding_favours_another():
    votes = torch.tensor([[0.2, 0.4, 0.4], [0.4 - 1e-9, 0.2, 0.4], [0.3, 0.3001, 0.0]])
    assert strongest(votes).tolist() == [1, 0, 1]
    assert one_hot(torch.tensor([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("most", "classes", "nodes", "expected"),
    [(200, 3, 4019, 200), (200, 3, 40, 10), (200, 3, 12, 3), (200, 11, 12, 11), (5, 11, 12, 5)],
)
def test_how_many_labels_there_are(most, classes, nodes, expected):
    assert label_count(most, classes, nodes) == expected


def test_labels_are_drawn_uniformly_and_the_same_for_a_seed():
    sizes = {"a": 6000, "b": 10}
    draws = []
    for seed in (1, 1, 2):
        with seeded(seed):
            draws.append(drawn(sizes, 3, torch.device("cpu")))
    assert torch.equal(draws[0]["a"], draws[1]["a"])
    assert not torch.equal(draws[0]["a"], draws[2]["a"])
    assert {t: len(x) for t, x in draws[0].items()} == sizes
    assert torch.bincount(draws[0]["a"], minlength=3).tolist() == pytest.approx([2000] * 3, rel=0.1)
