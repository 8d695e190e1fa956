"""SeHGNN by its steps, node by node."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import layer_norm, prelu, scaled_dot_product_attention

from models.propagation.metapaths import path_features
from models.schema import GraphSchema
from models.seeding import seeded
from models.sehgnn import SeHGNN, SeHGNNSettings, name_of
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH = 8


def make_model(graph, **settings):
    with seeded(0):
        model = SeHGNN(GraphSchema.of(graph), SeHGNNSettings(hidden=WIDTH, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def by_steps(model, graph):
    """Projection, attention among meta-paths and MLP, each written out."""
    encoder, z = model.encoder, path_features(graph, model.schema, model.path_hops)
    paths = list(dict.fromkeys(p for p, _ in z))
    projected = []
    for path in paths:
        name = name_of(path)
        h = encoder.first.bias[f"{name}:"].expand(graph["movie"].num_nodes, -1)
        for modality in ("text", "image"):
            if (path, modality) in z:
                h = h + z[path, modality] @ encoder.first.weight[f"{name}:{modality}"].T
        if not path:
            h = h + (~graph["movie"].has_image)[:, None] * encoder.first.missing[":image"]
        projected.append(h)
    h = torch.stack(projected, dim=1)

    def after(x, block):
        norm = block[0]
        flat = layer_norm(x, x.shape[1:], norm.weight, norm.bias, 1e-5)
        return prelu(flat, block[1].weight)

    h = after(h, encoder.after[0])
    h = torch.stack(
        [h[:, p] @ encoder.second[p] + encoder.second_bias[p] for p in range(len(paths))], dim=1
    )
    h = after(h, encoder.after[1])
    attended = scaled_dot_product_attention(encoder.query(h), encoder.key(h), encoder.value(h))
    h = encoder.join((encoder.beta * attended + h).flatten(1))
    first, act, last = model.head[2], model.head[3], model.head[5]
    return last(prelu(first(prelu(h, model.head[0].weight)), act.weight))


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_logits_are_those_of_its_steps(hops):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, hops=hops), torch.tensor([11, 4, 0])
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_steps(model, graph)[rows].detach(), 1e-12)


def test_meta_paths_that_end_at_a_type_without_features_are_none():
    model = make_model(small_graph(dtype=torch.float64))
    films = "director|rev_directed_by|movie movie|directed_by|director"
    people = "actor|rev_features|movie movie|features|actor"
    assert set(model.encoder.paths) == {"", "director|rev_directed_by|movie", films, people}


def test_attention_starts_as_the_identity():
    with seeded(0):
        encoder = SeHGNN(GraphSchema.of(small_graph()), SeHGNNSettings(hidden=WIDTH)).encoder
    h = torch.randn(3, len(encoder.paths), WIDTH)
    assert torch.equal(encoder.semantic_fusion(h), h)


def test_late_fusion_has_the_paths_of_each_modality():
    model = make_model(small_graph(dtype=torch.float64), fusion="late")
    text, image = (model.encoder.copies[f"{m}:"] for m in ("text", "image"))
    assert len(text.paths) == 4
    # Directors have no image, so one path fewer.
    assert "director|rev_directed_by|movie" not in image.paths
    assert len(image.paths) == 3


def test_an_empty_relation_gives_zero_features():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    relation = ("actor", "rev_features", "movie")
    graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph[relation].edge_weight = torch.zeros(0)
    model = make_model(graph)
    features, rows = model.prepare(graph, torch.arange(12))
    people = features["actor|rev_features|movie movie|features|actor"]
    assert torch.equal(rows, torch.arange(12))
    assert not people["text"][0].count_nonzero()
    got = model(model.prepare(graph, torch.arange(12)))
    assert_near(got.detach(), by_steps(model, graph).detach(), 1e-12)
