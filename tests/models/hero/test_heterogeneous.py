"""Both rounds against one node after another, and types and relations that are not there."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from models.hero.heterogeneous import Heterogeneous
from models.propagation.sparse import SparseMap, mean_adjacency
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
every_reading = pytest.mark.parametrize("reads", ["first", "second", "both"])


def build(graph, reads, relations=None, width=5):
    schema = GraphSchema.of(graph)
    if relations is not None:
        schema = dataclasses.replace(schema, relations=relations)
    with seeded(0):
        model = Heterogeneous(schema, width, reads)
        x = {t: torch.randn(graph[t].num_nodes, width) for t in graph.node_types}
    return model, x, {r: SparseMap(mean_adjacency(graph, r)) for r in schema.relations}


def heard(graph, maps, x, t, i):
    """What node i of type t gets in a round: the mean over relations, by hand."""
    own = [r for r in graph.edge_types if r[2] == t]
    found = torch.zeros(next(iter(x.values())).size(1))
    for r, linear in zip(own, maps, strict=True):
        average = averaging(multiplicities(graph, r))[i] @ x[r[0]]
        found = found + (linear.weight @ average).clamp_min(0) / len(own)
    return found


@every_reading
def test_both_rounds_node_by_node(reads):
    graph = small_graph(weighted=True, num_target=12, dtype=torch.float64)
    graph["movie", "sequel_of", "movie"].edge_index = torch.tensor([[0, 3, 3], [1, 1, 4]])
    model, x, averages = build(graph, reads)
    first = {
        t: torch.stack([heard(graph, maps, x, t, i) for i in range(graph[t].num_nodes)])
        for t, maps in zip(model.first.into, model.first.maps, strict=True)
    }
    assert set(first) == ({"movie"} if reads == "first" else {"movie", "director", "actor"})
    rows = []
    for i in range(12):
        if reads == "first":
            rows.append(first["movie"][i])
            continue
        v = heard(graph, model.second.maps[0], first, "movie", i)
        own = first["movie"][i] if reads == "both" else x["movie"][i]
        rows.append(model.join.weight @ torch.cat([v, own]) + model.join.bias)
    assert_near(model(x, averages).detach(), torch.stack(rows).detach(), 1e-12)


@every_reading
def test_every_parameter_is_used(reads):
    """What leads into a type that no relation takes on to the target is not read, and has none."""
    graph = small_graph(num_target=12, dtype=torch.float64)
    out, back = ("movie", "features", "actor"), ("actor", "rev_features", "movie")
    model, x, averages = build(graph, reads, (out, back, ("movie", "directed_by", "director")))
    assert "director" not in model.first.into
    found = model(x, {r: averages[r] for r in (out, back)})
    found.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_rounds_hear_nodes_at_odd_or_even_distance():
    """Where relations join the target to other types alone; "both" hears both."""
    graph = small_graph(num_target=12, dtype=torch.float64)
    for reads, knows in (("first", {"actor"}), ("second", {"movie"}), ("both", {"actor", "movie"})):
        model, x, averages = build(graph, reads)
        x = {t: value.requires_grad_() for t, value in x.items()}
        model(x, averages)[0].sum().backward()
        for t in ("actor", "movie"):
            slope = x[t].grad
            others = None if slope is None else slope[1:] if t == "movie" else slope
            assert (others is not None and bool(others.any())) is (t in knows), (reads, t)


@pytest.mark.parametrize("relations", [(), (("movie", "features", "actor"),)])
@every_reading
def test_without_relations_into_the_target_it_hears_nothing(reads, relations):
    graph = small_graph(num_target=12, dtype=torch.float64)
    model, x, averages = build(graph, reads, relations)
    found, nothing = model(x, averages).detach(), torch.zeros(12, 5)
    if reads == "first":
        assert torch.equal(found, nothing)
        return
    own = x["movie"] if reads == "second" else nothing
    assert_near(found, model.join(torch.cat([nothing, own], dim=1)).detach(), 1e-12)


def test_a_type_that_nothing_leads_to_has_nothing_to_pass_on():
    graph = small_graph(num_target=12, dtype=torch.float64)
    model, x, averages = build(graph, "second", (("actor", "rev_features", "movie"),))
    own = torch.cat([torch.zeros(12, 5), x["movie"]], dim=1)
    assert_near(model(x, averages).detach(), model.join(own).detach(), 1e-12)
