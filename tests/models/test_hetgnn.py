"""HetGNN against a reading of its equations node by node."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import leaky_relu

from models.hetgnn import HetGNN, HetGNNSettings, fingerprints, subsets
from models.schema import GraphSchema
from models.seeding import seeded
from tests.models.propagation.test_restart_walks import TYPES, dense_visits
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH = 6


def make_model(graph, **settings):
    with seeded(0):
        model = HetGNN(GraphSchema.of(graph), HetGNNSettings(hidden=WIDTH, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def direction(lstm, suffix, sequence):
    """An LSTM's states by its gates; the cells of the backward half read from the end."""
    w, u = getattr(lstm, f"weight_ih_l0{suffix}"), getattr(lstm, f"weight_hh_l0{suffix}")
    b = getattr(lstm, f"bias_ih_l0{suffix}") + getattr(lstm, f"bias_hh_l0{suffix}")
    h = c = torch.zeros(WIDTH // 2)
    states = []
    for x in sequence:
        i, f, g, o = (w @ x + u @ h + b).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    return states


def sequence_mean(lstm, sequence):
    ahead = direction(lstm, "", sequence)
    back = direction(lstm, "_reverse", sequence[::-1])[::-1]
    states = [torch.cat(pair) for pair in zip(ahead, back, strict=True)]
    return torch.stack(states).mean(dim=0)


def content(model, graph, node_type, node):
    parts, encoder = [], model.content
    for modality in ("text", "image"):
        store, key = graph[node_type], f"{node_type}:{modality}"
        if f"x_{modality}" not in store:
            continue
        if f"has_{modality}" in store and not store[f"has_{modality}"][node]:
            continue
        x = store[f"x_{modality}"][node]
        parts.append(encoder.project.weight[key] @ x + encoder.project.bias[key])
    if not parts:
        return encoder.absent[f"{node_type}:"]
    return sequence_mean(encoder.mean[f"{node_type}:"].lstm, parts)


def by_equations(model, graph, node):
    """Logits of one film."""
    own = content(model, graph, "movie", node)
    f, k = [own], model.settings.neighbours
    for node_type, visits in dense_visits(graph, 0.5, model.settings.steps).items():
        prints = model_prints(graph, node_type)
        met = [
            (-round(float(v), 7), -float(prints[u]), u) for u, v in enumerate(visits[node]) if v > 0
        ]
        nodes = [u for _, _, u in sorted(met)[:k]]
        if nodes:
            lstm = model.neighbours[f"{node_type}:"].lstm
            f.append(sequence_mean(lstm, [content(model, graph, node_type, u) for u in nodes]))
    u = torch.cat([model.other, model.own])
    alpha = torch.stack([leaky_relu(u @ torch.cat([x, own])) for x in f]).softmax(dim=0)
    embedding = sum(a * x for a, x in zip(alpha, f, strict=True))
    return model.head.weight @ embedding + model.head.bias


def model_prints(graph, node_type):
    """The tie-breaking numbers, written out: Σ_m Σ_i sin(i + m) x_i."""
    store = graph[node_type]
    found = torch.zeros(store.num_nodes)
    for number, modality in enumerate(("text", "image")):
        if f"x_{modality}" in store:
            x = store[f"x_{modality}"]
            has = store.get(f"has_{modality}", torch.ones(len(x)).bool())
            by = torch.tensor([i + 1 + number for i in range(x.size(1))]).double().sin()
            found += x.masked_fill(~has[:, None], 0) @ by
    return found


@pytest.mark.parametrize(("neighbours", "steps"), [(10, 3), (2, 4)])
def test_logits_are_those_of_the_equations(neighbours, steps):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model = make_model(graph, neighbours=neighbours, steps=steps)
    rows = torch.tensor([9, 4, 0])  # Film 9 lacks its image, and so does film 4.
    assert graph["movie"].has_image[rows].tolist() == [False, False, True]
    got = model(model.prepare(graph, rows))
    expected = torch.stack([by_equations(model, graph, int(node)) for node in rows])
    assert_near(got.detach(), expected.detach(), 1e-12)


def test_a_node_without_edges_is_its_content():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph), torch.arange(12)
    for relation in list(graph.edge_types):
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        if "edge_weight" in graph[relation]:
            graph[relation].edge_weight = torch.zeros(0)
        expected = torch.stack([by_equations(model, graph, node) for node in range(12)])
        assert_near(model(model.prepare(graph, rows)).detach(), expected.detach(), 1e-12)
    own = torch.stack([content(model, graph, "movie", node) for node in range(12)])
    assert_near(model(model.prepare(graph, rows)).detach(), model.head(own).detach(), 1e-12)


def test_nodes_are_grouped_by_the_modalities_they_have():
    text, image = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    found = subsets({"text": (torch.zeros(4, 2), text), "image": (torch.zeros(4, 3), image)})
    assert {names: nodes.tolist() for names, nodes in found} == {
        ("text", "image"): [0],
        ("text",): [1],
        ("image",): [2],
    }
    assert subsets({}) == []


def test_fingerprints_tell_nodes_apart_by_what_they_contain():
    x = torch.randn(50, 3)
    everyone = torch.ones(50, dtype=torch.bool)
    found = fingerprints({"text": (x, everyone)}, 50, torch.device("cpu"))
    assert len(found.unique()) == 50
    assert torch.equal(fingerprints({}, 2, torch.device("cpu")), torch.zeros(2))


def test_a_node_that_has_no_modality_has_a_learnt_vector():
    graph = small_graph(num_target=12, dtype=torch.float64)
    graph["movie"].has_text = torch.arange(12) != 4  # It lacks its image as well.
    graph["movie"].x_text[4] = torch.nan
    model = make_model(graph)
    features, known, sizes, _, _ = model.prepare(graph, torch.arange(12))
    f1 = model.content(features, known, sizes)
    assert torch.equal(f1["movie"][4], model.content.absent["movie:"])
    assert torch.equal(f1["actor"], model.content.absent["actor:"].expand(6, -1))
    assert set(f1) == set(TYPES)
