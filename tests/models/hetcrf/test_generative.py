"""Masks and errors against their definitions; the structure's error against n × n matrices."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.generative import (
    FeatureDecoder,
    FeatureMask,
    feature_error,
    scaled_cosine_error,
    structure_error,
)
from models.hetcrf.metapath_graph import metapath_graphs
from models.schema import GraphSchema
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def make_graphs():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    return metapath_graphs(graph, GraphSchema.of(graph), 4, 50, torch.device("cpu"))


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_structure_error_is_that_of_the_dense_matrices(power):
    graphs = make_graphs()
    y = torch.randn(12, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    gram, expected = y @ y.T, torch.zeros(())
    for graph in graphs:
        truth = graph.pattern.matrix(graph.weight).to_dense()
        cosine = torch.nn.functional.cosine_similarity(gram, truth, dim=1)
        expected = expected + ((1 - cosine) ** power).mean() / len(graphs)
    got = structure_error(y, graphs, power)
    assert_near(got.detach(), expected.detach(), 1e-12)
    slopes = [torch.autograd.grad(x, y)[0] for x in (got, expected)]
    assert_near(*slopes, 1e-11)


def test_no_structure_to_speak_of_has_a_finite_error():
    y = torch.zeros(12, 4, requires_grad=True)
    error = structure_error(y, make_graphs(), 3.0)
    assert error.item() == 1
    assert bool(torch.isfinite(torch.autograd.grad(error, y)[0]).all())


def test_scaled_cosine_error_by_hand():
    found = torch.tensor([[2.0, 0], [0, 1], [1, 1], [0, 0]])
    truth = torch.tensor([[5.0, 0], [1, 0], [-3, -3], [1, 0]])
    assert scaled_cosine_error(found, truth, 2.0).item() == pytest.approx((0 + 1 + 4 + 1) / 4)
    use = torch.tensor([True, False, True, False])
    assert scaled_cosine_error(found, truth, 2.0, use).item() == pytest.approx((0 + 4) / 2)
    assert scaled_cosine_error(found, truth, 2.0, ~use & use).item() == 0


def test_only_masked_nodes_that_have_a_modality_count():
    rng = torch.Generator().manual_seed(0)
    truth = {
        "text": (torch.randn(8, 3, generator=rng), torch.ones(8, dtype=torch.bool)),
        "image": (torch.randn(8, 2, generator=rng), torch.arange(8) % 2 == 0),
    }
    masked = torch.tensor([5, 2, 4])
    found = {"text": torch.randn(3, 3, generator=rng), "image": torch.randn(3, 2, generator=rng)}
    text = scaled_cosine_error(found["text"], truth["text"][0][masked], 2.0)
    image = scaled_cosine_error(found["image"][1:], truth["image"][0][masked[1:]], 2.0)
    assert_near(feature_error(found, truth, masked, 2.0), (text + image) / 2, 1e-12)


def test_masked_nodes_are_hidden_replaced_or_kept_in_their_shares():
    mask = FeatureMask(4, share=0.5, replaced=0.2, kept=0.3)
    mask.token.data.fill_(-100)
    h = torch.arange(4000.0).unsqueeze(1).expand(4000, 4)
    torch.manual_seed(0)
    covered, masked = mask(h)
    assert len(masked) == len(masked.unique()) == 2000
    same = (covered == h).all(1)
    untouched = torch.ones(4000, dtype=torch.bool)
    untouched[masked] = False
    assert bool(same[untouched].all())
    hidden = (covered[masked] == -100).all(1)
    assert hidden.double().mean().item() == pytest.approx(0.5, abs=0.05)
    assert same[masked].double().mean().item() == pytest.approx(0.3, abs=0.05)
    others = covered[masked][~hidden & ~same[masked], 0]
    assert len(others) > 300
    assert bool(((others >= 0) & (others < 4000)).all())
    alone, which = mask(h[:1])
    assert alone.shape == (1, 4)
    assert which.tolist() == [0]


@pytest.mark.parametrize("decoding", ["linear", "han"])
def test_hans_decoder_sees_no_masked_embedding_and_the_linear_one_sees_nothing_else(decoding):
    graphs = make_graphs()
    decode = FeatureDecoder({"text.raw": 3, "image": 2}, 4, 2, len(graphs), decoding).eval()
    z = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))
    masked, other = torch.tensor([3, 7]), z.clone()
    other[masked] += 1
    same = torch.allclose(
        decode(z, masked, graphs)["image"], decode(other, masked, graphs)["image"]
    )
    assert same is (decoding == "han")
    assert {m: tuple(x.shape) for m, x in decode(z, masked, graphs).items()} == {
        "text.raw": (2, 3),
        "image": (2, 2),
    }
    rest = z.clone()
    rest[torch.tensor([i for i in range(12) if i not in (3, 7)])] += 1
    same = torch.allclose(decode(z, masked, graphs)["image"], decode(rest, masked, graphs)["image"])
    assert same is (decoding == "linear")
