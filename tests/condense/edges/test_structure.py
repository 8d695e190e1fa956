"""Synthetic edges: the budget and the degrees are kept, and left-out edges still have gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.budget import plan
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.edges.pairs import Pairs
from condense.edges.structure import Structure, edge_matrix, with_degrees
from tests.support.dense import assert_near, averaging
from tests.support.graphs import small_graph

SEEDS = st.integers(0, 2**31)


def random_logits(seed, rows, columns, forbidden=0.3):
    """Normal log-weights, a share of them −inf."""
    rng = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(rows, columns, generator=rng, dtype=torch.float64)
    return logits.masked_fill(torch.rand(rows, columns, generator=rng) < forbidden, -torch.inf)


def candidates_of(logits):
    """Where a matrix is above −inf."""
    return Pairs((logits.detach() > -torch.inf).flatten().nonzero().flatten(), tuple(logits.shape))


def edges(logits, budget, symmetric=False):
    """`edge_matrix` of a matrix of log-weights."""
    pairs = candidates_of(logits + logits.T if symmetric else logits)
    return edge_matrix(logits.flatten()[pairs.place], pairs, budget, symmetric)


def weights(logits, budget, symmetric=False):
    """The same, whole."""
    return edges(logits, budget, symmetric).dense()


def kept_mask(logits, budget):
    """Which entries are kept, as a matrix of booleans."""
    matrix = edges(logits, budget)
    kept = torch.zeros_like(logits, dtype=torch.bool)
    kept.view(-1)[matrix.pairs.place[matrix.kept]] = True
    return kept


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(1, 7), st.integers(0, 60))
def test_the_greatest_entries_are_kept_and_hold_the_mass_of_their_number(
    seed, rows, columns, budget
):
    logits = random_logits(seed, rows, columns)
    possible = sorted(logits[logits > -torch.inf].tolist(), reverse=True)
    count = min(budget, len(possible))
    kept, weight = kept_mask(logits, budget), weights(logits, budget)
    assert sorted(logits[kept].tolist(), reverse=True) == possible[:count]
    assert int((weight > 0).sum()) == count
    assert torch.equal(weight > 0, kept)
    assert abs(weight.sum().item() - count) < 1e-9
    if count:
        assert_near(weight[kept], count * logits[kept].softmax(dim=0))
    assert not bool(weight[logits == -torch.inf].any())


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(0, 60))
def test_symmetric_relation(seed, n, budget):
    """Pairs and loops by weight, a pair for two entries and a loop for one, until one does not fit."""
    logits = random_logits(seed, n, n)
    weight = weights(logits, budget, symmetric=True)
    assert torch.equal(weight, weight.T)
    mean = (logits + logits.T) / 2
    pairs = [(i, j) for i in range(n) for j in range(i, n) if mean[i, j] > -torch.inf]
    expected, spent = set(), 0
    for i, j in sorted(pairs, key=lambda pair: -mean[pair].item()):
        spent += 1 if i == j else 2
        if spent > budget:
            break
        expected |= {(i, j), (j, i)}
    assert {tuple(entry) for entry in weight.nonzero().tolist()} == expected
    assert abs(weight.sum().item() - len(expected)) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_gradients_of_kept_and_of_left_out_pairs(seed):
    """Kept: that of budget · softmax over the kept ones. Left out: their weight's own, were it there."""
    logits = random_logits(seed, 4, 5, forbidden=0.2).requires_grad_()
    value = torch.randn(4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    budget = 6
    (got,) = torch.autograd.grad((weights(logits, budget) * value).sum(), logits)
    kept = kept_mask(logits.detach(), budget)

    plain = logits.detach()[kept].requires_grad_()
    (expected,) = torch.autograd.grad((budget * plain.softmax(dim=0) * value[kept]).sum(), plain)
    assert_near(got[kept], expected)
    out = ~kept
    would_be = budget * logits.detach()[out].exp() / logits.detach()[kept].exp().sum()
    assert_near(got[out], would_be * value[out])
    assert got[out].abs().max().item() > 0
    assert torch.equal(got == 0, logits == -torch.inf)


def test_gradient_of_kept_pairs_by_finite_differences():
    logits = random_logits(5, 4, 5, forbidden=0.2)
    kept = kept_mask(logits, 6)
    value = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def outcome(entries):
        moved = logits.masked_scatter(kept, entries)
        return ((weights(moved, 6) - value) ** 3).sum()

    assert torch.autograd.gradcheck(outcome, logits[kept].requires_grad_())


def test_an_edge_that_pays_comes_in():
    logits = torch.tensor([[1.0, 0.9], [0.0, -1.0]], requires_grad=True)
    before = kept_mask(logits.detach(), 1)
    step = torch.optim.SGD([logits], lr=1.0)
    for _ in range(20):
        step.zero_grad()
        (weights(logits, 1) * torch.tensor([[0.0, -1.0], [0.0, 0.0]])).sum().backward()
        step.step()
    assert before.tolist() == [[True, False], [False, False]]
    assert kept_mask(logits.detach(), 1).tolist() == [[False, True], [False, False]]


def test_great_logits_do_not_overflow():
    weight = weights(torch.tensor([[1000.0, 999.0], [-1000.0, 998.0]]), 2)
    assert_near(weight[0], 2 * torch.tensor([1.0, 0.0]).softmax(dim=0), 1e-6)


@pytest.mark.parametrize("logits", [torch.full((2, 3), -torch.inf), torch.zeros(2, 3)])
def test_no_edges(logits):
    budget = 5 if logits.isinf().all() else 0
    weight = weights(logits.requires_grad_(), budget)
    assert not bool(weight.any())
    assert not bool(averaging(weight).any())


def test_mirrored_relations_are_transposes_in_the_given_order():
    relations = (("b", "rs", "a"), ("a", "s", "b"), ("a", "t", "a"))
    mirror = {relations[1]: relations[0], relations[0]: relations[1], relations[2]: relations[2]}
    whole = {relations[1]: random_logits(0, 3, 4), relations[2]: random_logits(1, 4, 4, 0.0)}
    pairs = {r: candidates_of(x) for r, x in whole.items()}
    logits = {r: x.flatten()[pairs[r].place] for r, x in whole.items()}
    degree = {r: 1.0 + torch.arange(n) for r, n in zip(relations, (4, 3, 4), strict=True)}
    structure = Structure(
        pairs, logits, degree, {relations[0]: 5, relations[1]: 5, relations[2]: 4}, mirror
    )
    found = {r: w.dense() for r, w in structure.weights().items()}
    assert list(found) == list(relations)
    assert torch.equal(found[relations[0]], found[relations[1]].T)
    assert torch.equal(found[relations[1]], weights(whole[relations[1]], 5))
    assert torch.equal(found[relations[2]], found[relations[2]].T)
    assert int((found[relations[2]] > 0).sum()) in (3, 4)  # A pair may not fit any more.
    saved = structure.saved()
    for relation in relations:
        got = saved[relation].dense()
        assert_near(got, averaging(found[relation]) * degree[relation].unsqueeze(1))


def clustered_graph():
    whole = complete(hide_test_labels(small_graph(num_target=60, dtype=torch.float64)))
    rng = torch.Generator().manual_seed(0)
    budget = plan(whole, 0.3, edge_ratio=1.0)
    view = RelayView.of(whole, hops=2, rank=3, generator=rng)
    return (
        whole,
        budget,
        cluster_graph(view, budget, labelling=PseudoLabelling("ridge"), generator=rng),
    )


@pytest.mark.usefixtures("double")
def test_with_all_pairs_kept_the_saved_weights_are_the_members_mean_degrees():
    """A' = diag(1/size) PᵀAP, counted edge by edge."""
    whole, budget, found = clustered_graph()
    saved = Structure.of(found.partition, budget, absent=0.0).saved()
    assert list(saved) == list(whole.edge_types)
    for relation in whole.edge_types:
        source, _, destination = relation
        expected = torch.zeros(
            len(found.partition.size[destination]), len(found.partition.size[source])
        )
        src, dst = whole[relation].edge_index
        weight = whole[relation].get("edge_weight", torch.ones(len(src)))
        for s, d, w in zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True):
            into = found.partition.cluster[destination][d]
            expected[into, found.partition.cluster[source][s]] += (
                w / found.partition.size[destination][into]
            )
        assert_near(saved[relation].dense(), expected)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("end", [0, 1])
def test_clusters_that_no_edge_joins_get_none(end):
    """Neither on the side that sends (0) nor on the one that receives (1), in both of a mirrored pair."""
    whole, budget, found = clustered_graph()
    relation, lonely = ("movie", "features", "actor"), 2
    cluster = found.partition.cluster[relation[2 * end]]
    keep = cluster[whole[relation].edge_index[end]] != lonely
    for name, flipped in ((relation, False), (("actor", "rev_features", "movie"), True)):
        edges = whole[relation].edge_index if not flipped else whole[relation].edge_index.flip(0)
        found.partition.graph[name].edge_index = edges[:, keep]
    saved = Structure.of(found.partition, budget, absent=0.5).saved()
    saved = {r: w.dense() for r, w in saved.items()}
    weight = saved[relation] if end else saved[relation].T
    assert not bool(weight[lonely].any())
    back = saved["actor", "rev_features", "movie"]
    assert torch.equal(back > 0, saved[relation].T > 0)
    assert 0 < int((weight > 0).sum()) <= budget.edges[relation]


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 6))
def test_degrees_are_kept_whatever_the_log_weights(seed, rows, columns):
    rng = torch.Generator().manual_seed(seed)
    degree = torch.rand(rows, generator=rng, dtype=torch.float64) + 0.1
    matrix = edges(random_logits(seed, rows, columns), rows * columns // 2)
    found, weight = with_degrees(matrix, degree).dense(), matrix.dense()
    joined = weight.sum(dim=1) > 0
    assert_near(found.sum(dim=1), torch.where(joined, degree, 0.0))
    assert_near(averaging(found), averaging(weight))
