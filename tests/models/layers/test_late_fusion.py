"""Late fusion is one encoder a modality on a graph that has no other, and a blend."""

from __future__ import annotations

import copy

import pytest
import torch

from models.choices import UnknownChoiceError
from models.layers.late_fusion import (
    LateFusion,
    ModalityAttention,
    copies_of,
    fused,
    mean,
    only,
    side_by_side,
)
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
PAIRS = (
    ("hgt", "hgt_late"),
    ("han", "han_late"),
    ("sehgnn", "sehgnn_late"),
    ("hero", "hero_late"),
)


def without(graph, modality):
    """`graph` as if nobody had `modality`."""
    other = copy.copy(graph)
    for node_type in graph.node_types:
        for key in (f"x_{modality}", f"has_{modality}"):
            if key in other[node_type]:
                del other[node_type][key]
    return other


def randomised(name, graph, seed):
    entry = MODELS[name]
    with seeded(seed):
        model = entry.build(GraphSchema.of(graph), entry.settings())
        for parameter in model.parameters():
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


@pytest.mark.parametrize(("early", "late"), PAIRS)
def test_each_copy_is_the_early_model_of_a_graph_with_one_modality(early, late):
    graph = small_graph(weighted=True, dtype=torch.float64)
    model, rows = randomised(late, graph, 0), torch.tensor([7, 39, 0])
    assert isinstance(model.encoder, LateFusion)
    assert model.encoder.modalities == ("text", "image")
    alone = []
    for number, (modality, other) in enumerate((("text", "image"), ("image", "text"))):
        part = without(graph, other)
        single = randomised(early, part, 1 + number)
        single.encoder.load_state_dict(model.encoder.copies[f"{modality}:"].state_dict())
        inputs = single.prepare(part, rows)
        alone.append(single.encoder(*inputs).detach())
    z = torch.stack(alone, dim=1)
    expected = model.head(model.encoder.blend(z)).detach()
    assert_near(model(model.prepare(graph, rows)).detach(), expected, 1e-12)
    assert not torch.allclose(alone[0], alone[1])


@pytest.mark.parametrize(("early", "late"), PAIRS)
def test_with_one_modality_only_the_name_of_parameters_differs(early, late):
    graph = without(small_graph(weighted=True, dtype=torch.float64), "image")
    one, other = randomised(early, graph, 0), randomised(late, graph, 1)
    other.encoder.copies["text:"].load_state_dict(one.encoder.state_dict())
    other.head.load_state_dict(one.head.state_dict())
    rows = torch.arange(40)
    got, expected = (m(m.prepare(graph, rows)).detach() for m in (other, one))
    assert_near(got, expected, 1e-12)


def test_attention_is_a_softmax_over_modalities():
    with seeded(0):
        blend, z = ModalityAttention(4), torch.randn(5, 3, 4)
    first, q = blend.score[0], blend.score[2].weight[0]
    for i in range(5):
        scores = torch.stack([q @ (first.weight @ x + first.bias).tanh() for x in z[i]])
        expected = (scores.exp() / scores.exp().sum()) @ z[i]
        assert_near(blend(z)[i].detach(), expected.detach(), 1e-13)


def test_mean_of_modalities():
    z = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]])
    assert mean(z).tolist() == [[2.0, 4.0]]


def test_only_keeps_keys_that_have_nothing():
    found = {"movie": {"text": 1, "image": 2}, "director": {"text": 3}, "actor": {}}
    assert only(found, "image") == {"movie": {"image": 2}, "director": {}, "actor": {}}


def test_copies_read_their_modality_and_other_encoders_everything():
    schema = GraphSchema.of(small_graph())
    features = {"movie": {"text": 1, "image": 2}, "director": {"text": 3}, "actor": {}}
    late = LateFusion(schema, lambda part: torch.nn.Identity(), side_by_side)
    (text, own), (image, other) = copies_of(late, features)
    assert (text, image) == tuple(late.copies.values())
    assert own == {"movie": {"text": 1}, "director": {"text": 3}, "actor": {}}
    assert other == {"movie": {"image": 2}, "director": {}, "actor": {}}
    alone = torch.nn.Identity()
    assert copies_of(alone, features) == [(alone, features)]


def test_side_by_side_keeps_the_order_of_modalities():
    z = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]])
    assert side_by_side(z).tolist() == [[1.0, 2.0, 3.0, 6.0]]


def test_another_fusion_is_refused():
    schema = GraphSchema.of(small_graph())
    with pytest.raises(
        UnknownChoiceError, match=r"fusion .got 'lat'. is unknown; did you mean 'la"
    ):
        fused("lat", schema, 4, lambda part: torch.nn.Identity())
