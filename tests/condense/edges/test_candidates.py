"""Which pairs may be joined: all among few clusters, those of greatest count among many."""

from __future__ import annotations

import functools
import time

import pytest
import torch

from condense.budget import Budget, plan
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.edges import structure as structure_module
from condense.edges.candidates import candidates
from condense.edges.pair_matrix import PairMatrix
from condense.edges.partition import Partition
from condense.edges.sparse_product import StraightThroughMatrix
from condense.edges.structure import Structure
from condense.running.timing import peak_bytes
from tests.support.dense import assert_near, spread
from tests.support.graphs import small_graph

COUNTS = torch.tensor(
    [
        [3.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.2, 3.0],
    ]
)


def counted(dense):
    """As `Partition.edge_counts` gives them."""
    every = PairMatrix.of(dense)
    pairs = type(every.pairs)(every.pairs.place[every.kept], every.shape)
    return PairMatrix(every.values[every.kept], pairs, torch.arange(len(pairs)))


def whole(found):
    """The counts of `candidates` as a matrix, NaN elsewhere."""
    pairs, values = found
    return spread(values, pairs, float("nan"))


def same(got, expected):
    return torch.equal(got.nan_to_num(-1), torch.tensor(expected).nan_to_num(-1))


NAN = float("nan")


def test_among_few_all_pairs_of_clusters_with_edges():
    expected = [[3.0, NAN, 0.5, 1.0], [NAN] * 4, [1.0, NAN, 0.5, 3.0]]
    assert same(whole(candidates(counted(COUNTS), 1, 0.5)), expected)
    everywhere = candidates(counted(COUNTS + 1), 1, 0.5)
    assert everywhere[0].all


@pytest.mark.parametrize("limit", [0, 100])
def test_where_none_can_come_in_the_joined_pairs_alone(limit):
    expected = [[3.0, NAN, NAN, 1.0], [NAN] * 4, [1.0, NAN, 0.2, 3.0]]
    expected = torch.tensor(expected).tolist()
    assert same(whole(candidates(counted(COUNTS), 2, 0.0, whole=limit)), expected)


def test_among_many_the_joined_pairs_of_greatest_count():
    few = {"whole": 11, "per_edge": 2}
    everything = [[3.0, NAN, NAN, 1.0], [NAN] * 4, [1.0, NAN, 0.5, 3.0]]
    assert same(whole(candidates(counted(COUNTS), 3, 0.5, **few)), everything)
    # Of equal counts the earlier one.
    best = [[3.0, NAN, NAN, 1.0], [NAN] * 4, [1.0, NAN, NAN, 3.0]]
    assert same(whole(candidates(counted(COUNTS), 2, 0.5, **few)), best)
    few["per_edge"] = 3
    best = [[3.0, NAN, NAN, 1.0], [NAN] * 4, [NAN, NAN, NAN, 3.0]]
    assert same(whole(candidates(counted(COUNTS), 1, 0.5, **few)), best)
    assert len(candidates(counted(COUNTS), 0, 0.5, **few)[0]) == 0
    assert len(candidates(counted(torch.zeros(3, 4)), 5, 0.5, **few)[0]) == 0


@pytest.mark.parametrize("budget", [1, 3, 7, 50])
@pytest.mark.parametrize("limit", [0, 100])
def test_candidates_of_a_symmetric_relation_are_symmetric(budget, limit):
    rng = torch.Generator().manual_seed(0)
    counts = torch.randint(1, 4, (9, 9), generator=rng) * (torch.rand(9, 9, generator=rng) < 0.3)
    counts = (counts + counts.T).float()
    pairs, values = candidates(counted(counts), budget, 0.5, True, whole=limit, per_edge=2)
    there = spread(values, pairs)
    assert torch.equal(there, there.T)
    if not limit:
        joined = int((counts > 0).sum())
        assert min(joined, 2 * budget - 1) <= len(pairs) <= max(2 * budget, 1)


def many(n, edges):
    """A graph of one type that is its own clustering, with as many edges both ways."""
    graph = MultimodalGraph()
    graph["a"].num_nodes = n
    ends = torch.randint(n, (2, edges), generator=torch.Generator().manual_seed(0))
    graph["a", "to", "a"].edge_index = torch.cat([ends, ends.flip(0)], dim=1)
    graph["a", "of", "a"].edge_index = ends
    same = torch.arange(n)
    return Partition(graph, {"a": same}, {"a": torch.ones(n)})


def trip(n, edges, kept):
    """From edges between clusters to a gradient and to what is saved."""
    start = many(n, edges)
    budget = Budget({}, (), dict.fromkeys(start.graph.edge_types, kept), 1.0, 1.0, "all", 1.0)
    structure = Structure.of(start, budget, absent=0.5)
    for logits in structure.logits.values():
        logits.requires_grad_()
    x, loss = torch.ones(n, 4), torch.zeros(())
    for matrix in structure.weights().values():
        product = StraightThroughMatrix(matrix.without_loops().row_normalised())
        loss = loss + (product @ x + product.T @ x).square().sum()
    loss.backward()
    return structure, structure.saved()


def test_nothing_is_quadratic_beyond_the_limit():
    """20,000 × 20,000 in float32 would be 1.5 GiB."""
    trip(50, 60, 10)  # Type checks are compiled when they are first met.
    before, clock = peak_bytes(torch.device("cpu")), time.process_time()
    structure, saved = trip(20_000, 60_000, 10_000)
    assert time.process_time() - clock < 2  # Of the processor: others may be using it too.
    assert peak_bytes(torch.device("cpu")) - before < 300 * 2**20
    for relation, pairs in structure.pairs.items():
        if relation[1] == "to":  # Twice 60,000 pairs are joined; the last two may not fit.
            assert 79_999 <= len(pairs) <= 80_000
        else:
            assert 59_900 <= len(pairs) <= 60_000
        assert 9_999 <= len(saved[relation].entries()[0]) <= 10_000


@pytest.mark.usefixtures("double")
def test_among_many_training_and_coarsening_join_what_the_whole_graph_joins(monkeypatch):
    graph = complete(hide_test_labels(small_graph(num_target=60, dtype=torch.float64)))
    rng = torch.Generator().manual_seed(0)
    budget = plan(graph, 0.3)
    view = RelayView.of(graph, hops=2, rank=3, generator=rng)
    start = cluster_graph(view, budget, labelling=PseudoLabelling("ridge"), generator=rng).partition
    few = {a: Structure.of(start, budget, absent=a) for a in (0.0, 0.5)}
    chosen = functools.partial(candidates, whole=0, per_edge=2)
    monkeypatch.setattr(structure_module, "candidates", chosen)
    for absent, structure in few.items():
        beyond = Structure.of(start, budget, absent)
        for r, pairs in beyond.pairs.items():
            counts = start.edge_counts(r).dense()
            assert bool((counts.flatten()[pairs.place] > 0).all())
            assert len(pairs) == min(int((counts > 0).sum()), 2 * budget.edges[r])
            # Nothing was changed yet, so the same edges are kept, but for equal counts.
            mine, theirs = beyond.weights()[r], structure.weights()[r]
            assert_near(mine.entries()[2].sort().values, theirs.entries()[2].sort().values)
