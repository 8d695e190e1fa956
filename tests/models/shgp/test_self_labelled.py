"""One copy of SHGP: which labels it learns at which step, and that they are its own."""

from __future__ import annotations

import copy
import io
from functools import partial

import pytest
import torch

from models.layers.fusion import type_inputs
from models.schema import GraphSchema
from models.seeding import seeded
from models.self_supervised import unit_mean_square
from models.shgp.label_propagation import attentive_sweep, drawn, plain_sweep, settled
from models.shgp.self_labelled import SelfLabelled
from models.shgp.settings import SHGPSettings
from models.shgp.structure import structure_of
from tests.models.test_registry import with_parallel_edges
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
SMALL = SHGPSettings(hidden=8, attention=4, warm=2, input_dropout=0.0)


def build(graph, settings=SMALL):
    with seeded(0):
        return SelfLabelled(GraphSchema.of(graph), settings)


def prepared(graph):
    schema = GraphSchema.of(graph)
    return type_inputs(graph, schema), structure_of(graph, schema)


def steps(model, inputs, count, seed=1):
    """Pseudo-labels after each of some steps of Adam."""
    optimiser, found = torch.optim.Adam(model.parameters(), lr=0.01), []
    with seeded(seed):
        for _ in range(count):
            loss, _ = model.train().learn(*inputs)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            found.append(model.pseudo.labels)
    return found


def equal(one, two):
    return all(torch.equal(one[t], two[t]) for t in one)


def test_the_first_labels_settle_along_edges_and_are_learnt_while_warm():
    graph = small_graph(dtype=torch.float64)
    features, structure = prepared(graph)
    model = build(graph).eval()
    with seeded(1):
        start = drawn(structure.sizes, 10, torch.device("cpu"))
    expected = settled(start, "movie", partial(plain_sweep, structure=structure), 1000)
    with seeded(1):
        for _ in range(2):
            model.learn(features, structure)
            assert equal(model.pseudo.labels, expected)
            assert model.pseudo.count == 10


def test_later_labels_are_the_last_ones_moved_by_the_attention_of_the_same_pass():
    graph = small_graph(dtype=torch.float64)
    features, structure = prepared(graph)
    model = build(graph).train()
    with seeded(2):
        for _ in range(2):
            model.learn(features, structure)
    moved = 0
    for seed in range(3):
        before = model.pseudo.labels
        with seeded(seed):  # Equal dropout.
            encoded = model.encoder(features, structure)
        sweep = partial(attentive_sweep, structure=structure, attention=encoded.attention)
        expected = settled(before, "movie", sweep, 1000)
        with seeded(seed):
            model.learn(features, structure)
        assert equal(model.pseudo.labels, expected)
        moved += not equal(before, expected)
    assert moved


def test_the_loss_is_cross_entropy_over_the_labels_in_use_and_moves_no_other_output():
    graph = small_graph(dtype=torch.float64)
    features, structure = prepared(graph)
    model = build(graph).eval()
    loss, embedding = model.learn(features, structure)
    z, pseudo = model.encoder(features, structure).embedding, model.pseudo
    logits = (z @ model.guess.weight.T + model.guess.bias)[:, : pseudo.count]
    right = logits.gather(1, pseudo.labels["movie"][:, None]).squeeze(1)
    assert_near(loss.detach(), (logits.logsumexp(1) - right).mean().detach(), 1e-12)
    assert_near(embedding.detach(), unit_mean_square(z).detach(), 1e-12)
    loss.backward()
    assert bool(model.guess.weight.grad[: pseudo.count].any(dim=1).all())
    assert not model.guess.weight.grad[pseudo.count :].any()
    assert len(model.guess.weight) == 200


def test_equal_seeds_give_equal_pseudo_labels():
    graph = small_graph(dtype=torch.float64)
    runs = [steps(build(graph), prepared(graph), 5, seed) for seed in (1, 1, 2)]
    for one, two, other in zip(*runs, strict=True):
        assert equal(one, two)
        assert not equal(one, other)


def test_another_graph_resets_the_pseudo_labels():
    graph, other = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64, num_target=20)
    model, inputs = build(graph), prepared(graph)
    first = steps(model, inputs, 3)
    assert model.pseudo.steps == 3
    steps(model, inputs, 1)
    assert model.pseudo.steps == 4
    smaller = prepared(other)
    steps(model, smaller, 1)
    assert model.pseudo.structure is smaller[1]
    assert (model.pseudo.steps, model.pseudo.count) == (1, 5)
    assert {t: len(x) for t, x in model.pseudo.labels.items()} == smaller[1].sizes
    again = steps(model, prepared(graph), 1)  # The same nodes, prepared anew.
    assert model.pseudo.steps == 1
    assert equal(again[0], first[0])


def test_integer_weights_are_parallel_edges_all_along():
    graph = small_graph(weighted=True, dtype=torch.float64)
    runs = [steps(build(graph), prepared(g), 6) for g in (graph, with_parallel_edges(graph))]
    assert all(equal(one, two) for one, two in zip(*runs, strict=True))
    assert not equal(runs[0][0], runs[0][-1])


def test_classes_and_splits_are_not_read():
    graph = small_graph(dtype=torch.float64)
    other = copy.copy(graph)
    for key in ("y", "train_mask", "val_mask", "test_mask"):
        del other["movie"][key]
    one, two = steps(build(graph), prepared(graph), 4), steps(build(other), prepared(other), 4)
    assert all(equal(a, b) for a, b in zip(one, two, strict=True))


def test_the_attention_of_other_types_in_the_last_layer_stays_as_drawn():
    graph = small_graph(dtype=torch.float64)
    model = build(graph)
    model.learn(*prepared(graph))[0].backward()
    still = {name for name, p in model.named_parameters() if p.grad is None}
    assert still
    assert all(
        name.startswith(("encoder.layers.1.director", "encoder.layers.1.actor")) for name in still
    )


def test_labels_of_nodes_that_hear_nothing_are_not_learnt():
    graph = small_graph(dtype=torch.float64)
    for name in ("rev_directed_by", "rev_features"):
        (relation,) = (r for r in graph.edge_types if r[1] == name)
        end = graph[relation].edge_index[1]
        graph[relation].edge_index = graph[relation].edge_index[:, end >= 30]
    structure = structure_of(graph, GraphSchema.of(graph))
    joined = structure.joined["movie"]
    assert 0 < int(joined.sum()) <= 10
    assert not joined[:30].any()
    model, features = build(graph), type_inputs(graph, GraphSchema.of(graph))
    with torch.no_grad():
        loss = model.eval().learn(features, structure)[0]
        logits = model.guess(model.encoder(features, structure).embedding)[:, : model.pseudo.count]
    chances = logits.softmax(dim=1)[torch.arange(40), model.pseudo.labels["movie"]]
    assert_near(loss, -chances[joined].log().mean(), 1e-12)


def test_labels_that_have_run_together_are_said(caplog):
    graph = small_graph(dtype=torch.float64)
    graph["movie", "directed_by", "director"].edge_index[1] = 0
    graph["director", "rev_directed_by", "movie"].edge_index[0] = 0
    structure, features = (
        structure_of(graph, GraphSchema.of(graph)),
        type_inputs(graph, GraphSchema.of(graph)),
    )
    build(graph).learn(features, structure)
    assert "have collapsed" in caplog.text
    assert "100 % of the target nodes" in caplog.text


def test_copies_and_files_leave_the_graph_behind():
    graph = small_graph(dtype=torch.float64)
    structure, features = (
        structure_of(graph, GraphSchema.of(graph)),
        type_inputs(graph, GraphSchema.of(graph)),
    )
    model = build(graph)
    model.learn(features, structure)
    other, kept = copy.deepcopy(model), io.BytesIO()
    assert model.pseudo is not None
    assert other.pseudo is None
    torch.save(model, kept)
    kept.seek(0)
    read = torch.load(kept, weights_only=False)
    assert read.pseudo is None
    for found in (other, read):
        assert_near(found.eval()(features, structure), model.eval()(features, structure), 0)
