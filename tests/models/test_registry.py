"""What must hold for every model that has a name, and of the names themselves."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys

import pytest
import torch

from models.propagation.sparse import edge_weights
from models.registry import MODELS, model_table
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("double")
every_model = pytest.mark.parametrize("name", MODELS)
AVERAGING = (
    "mlp", "sgc", "graphsage", "chebnet", "hgt", "hgt_late", "sehgnn", "sehgnn_late", "hetgnn",
    "mmgcn", "xgea", "shgp", "shgp_late", "hero", "hero_late", "hetcrf",
)  # fmt: skip
MASKS = ("train_mask", "val_mask", "test_mask")


def build(name, graph, **settings):
    """A model with random parameters (some start at zero), in eval mode."""
    entry = MODELS[name]
    with seeded(0):
        model = entry.build(GraphSchema.of(graph), entry.settings(**settings))
        for parameter in model.parameters():
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def logits(model, graph, rows=None):
    rows = torch.arange(graph["movie"].num_nodes) if rows is None else rows
    return model(model.prepare(graph, rows)).detach()


def with_parallel_edges(graph):
    """Each edge of integer weight w as w edges."""
    other = copy.copy(graph)
    for relation in graph.edge_types:
        store = other[relation]
        if "edge_weight" in store:
            count = store.edge_weight.long()
            store.edge_index = store.edge_index.repeat_interleave(count, dim=1)
            del store.edge_weight
    return other


@every_model
def test_an_integer_weight_equals_parallel_edges(name):
    graph = small_graph(weighted=True, dtype=torch.float64)
    other = with_parallel_edges(graph)
    relation = ("movie", "features", "actor")
    assert other[relation].edge_index.size(1) > graph[relation].edge_index.size(1)
    model = build(name, graph)
    assert_near(logits(model, other), logits(model, graph), 1e-12)


@every_model
def test_edges_and_weights_reach_the_logits_as_the_entry_says(name):
    graph = small_graph(weighted=True, dtype=torch.float64)
    model = build(name, graph)
    before = logits(model, graph)
    for change in ("weights", "edges"):
        other = copy.copy(graph)
        store = other["actor", "rev_features", "movie"]
        if change == "weights":
            store.edge_weight = store.edge_weight.flip(0)
        else:
            store.edge_index = torch.stack([store.edge_index[0].roll(1), store.edge_index[1]])
        same = torch.allclose(logits(model, other), before, rtol=1e-9, atol=1e-12)
        assert same is not MODELS[name].uses_edges


@every_model
def test_all_weights_doubled_change_nothing_where_a_model_averages(name):
    """Only proportions count there; elsewhere the total weight does, as the model's docstring says."""
    graph = small_graph(weighted=True, dtype=torch.float64)
    other = copy.copy(graph)
    for relation in graph.edge_types:
        other[relation].edge_weight = 2 * edge_weights(graph, relation)
    model = build(name, graph)
    change = (logits(model, other) - logits(model, graph)).abs().max().item()
    assert (change < 1e-9) is (name in AVERAGING)


@every_model
def test_renumbered_nodes_have_the_same_logits(name):
    graph = small_graph(weighted=True, dtype=torch.float64)
    rng = torch.Generator().manual_seed(0)
    other, place = copy.copy(graph), {}
    for node_type in graph.node_types:
        order = torch.randperm(graph[node_type].num_nodes, generator=rng)
        place[node_type] = order.argsort()
        for key, value in graph[node_type].items():
            if isinstance(value, torch.Tensor):
                other[node_type][key] = value[order]
    for relation in graph.edge_types:
        src, dst = graph[relation].edge_index
        shuffle = torch.randperm(len(src), generator=rng)
        index = torch.stack([place[relation[0]][src], place[relation[2]][dst]])
        other[relation].edge_index = index[:, shuffle]
        if "edge_weight" in graph[relation]:
            other[relation].edge_weight = graph[relation].edge_weight[shuffle]
    model = build(name, graph)
    assert_near(logits(model, other)[place["movie"]], logits(model, graph), 1e-12)


@every_model
def test_some_rows_equal_the_slice_of_all(name):
    graph = small_graph(weighted=True, dtype=torch.float64)
    model, rows = build(name, graph), torch.tensor([7, 39, 0])
    assert_near(logits(model, graph, rows), logits(model, graph)[rows], 1e-12)


@every_model
def test_values_of_missing_modalities_never_matter(name):
    graph = small_graph(dtype=torch.float64)
    other = copy.copy(graph)
    lacks = ~graph["movie"].has_image
    other["movie"].x_image = graph["movie"].x_image.masked_fill(lacks[:, None], 1e9)
    model = build(name, graph)
    assert bool(torch.isfinite(logits(model, graph)).all())
    assert torch.equal(logits(model, other), logits(model, graph))


@every_model
def test_labels_and_splits_are_not_read(name):
    graph = small_graph(dtype=torch.float64)
    other = copy.copy(graph)
    for key in ("y", *MASKS):
        del other["movie"][key]
    model = build(name, graph)
    assert torch.equal(logits(model, other), logits(model, graph))


@every_model
def test_it_runs_on_a_smaller_graph_and_on_one_without_edges(name):
    """As on a condensed graph: same schema, other sizes."""
    model = build(name, small_graph(dtype=torch.float64))
    small = small_graph(seed=1, num_target=12, dtype=torch.float64)
    assert bool(torch.isfinite(logits(model, small)).all())
    for relation in small.edge_types:
        small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    assert bool(torch.isfinite(logits(model, small)).all())


@every_model
def test_training_nodes_are_learnt_by_heart(name):
    graph = small_graph(dtype=torch.float64)
    entry = MODELS[name]
    names = {f.name for f in dataclasses.fields(entry.settings)}
    plain = {key: 0.0 for key in ("dropout", "input_dropout") if key in names}
    with seeded(0):
        model = entry.build(GraphSchema.of(graph), entry.settings(**plain))
        rows = graph["movie"].train_mask.nonzero().flatten()
        inputs, y = model.prepare(graph, rows), graph["movie"].y[rows]
        optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
        model.train()
        for _ in range(150):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), y).backward()
            optimiser.step()
        model.eval()
    assert torch.equal(logits(model, graph, rows).argmax(dim=1), y)
    test = graph["movie"].test_mask.nonzero().flatten()
    reached = logits(model, graph, test).argmax(dim=1) == graph["movie"].y[test]
    assert reached.double().mean().item() > 0.5  # Chance is 1/3.


@every_model
def test_equal_seeds_give_equal_parameters(name):
    graph, entry = small_graph(), MODELS[name]
    states = []
    for seed in (1, 1, 2):
        with seeded(seed):
            states.append(entry.build(GraphSchema.of(graph), entry.settings()).state_dict())
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    assert list(states[0]) == list(states[2])


@every_model
def test_space_varies_settings_that_exist(name):
    entry = MODELS[name]
    fields = {f.name: f for f in dataclasses.fields(entry.settings)}
    assert entry.space
    assert set(entry.space) <= set(fields)
    graph = small_graph(dtype=torch.float64)
    for key, values in entry.space.items():
        assert getattr(entry.settings(), key) in values or len(values) > 1
        assert len(set(values)) == len(values)
        for value in values:
            assert type(value) is type(getattr(entry.settings(), key))
            build(name, graph, **{key: value})


def test_seeding_leaves_the_global_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeded(1):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with seeded(1):
        assert torch.equal(torch.rand(3), first)


@every_model
def test_every_row_can_be_resolved(name):
    row = MODELS[name]
    assert callable(row.build)
    assert callable(row.loss)
    assert dataclasses.is_dataclass(row.settings)
    assert row.settings.__name__.endswith("Settings")
    assert set(row.training) <= {"lr", "weight_decay"}
    assert all((row.summary, row.missing, row.edge_weights, row.reference))


def test_given_settings_are_not_tuned():
    entry = dataclasses.replace(MODELS["gcn"], given={"hidden": 8})
    assert set(entry.space) == set(MODELS["gcn"].space) - {"hidden"}
    assert entry.choose_settings(dropout=0.25) == entry.settings(hidden=8, dropout=0.25)


def test_the_registry_is_read_without_torch():
    code = "import sys, models.registry; print(*models.registry.MODELS); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(MODELS)


def test_the_docs_have_the_table_of_models():
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    _, _, after = text.partition("<!-- models -->\n")
    table, end, _ = after.partition("\n<!-- /models -->")
    assert end
    assert table == model_table()
    assert table.count("\n") == len(MODELS) + 1
