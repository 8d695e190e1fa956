"""Every method respects its budget, the schema and the seed, and never reads test labels."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from condense.budget import Budget, plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.errors import BudgetError, UserError
from condense.methods.registry import METHODS
from condense.run import condense
from models.choices import UnknownChoiceError
from models.schema import GraphSchema
from tests.support.brief import BRIEF
from tests.support.graphs import film_graph, small_graph

VARIANTS = [
    ("srgm", {"epochs": 2, "outer": 3, "check_every": 2}),
    ("srgm", {"epochs": 2, "outer": 3, "decouple": "update", "labels": "labelled"}),
    (
        "srgm",
        {"epochs": 2, "outer": 3, "decouple": "parameters", "damping": 0.1, "energy": "absolute"},
    ),
    ("srgm", {"epochs": 2, "outer": 3, "decouple": "off", "damping": 0.0}),
    ("srgm", {"epochs": 0}),
    ("mixture", {"spread": "on"}),
    ("mixture", {"spread": "off"}),
    ("random", {}),
    ("kmeans", {"labels": "labelled"}),
    ("kmeans", {"labels": "pseudo"}),
    ("herding", {}),
    ("herding", {"hops": 0, "rank": 2}),
    ("kcenter", {}),
    ("bonsai", {}),
    ("bonsai", {"columns": "all", "sample": 0.5, "surplus": 1.5, "hops": 2}),
    ("coarsening", {}),
    ("coarsening", {"labels": "labelled"}),
    ("coarsening", {"space": "own"}),
    ("kmeans", {"space": "propagated"}),
    ("gcdm", {"epochs": 4, "outer": 2, "check_every": 2, "edge_epochs": 1, "feature_epochs": 1}),
    ("gcdm", {"epochs": 2, "inner": 1, "hops": 2, "distance": "means"}),
    ("gcdm", {"epochs": 0}),
    ("gcdmx", {"epochs": 2, "check_every": 2}),
    ("gcdmx", {"epochs": 2, "inner": 1, "hops": 0, "distance": "means"}),
    ("gcdmx", {"epochs": 0}),
    ("gcsntk", {"epochs": 4, "check_every": 2}),
    ("gcsntk", {"epochs": 2, "start": "nodes", "learn_labels": False, "batch": 5}),
    ("gcsntk", {"epochs": 0}),
    ("sfgc", BRIEF["sfgc"]),
    ("geom", BRIEF["geom"]),
    ("geom", {**BRIEF["geom"], "soft_labels": False}),
    ("freehgc", {}),
    ("freehgc", {"leaves": "chosen"}),
    ("hgcond", {"epochs": 2, "outer": 2, "check_every": 2, "start_epochs": 5}),
    ("hgcond", {"epochs": 1, "outer": 2, "start_epochs": 5, "sequence": "random"}),
    ("hgcond", {"epochs": 0, "start_epochs": 5}),
    (
        "gcond",
        {"epochs": 4, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1, "check_every": 2},
    ),
    ("gcond", {"epochs": 2, "outer": 1, "distance": "mse", "centred": True, "batch": 2}),
    ("gcond", {"epochs": 0}),
    ("gcondx", {"epochs": 3, "outer": 2, "inner": 1, "check_every": 2}),
    ("gcondx", {"epochs": 2, "outer": 1, "hops": 0}),
    ("gcondx", {"epochs": 0}),
    ("doscond", {"epochs": 4, "period": 2, "edge_epochs": 1, "check_every": 2}),
    ("doscond", {"epochs": 2, "distance": "columns", "hops": 1, "threshold": 0}),
    ("doscond", {"epochs": 0}),
    ("msgc", BRIEF["msgc"]),
    ("msgc", {**BRIEF["msgc"], "start": "nodes", "graphs": 3, "distance": "mse", "hops": 1}),
    ("msgc", {"epochs": 0, "start": "clusters", "graphs": 5}),
    ("sgdd", BRIEF["sgdd"]),
    ("sgdd", {**BRIEF["sgdd"], "structure": 0, "smoothness": 0, "hops": 1, "threshold": 0}),
    ("sgdd", {"epochs": 2, "outer": 1, "sample": 9, "share": 0, "distance": "mse"}),
    ("sgdd", {"epochs": 0}),
    ("simgc", {"steps": 4, "check_every": 2, "edge_steps": 1, "feature_steps": 1}),
    ("simgc", {"steps": 2, "teacher": "two-layer", "hidden": 5, "teacher_steps": 3, "hops": 1}),
]
SELECTORS = ["random", "herding", "kcenter", "bonsai"]
ONE_RELATION = {"gcdm", "gcond", "doscond", "msgc", "sgdd", "simgc"}
"""Methods that make edges of one relation, and take no graph with several."""
TARGET_ALONE = ONE_RELATION | {"gcdmx", "gcsntk", "sfgc", "geom", "gcondx"}
"""Methods whose graphs have no nodes of other types than the target's."""


def graph_for(method: str, **options: Any) -> MultimodalGraph:
    return (film_graph if method in ONE_RELATION else small_graph)(**options)


def budget_of(graph: MultimodalGraph) -> Budget:
    return plan(graph, 0.2, "all", 0.3)


def nodes_of(graph: MultimodalGraph) -> dict[str, int]:
    return {t: int(graph[t].num_nodes) for t in graph.node_types}


def nodes_planned(budget: Budget, small: MultimodalGraph, method: str) -> dict[str, int]:
    """A graph with a spread keeps target nodes alone; draws have others."""
    alone = "spread" in small or method in TARGET_ALONE
    return {t: n if t == "movie" or not alone else 0 for t, n in budget.nodes.items()}


def run(graph: MultimodalGraph, method: str, settings: dict, seed: int = 0) -> CondensedGraph:
    return condense(graph, budget_of(graph), method, settings, seed=seed, device="cpu")


def arrays(graph: MultimodalGraph) -> dict[str, torch.Tensor]:
    stores = [*graph.node_types, *graph.edge_types]
    values = {f"{s} {k}": v for s in stores for k, v in graph[s].items()}
    return {k: v for k, v in values.items() if isinstance(v, torch.Tensor)}


def same(first: MultimodalGraph, second: MultimodalGraph) -> bool:
    ours, theirs = arrays(first), arrays(second)
    return ours.keys() == theirs.keys() and all(torch.equal(v, theirs[k]) for k, v in ours.items())


def test_every_method_is_tested() -> None:
    assert {name for name, _ in VARIANTS} == set(METHODS)


@pytest.mark.parametrize(("method", "settings"), VARIANTS)
def test_budget_and_schema_are_kept(method: str, settings: dict) -> None:
    graph = graph_for(method, weighted=True)
    budget = budget_of(graph)
    condensed = run(graph, method, settings)
    small = condensed.graph
    check(small, "condensed")
    assert nodes_of(small) == nodes_planned(budget, small, method)
    counts = torch.bincount(small["movie"].y, minlength=graph.num_classes)
    assert tuple(counts.tolist()) == budget.classes
    for relation, most in budget.edges.items():
        assert small[relation].edge_index.size(1) <= most
    whole, schema = GraphSchema.of(graph), GraphSchema.of(small)
    assert schema.relations == whole.relations
    assert schema.node_types == whole.node_types
    assert schema.modalities["movie"] == whole.modalities["movie"]
    assert condensed.provenance.complete
    assert condensed.provenance.condense_seconds > 0


@pytest.mark.parametrize(("method", "settings"), VARIANTS)
def test_a_seed_fixes_the_result(method: str, settings: dict) -> None:
    graph = graph_for(method)
    first = run(graph, method, settings, seed=3)
    assert same(first.graph, run(graph, method, settings, seed=3).graph)
    assert not same(first.graph, run(graph, method, settings, seed=4).graph)


@pytest.mark.parametrize(("method", "settings"), VARIANTS)
def test_test_labels_are_never_read(method: str, settings: dict) -> None:
    graph, permuted = graph_for(method), graph_for(method)
    store = permuted["movie"]
    rows = store.test_mask.nonzero().flatten()
    store.y[rows] = store.y[rows.flip(0)]
    assert not torch.equal(graph["movie"].y, store.y)
    first, second = run(graph, method, settings), run(permuted, method, settings)
    assert same(first.graph, second.graph)
    assert first.provenance.dataset_hash == second.provenance.dataset_hash


def test_the_whole_graph_is_not_changed() -> None:
    graph, untouched = small_graph(), small_graph()
    run(graph, "srgm", {"epochs": 1, "outer": 1})
    assert {k: v.tolist() for k, v in arrays(graph).items() if "x_" not in k} == {
        k: v.tolist() for k, v in arrays(untouched).items() if "x_" not in k
    }
    assert torch.equal(graph["movie"].x_text, untouched["movie"].x_text)
    assert "x_text" not in graph["actor"]


@pytest.mark.parametrize(
    ("method", "settings"), [("srgm", {"epochs": 1, "outer": 2}), ("coarsening", {})]
)
def test_a_mirrored_relation_is_saved_with_the_transposed_edges(
    method: str, settings: dict
) -> None:
    """The pairs are the same; the weights differ, since they follow the degrees on either side."""
    small = run(small_graph(), method, settings).graph
    there = small["movie", "features", "actor"].edge_index.T.tolist()
    back = small["actor", "rev_features", "movie"].edge_index.flip(0).T.tolist()
    assert there
    assert sorted(there) == sorted(back)


@pytest.mark.parametrize("method", SELECTORS)
def test_selection_takes_original_nodes_and_their_edges(method: str) -> None:
    graph = small_graph()
    small = run(graph, method, {}).graph
    origin = small["movie"].origin
    assert len(origin.unique()) == len(origin)
    assert bool(graph["movie"].train_mask[origin].all())
    assert torch.equal(small["movie"].x_text, graph["movie"].x_text[origin])
    assert torch.equal(small["movie"].y, graph["movie"].y[origin])
    relation = ("movie", "features", "actor")
    original = set(map(tuple, graph[relation].edge_index.T.tolist()))
    for s, d in small[relation].edge_index.T:
        assert (int(origin[s]), int(small["actor"].origin[d])) in original


@pytest.mark.parametrize("method", SELECTORS)
def test_selection_from_a_class_with_too_few_labelled_nodes_is_refused(method: str) -> None:
    graph = small_graph()
    with pytest.raises(
        BudgetError, match=r"ratio .* 12 training nodes of class 0, which has 4; .*labels pseudo"
    ):
        condense(graph, plan(graph, 0.9), method, device="cpu")


@pytest.mark.parametrize("method", SELECTORS)
def test_selection_takes_all_labelled_nodes_where_the_budget_has_room_for_all(method: str) -> None:
    graph = small_graph()
    small = condense(graph, plan(graph, 1.0, "train"), method, device="cpu").graph
    train = graph["movie"].train_mask.nonzero().flatten()
    assert small["movie"].origin.sort().values.tolist() == train.tolist()


def test_kmeans_centres_are_means_of_one_class() -> None:
    graph = small_graph(num_target=60)
    small = run(graph, "kmeans", {"labels": "labelled"}).graph
    store = graph["movie"]
    for c in range(graph.num_classes):
        weight = small["movie"].node_weight[small["movie"].y == c].unsqueeze(1)
        centre = (small["movie"].x_text[small["movie"].y == c] * weight).sum(0) / weight.sum()
        expected = store.x_text[store.train_mask & (store.y == c)].mean(0)
        torch.testing.assert_close(centre, expected)
        assert int(weight.sum()) == int((store.train_mask & (store.y == c)).sum())


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("srgm", {"epoch": 3}, "'epoch' is unknown; did you mean 'epochs'"),
        ("srgm", {"epochs": -1}, "epochs (got -1): input should be greater than or equal to 0"),
        ("srgm", {"lr_edges": 1e38}, "lr_edges (got 1e+38)"),
        ("srgm", {"frames": "identity"}, "frames (got 'identity') needs modalities of one width"),
        ("gcdm", {"distance": "mean"}, "distance (got 'mean')"),
        ("gcdm", {"hops": 0}, "hops (got 0) must be at least 1"),
        ("gcdmx", {"lr_relay": 0.1}, "lr_relay (got 0.1) has no effect"),
        ("gcdmx", {"lr_edges": 0.1}, "'lr_edges' is unknown"),
        ("gcond", {"edge_epochs": 50}, "edge_epochs (got 50) must be fewer than"),
        ("gcond", {"distance": "cosine"}, "distance (got 'cosine')"),
        ("gcondx", {"lr_edges": 0.1}, "'lr_edges' is unknown"),
        ("doscond", {"inner": 1}, "'inner' is unknown"),
        ("msgc", {"hops": 0}, "hops (got 0) must be at least 1"),
        ("msgc", {"graphs": -1}, "graphs (got -1)"),
        ("gcond", {"hops": 0}, "hops (got 0) must be at least 1"),
        ("sgdd", {"share": 1.5}, "share (got 1.5)"),
        ("sgdd", {"edge_epochs": 50}, "edge_epochs (got 50) must be fewer than"),
        ("sgdd", {"structure": -1}, "structure (got -1"),
        ("simgc", {"hidden": 64}, "hidden (got 64) has no effect with --teacher linear"),
        ("simgc", {"hops": 0}, "hops (got 0)"),
        ("simgc", {"threshold": 1.0}, "threshold (got 1.0)"),
        ("random", {"epochs": 3}, "'epochs' is unknown"),
        ("herding", {"hops": 5}, "hops (got 5)"),
        ("kcenter", {"rank": 0}, "rank (got 0)"),
        ("coarsening", {"space": "raw"}, "space (got 'raw')"),
        ("sfgc", {"ahead": 0}, "ahead (got 0)"),
        ("geom", {"first_starts": 30}, "first_starts (got 30) must be at most starts (20)"),
        ("geom", {"expert_epochs": 100}, "expert_epochs (got 100) must be at least 159"),
    ],
)
def test_wrong_settings_are_named(method: str, settings: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        run(small_graph(), method, settings)
    assert message in str(caught.value)


def test_an_unknown_method_lists_the_choices() -> None:
    with pytest.raises(UnknownChoiceError, match="did you mean 'srgm'"):
        run(small_graph(), "srmg", {})


def test_an_unknown_device_is_named() -> None:
    graph = small_graph()
    with pytest.raises(UserError, match=r"device .got 'tpu9'.* try auto"):
        condense(graph, budget_of(graph), "random", device="tpu9")


@pytest.mark.parametrize("method", sorted(ONE_RELATION))
def test_edges_of_several_relations_are_refused(method: str) -> None:
    with pytest.raises(UserError, match=rf"method {method} makes edges of one relation.* has 2"):
        run(small_graph(), method, {})


@pytest.mark.parametrize("method", METHODS)
def test_a_budget_of_no_edges_is_kept(method: str) -> None:
    graph = graph_for(method, num_target=80)
    settings = BRIEF.get(method, {})
    condensed = condense(graph, plan(graph, 0.2, edge_ratio=0), method, settings, device="cpu")
    assert {condensed.graph[r].edge_index.size(1) for r in graph.edge_types} == {0}
    check(condensed.graph, "condensed")
