"""MHGAT node by node, in both versions of its inter-node aggregation."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.functional import layer_norm, leaky_relu

from models.choices import UnknownChoiceError
from models.mhgat import MHGAT, MHGATSettings
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH = 4
both = pytest.mark.parametrize("aggregation", ["sum", "max"])


def make_model(graph, **settings):
    with seeded(0):
        model = MHGAT(GraphSchema.of(graph), MHGATSettings(hidden=WIDTH, layers=2, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def node_by_node(model, graph):
    """The logits of all films."""
    aggregation, residual = model.settings.aggregation, model.settings.residual
    h = {m: encoded(model, graph, m) for m in ("text", "image")}
    outputs = []
    for layer in model.layers:
        norm = layer.norm

        def normed(x, norm=norm):
            return layer_norm(x, (WIDTH,), norm.weight, norm.bias, 1e-5)

        messages = {}
        for m, x in h.items():
            level = layer.attention[f"{m}:"]
            messages[m] = {t: [] for t in x}
            for t in x:
                into = [r for r in graph.edge_types if r[2] == t]
                for i in range(len(x[t])):
                    own = leaky_relu(level.linear.weight @ x[t][i], 0.2)
                    vectors, scores = [], []
                    for r in into:
                        counts = multiplicities(graph, r)[i]
                        near = counts.nonzero().flatten()
                        received = torch.zeros(WIDTH)
                        if len(near) and aggregation == "sum":
                            received = counts[near] @ x[r[0]][near]
                        elif len(near):
                            received = x[r[0]][near].max(dim=0).values
                        z = leaky_relu(level.linear.weight @ received, 0.2)
                        score = level.relation.weight[0] @ z + level.own.weight[0] @ own
                        vectors.append(z)
                        scores.append(leaky_relu(score, 0.2))
                    alpha = torch.stack(scores).softmax(dim=0)
                    message = residual * own
                    for a, z in zip(alpha, vectors, strict=True):
                        message = message + a * z
                    messages[m][t].append(message)
        messages = {m: {t: torch.stack(x) for t, x in of.items()} for m, of in messages.items()}
        first, last = layer.score[1], layer.score[3]
        score = {m: last(first(of["movie"]).tanh()).tanh() for m, of in messages.items()}
        total = score["text"].exp() + score["image"].exp()
        blended = sum(score[m].exp() / total * messages[m]["movie"] for m in messages)
        outputs.append(normed(blended))
        h = {m: {t: normed(x).clamp_min(0) for t, x in of.items()} for m, of in messages.items()}
    joined = torch.cat(outputs, dim=1) @ model.head[0].weight.T
    return model.head[3](joined.tanh())


def encoded(model, graph, modality):
    """Features as embeddings, by type."""
    fusion, found = model.encode[f"{modality}:"], {}
    for node_type in graph.node_types:
        store, key = graph[node_type], f"{node_type}:{modality}"
        h = fusion.bias[f"{node_type}:"].expand(store.num_nodes, WIDTH)
        if f"x_{modality}" in store:
            has = store.get(f"has_{modality}", torch.ones(store.num_nodes).bool())[:, None]
            own = store[f"x_{modality}"].masked_fill(~has, 0) @ fusion.weight[key].T
            h = h + torch.where(has, own, fusion.missing[key])
        found[node_type] = h
    return found


@both
def test_logits_are_those_of_each_node_alone(aggregation):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, aggregation=aggregation), torch.tensor([11, 4, 0])
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), node_by_node(model, graph)[rows].detach(), 1e-11)


@both
def test_an_empty_relation_takes_part_with_zeros(aggregation):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    relation = ("actor", "rev_features", "movie")
    graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph[relation].edge_weight = torch.zeros(0)
    model = make_model(graph, aggregation=aggregation)
    got = model(model.prepare(graph, torch.arange(12)))
    assert_near(got.detach(), node_by_node(model, graph).detach(), 1e-11)


def test_the_maximum_does_not_read_weights_nor_count_edges():
    graph = small_graph(weighted=True, dtype=torch.float64)
    other = copy.copy(graph)
    for relation in graph.edge_types:
        store = other[relation]
        store.edge_index = store.edge_index.repeat(1, 2)
        if "edge_weight" in store:
            del store.edge_weight
    rows = torch.arange(40)
    for aggregation, same in (("max", True), ("sum", False)):
        model = make_model(graph, aggregation=aggregation)
        got, expected = (model(model.prepare(g, rows)) for g in (other, graph))
        assert torch.allclose(got, expected, rtol=1e-10) is same


def test_a_type_that_receives_nothing_goes_by_itself():
    graph = small_graph(dtype=torch.float64)
    for other, name in (("director", "directed_by"), ("actor", "features")):
        del graph["movie", name, other]
    model, rows = make_model(graph), torch.arange(40)
    assert bool(torch.isfinite(model(model.prepare(graph, rows))).all())
    for relation in list(graph.edge_types):
        del graph[relation]
    model = make_model(graph)
    assert bool(torch.isfinite(model(model.prepare(graph, rows))).all())


def test_another_aggregation_is_refused():
    settings = MHGATSettings()
    object.__setattr__(settings, "aggregation", "mean")  # Past the types, as without their checks.
    with pytest.raises(UnknownChoiceError, match=r"aggregation .got 'mean'. is unknown"):
        MHGAT(GraphSchema.of(small_graph()), settings)
