"""Views and InfoNCE against dense matrices of all pairs."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf import exponential_sums as sums
from models.hetcrf.contrastive import CONCENTRATION, SecondAggregation, info_nce
from models.hetcrf.encoder import PathEmbeddings
from models.hetcrf.metapath_graph import metapath_graphs
from models.hetcrf.positives import pattern_of
from models.schema import GraphSchema
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
N, TAU = 14, 0.4


def views(seed=0):
    rng = torch.Generator().manual_seed(seed)
    pair = torch.randn(2, N, 5, generator=rng)
    u, v = (torch.nn.functional.normalize(x).requires_grad_() for x in pair)
    drawn = torch.randint(N, (2, 30), generator=rng)
    cluster = torch.randint(3, (N,), generator=rng)
    return u, v, pattern_of([drawn], N), cluster


def dense(u, v, positives, negatives, cluster):
    """½ (L(u, v) + L(v, u)) from n × n matrices."""
    mask = torch.zeros(N, N).index_put((positives.rows, positives.columns), torch.ones(()))
    total = torch.zeros(())
    for a, b in ((u, v), (v, u)):
        cosine = a @ b.T
        e = (cosine / TAU).exp()
        hit = (e * mask).sum(1)
        rest = 1 - mask
        if negatives == "apart":
            rest = rest * (cluster[:, None] != cluster)
        weight = torch.ones_like(e)
        if negatives == "hard":
            tilt = (CONCENTRATION * cosine).exp()
            mean = (tilt * rest).sum(1, keepdim=True) / rest.sum(1, keepdim=True)
            weight = tilt / mean
        total = total - (hit / (hit + (e * weight * rest).sum(1))).log().mean() / 2
    return total


@pytest.mark.parametrize("negatives", ["all", "hard", "apart"])
@pytest.mark.parametrize("tile", [1, 5, 512])
def test_loss_and_gradients_are_those_of_dense_matrices(negatives, tile, monkeypatch):
    monkeypatch.setattr(sums, "TILE", tile)
    u, v, positives, cluster = views()
    got = info_nce(u, v, positives, TAU, negatives, cluster)
    expected = dense(u, v, positives, negatives, cluster)
    assert_near(got.detach(), expected.detach(), 1e-12)
    slopes = [torch.autograd.grad(x, (u, v)) for x in (got, expected)]
    for mine, theirs in zip(*slopes, strict=True):
        assert_near(mine, theirs, 1e-11)


@pytest.mark.slow
def test_tiles_beyond_twenty_thousand_nodes_give_the_dense_value():
    """At a size at which the default has many."""
    rng = torch.Generator().manual_seed(0)
    u, v = (torch.nn.functional.normalize(torch.randn(20_500, 2, generator=rng)) for _ in range(2))
    part = slice(0, 300)
    rows, columns = sums.exponential_sums(u, v, 1 / TAU)
    assert len(u) * len(v) > 1000 * sums.TILE**2
    assert_near(rows[part], ((u[part] @ v.T - 1) / TAU).exp().sum(1), 1e-12)
    assert_near(columns[part], ((u @ v[part].T - 1) / TAU).exp().sum(0), 1e-12)


def test_positives_get_the_gradient_that_all_negatives_get():
    """The imbalance that the paper proves, over the similarities of one row."""
    similarity = torch.randn(9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for count in (1, 4):
        loss = -(similarity[:count].exp().sum() / similarity.exp().sum()).log()
        (slope,) = torch.autograd.grad(loss, similarity)
        assert_near(-slope[:count].sum(), slope[count:].sum(), 1e-12)


def test_one_node_has_no_negative():
    alone = torch.nn.functional.normalize(torch.ones(1, 3))
    loss = info_nce(alone, alone, pattern_of([torch.zeros(2, 0, dtype=torch.long)], 1), TAU)
    assert abs(loss.item()) < 1e-12


@torch.no_grad()
def test_views_are_their_equations():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    graphs = metapath_graphs(graph, GraphSchema.of(graph), 4, 50, torch.device("cpu"))
    rng = torch.Generator().manual_seed(0)
    by_path = tuple(torch.randn(12, 5, generator=rng) for _ in graphs)
    share = torch.tensor([0.3, 0.7])
    encoded = PathEmbeddings(torch.randn(12, 5, generator=rng), by_path, share)
    second = SecondAggregation(5)
    means = []
    for g in graphs:
        weights = g.pattern.matrix(g.weight).to_dense()
        means.append(weights / weights.sum(1, keepdim=True))
    each = [
        second.act(m @ (z @ second.map.weight.T + second.map.bias))
        for m, z in zip(means, by_path, strict=True)
    ]
    assert_near(second.schema(by_path, graphs), (each[0] + each[1]) / 2, 1e-12)
    mixed = 0.3 * means[0] + 0.7 * means[1]
    mapped = encoded.fused @ second.map.weight.T + second.map.bias
    assert_near(second.fusion(encoded, graphs), second.act(mixed @ mapped), 1e-12)
