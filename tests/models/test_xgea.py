"""XGEA against a reading of its equations edge by edge."""

from __future__ import annotations

import pytest
import torch

from models.schema import GraphSchema
from models.seeding import seeded
from models.xgea import XGEA, XGEASettings, reflected
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH = 5


def make_model(graph, **settings):
    with seeded(0):
        model = XGEA(GraphSchema.of(graph), XGEASettings(hidden=WIDTH, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def edges_of(graph):
    """Each edge once for each of its parallel ones: (relation's number, source, sink) with typed nodes."""
    for number, relation in enumerate(graph.edge_types):
        store = graph[relation]
        for e, (src, dst) in enumerate(store.edge_index.T.tolist()):
            times = int(store.edge_weight[e]) if "edge_weight" in store else 1
            for _ in range(times):
                yield number, (relation[0], src), (relation[2], dst)


def nodes_of(graph):
    return [(t, i) for t in graph.node_types for i in range(graph[t].num_nodes)]


def projected(model, graph, modality):
    """(type, node) -> x W of one modality."""
    found, fusion = {}, model.encode[f"{modality}:"]
    for node_type, i in nodes_of(graph):
        store, key = graph[node_type], f"{node_type}:{modality}"
        x = fusion.bias[f"{node_type}:"]
        if f"x_{modality}" in store:
            has = f"has_{modality}" not in store or bool(store[f"has_{modality}"][i])
            own = fusion.weight[key] @ store[f"x_{modality}"][i]
            x = x + (own if has else fusion.missing[key])
        found[node_type, i] = x
    return found


def unit(x):
    return x / x.norm()


def layer(h, edges, direction, kernel):
    """One propagation; `direction` maps an edge to r_ij or t_r."""
    found = {}
    for node in h:
        mine = [edge for edge in edges if edge[2] == node]
        if not mine:
            found[node] = torch.zeros(WIDTH)
            continue
        r = [direction(edge) for edge in mine]
        alpha = torch.stack([kernel @ x for x in r]).softmax(dim=0)
        moved = [h[edge[1]] - 2 * (h[edge[1]] @ x) * x for edge, x in zip(mine, r, strict=True)]
        found[node] = (alpha @ torch.stack(moved)).tanh()
    return found


def mutual(kernels, x, guide, edges):
    h = {node: value.tanh() for node, value in x.items()}
    layers = [h]
    for kernel in kernels:

        def between(edge, guide=guide):
            return unit((guide[edge[1]] + guide[edge[2]]).abs())

        h = guide = layer(h, edges, between, kernel)
        layers.append(h)
    return {node: torch.cat([of[node] for of in layers]) for node in x}


def by_relations(encoder, nodes, edges):
    s = {}
    for node in nodes:
        met = sorted({number for number, _, sink in edges if sink == node})
        s[node] = encoder.embedding[met].mean(dim=0).tanh() if met else torch.zeros(WIDTH)
    layers = [s]
    for kernel in encoder.kernel:
        s = layer(s, edges, lambda edge: unit(encoder.embedding[edge[0]]), kernel)
        layers.append(s)
    return {node: torch.cat([of[node] for of in layers]) for node in nodes}


def by_equations(model, graph, rows):
    edges, modalities = list(edges_of(graph)), model.modalities
    x = {m: projected(model, graph, m) for m in modalities}
    parts = []
    for m in modalities:
        others = [x[other] for other in modalities if other != m] or [x[m]]
        guide = {node: sum(of[node] for of in others) / len(others) for node in x[m]}
        parts.append(mutual(model.mutual[f"{m}:"].kernel, x[m], guide, edges))
    parts.append(by_relations(model.relations, nodes_of(graph), edges))
    joined = [torch.cat([part["movie", int(i)] for part in parts]) for i in rows]
    return torch.stack(joined) @ model.head.weight.T + model.head.bias


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_logits_are_those_of_the_equations(layers):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, layers=layers), torch.tensor([9, 4, 0])
    assert graph["movie"].has_image[rows].tolist() == [False, False, True]
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_equations(model, graph, rows).detach(), 1e-12)


def test_one_modality_guides_itself_and_the_others_mean_guides_each_of_three():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    rows = torch.arange(12)
    del graph["movie"].x_image, graph["movie"].has_image
    for _ in range(2):
        model = make_model(graph, layers=1)
        got = model(model.prepare(graph, rows))
        assert_near(got.detach(), by_equations(model, graph, rows).detach(), 1e-12)
        rng = torch.Generator().manual_seed(0)
        graph["movie"].x_price = torch.randn(12, 1, generator=rng)
        graph["actor"].x_age = torch.randn(6, 2, generator=rng)


def test_empty_relations_and_none_at_all():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph), torch.arange(12)
    for relation in list(graph.edge_types):
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        if "edge_weight" in graph[relation]:
            graph[relation].edge_weight = torch.zeros(0)
        got = model(model.prepare(graph, rows))
        assert_near(got.detach(), by_equations(model, graph, rows).detach(), 1e-12)
    for relation in list(graph.edge_types):
        del graph[relation]
    model = make_model(graph)
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_equations(model, graph, rows).detach(), 1e-12)


def test_a_reflection_keeps_lengths_and_undoes_itself():
    h, by = torch.randn(7, WIDTH), torch.nn.functional.normalize(torch.randn(7, WIDTH), dim=1)
    moved = reflected(h, by)
    assert_near(moved.norm(dim=1), h.norm(dim=1), 1e-14)
    assert_near(reflected(moved, by), h, 1e-14)
    assert_near((moved * by).sum(dim=1), -(h * by).sum(dim=1), 1e-13)


def test_computing_the_edges_again_leaves_the_gradients():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph), torch.arange(12)
    found = []
    for by in (model(model.prepare(graph, rows)), by_equations(model, graph, rows)):
        model.zero_grad()
        by.square().mean().backward()
        found.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    for name, expected in found[1].items():
        assert_near(found[0][name], expected, 1e-9)
