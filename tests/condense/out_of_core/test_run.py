"""A graph condensed on disk: the same as in memory, whatever the blocks, the interruptions and the method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.clustering import kmeans
from condense.clustering.propagation import RelayView
from condense.data.condensed import CondensedGraph
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.data.spread.spread import spread_of
from condense.errors import BudgetError, UserError
from condense.io import save
from condense.io.stored_graph import open_stored
from condense.out_of_core import reading
from condense.out_of_core.propagation import propagated
from condense.out_of_core.room import GIB, Room
from condense.out_of_core.run import condense_stored
from condense.out_of_core.workspace import Workspace
from condense.run import condense
from models.propagation.sparse import edge_weights
from models.schema import features
from tests.support.graphs import small_graph
from tests.support.on_disk import films, products

RATIO = 0.2


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every matrix is cut to several slabs and blocks, and every relation to several piles."""
    monkeypatch.setattr(Room, "columns", lambda self, nodes: 3)
    monkeypatch.setattr(Room, "rows", lambda self, width: 17)
    monkeypatch.setattr(Room, "sample", lambda self, width: 40)
    monkeypatch.setattr(Room, "taught", lambda self, width: 1000)
    monkeypatch.setattr(Room, "edges", property(lambda self: 29))


def on_disk(graph: MultimodalGraph, folder: Path, method: str, **settings: Any) -> CondensedGraph:
    folder.mkdir(exist_ok=True)
    if not (folder / "whole.h5").exists():
        save(folder / "whole.h5", graph)
    with open_stored(folder / "whole.h5") as stored:
        return condense_stored(
            stored, RATIO, method, settings, work=folder / "work", memory=2 * GIB, seed=3
        )


def in_memory(graph: MultimodalGraph, method: str, **settings: Any) -> CondensedGraph:
    return condense(graph, plan(graph, RATIO), method, settings, seed=3)


def assert_nodes_alike(one: MultimodalGraph, other: MultimodalGraph) -> None:
    assert one.node_types == other.node_types
    assert one.edge_types == other.edge_types
    for node_type in one.node_types:
        assert set(one[node_type]) == set(other[node_type])
        for key, value in one[node_type].items():
            if isinstance(value, torch.Tensor):
                assert torch.allclose(value, other[node_type][key], atol=1e-5), (node_type, key)


def assert_alike(one: MultimodalGraph, other: MultimodalGraph) -> None:
    assert_nodes_alike(one, other)
    for relation in one.edge_types:
        assert torch.equal(one[relation].edge_index, other[relation].edge_index)
        assert torch.allclose(one[relation].edge_weight, other[relation].edge_weight, rtol=1e-5)


@pytest.mark.parametrize("make", [films, products])
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("coarsening", {}),
        ("coarsening", {"space": "both", "hops": 1}),
        ("coarsening", {"labels": "labelled", "space": "own"}),
        ("coarsening", {"teacher": "network", "smooth": False}),
        ("mixture", {"spread": "off"}),
    ],
)
def test_clusters_and_edges_are_those_of_a_graph_in_memory(
    tmp_path: Path, make: Any, method: str, settings: dict[str, Any]
) -> None:
    graph = make()
    found = on_disk(graph, tmp_path / "a", method, **settings)
    expected = in_memory(graph, method, **settings)
    assert_alike(found.graph, expected.graph)
    one, other = found.provenance, expected.provenance
    assert one.dataset_hash == other.dataset_hash
    assert (one.ratio, one.ratio_train, one.edge_ratio) == (
        other.ratio,
        other.ratio_train,
        other.edge_ratio,
    )
    assert one.measures["byte_budget"] == other.measures["byte_budget"]
    assert one.measures["edge_budget"] == other.measures["edge_budget"]


@pytest.mark.parametrize("make", [films, products])
def test_random_nodes_and_edges_are_those_of_a_graph_in_memory(tmp_path: Path, make: Any) -> None:
    graph = make()
    found = on_disk(graph, tmp_path / "a", "random").graph
    expected = in_memory(graph, "random").graph
    assert_nodes_alike(found, expected)
    for relation in found.edge_types:
        assert torch.equal(found[relation].edge_index, expected[relation].edge_index)
        one, other = edge_weights(found, relation), edge_weights(expected, relation)
        assert torch.allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("make", [films, products])
def test_samples_and_halved_groups_are_those_of_a_graph_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr(kmeans, "MOST_FITTED", 20)
    monkeypatch.setattr(kmeans, "LEAST_A_CLUSTER", 2)
    monkeypatch.setattr(kmeans, "FEWEST_FITTED", 2)
    monkeypatch.setattr(kmeans, "MOST_AT_ONCE", 6)
    graph = make()
    found = on_disk(graph, tmp_path / "a", "coarsening")
    assert_alike(found.graph, in_memory(graph, "coarsening").graph)


def few_and_wide() -> MultimodalGraph:
    """Fewer directors than columns, and an image that no film has."""
    graph = small_graph(num_target=120, text_width=40)
    graph["movie"].has_image[:] = False
    return graph


def a_type_without_nodes() -> MultimodalGraph:
    graph = films()
    graph["studio"].num_nodes = 0
    graph["studio"].x_text = torch.zeros(0, 6)
    graph["studio", "made", "movie"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    return graph


def test_a_type_without_nodes_is_as_in_memory(tmp_path: Path) -> None:
    graph = a_type_without_nodes()
    found = on_disk(graph, tmp_path / "a", "coarsening")
    assert_alike(found.graph, in_memory(graph, "coarsening").graph)


def test_reduced_features_have_as_many_coordinates_as_in_memory(tmp_path: Path) -> None:
    graph = few_and_wide()
    save(tmp_path / "whole.h5", graph)
    workspace = Workspace(tmp_path / "work", torch.Generator().manual_seed(0))
    (tmp_path / "work").mkdir()
    with open_stored(tmp_path / "whole.h5") as stored:
        relations = reading.sorted_relations(stored, workspace, Room(2 * GIB))
        whole = reading.read_graph(stored, relations, workspace, Room(2 * GIB))
        view = propagated(whole, 2, 256, workspace)
    generator = torch.Generator().manual_seed(0)
    expected = RelayView.of(complete(hide_test_labels(graph)), 2, 256, generator)
    assert dict(view.schema.modalities["director"]) == {"text": 30}
    assert {t: dict(m) for t, m in view.schema.modalities.items()} == {
        t: dict(m) for t, m in expected.schema.modalities.items()
    }
    # Coordinates have either sign, their products do not; the generator was asked for as much.
    rows = torch.arange(120)
    one, other = view.features(rows), expected.features(rows)
    assert torch.allclose(one @ one.T, other @ other.T, atol=1e-2)
    assert torch.equal(workspace.generator.get_state(), generator.get_state())


def test_no_slab_outgrows_the_bound_where_a_small_type_has_many_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def columns(self: Room, nodes: int) -> int:
        asked.append(nodes)
        return 2

    monkeypatch.setattr(Room, "columns", columns)
    on_disk(films(), tmp_path / "a", "mixture", spread="on")
    assert min(asked) == 120  # The largest type, wherever a slab begins.


def test_kmeans_has_the_same_means_and_no_edges(tmp_path: Path) -> None:
    graph = films()
    found = on_disk(graph, tmp_path / "a", "kmeans", labels="pseudo").graph
    expected = in_memory(graph, "kmeans", labels="pseudo").graph
    for modality in ("text", "image"):
        one, other = features(found["movie"], modality), features(expected["movie"], modality)
        assert torch.allclose(one, other, atol=1e-5)
    assert all(found[r].edge_index.size(1) == 0 for r in graph.edge_types)


@pytest.mark.parametrize("make", [films, products])
def test_the_spread_is_that_of_a_graph_in_memory(tmp_path: Path, make: Any) -> None:
    graph = make()
    found = on_disk(graph, tmp_path / "a", "mixture", spread="on").graph.spread
    expected = in_memory(graph, "mixture", spread="on").graph.spread
    assert found.places == expected.places
    assert dict(found.basis_of) == dict(expected.basis_of)
    one, other = dict(found.arrays()), dict(expected.arrays())
    assert set(one) == set(other)
    for key in one:
        # Directions have either sign; single neighbours are measured on other edges.
        if key == "factor":
            assert torch.allclose(one[key].T @ one[key], other[key].T @ other[key], atol=0.05)
        elif key == "code":
            assert torch.allclose(
                one[key] @ one["decoder"], other[key] @ other["decoder"], atol=0.02
            )
        elif "differ" not in key and "apart" not in key and key != "decoder" and "rows" not in key:
            assert torch.allclose(one[key].float(), other[key].float(), atol=0.01), key


@pytest.mark.parametrize("make", [films, products])
def test_validation_nodes_judge_as_in_memory(tmp_path: Path, make: Any) -> None:
    """Draws differ: single neighbours are measured on other edges. Among films one node of 30 decides,
    so only among products the choice must be the same.
    """
    graph = make()
    made = on_disk(graph, tmp_path / "a", "mixture")
    found = made.provenance.measures
    expected = in_memory(graph, "mixture").provenance.measures
    for model, score in expected["judged"]["off"].items():
        assert found["judged"]["off"][model] == pytest.approx(score, abs=1e-9)
    if make is films:
        for model, score in expected["judged"]["on"].items():
            assert found["judged"]["on"][model] == pytest.approx(score, abs=0.05)
    else:
        assert found["spread"] == expected["spread"]
    assert (spread_of(made.graph) is not None) == (found["spread"] == "on")


def test_the_size_of_blocks_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = on_disk(films(), tmp_path / "a", "coarsening")
    monkeypatch.undo()
    assert_alike(found.graph, on_disk(films(), tmp_path / "b", "coarsening").graph)


def test_test_labels_change_nothing(tmp_path: Path) -> None:
    graph, other = films(), films()
    test = other["movie"].test_mask
    other["movie"].y[test] = other["movie"].y[test].flip(0)
    one = on_disk(graph, tmp_path / "a", "mixture")
    two = on_disk(other, tmp_path / "b", "mixture")
    assert_alike(one.graph, two.graph)
    assert one.provenance.dataset_hash == two.provenance.dataset_hash


def test_a_run_that_ends_anywhere_goes_on_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before each stage in turn; stages before it are not made again."""
    expected = on_disk(films(), tmp_path / "a", "mixture", spread="on")
    made: list[str] = []
    original = Workspace.stage

    def stage(self: Workspace, name: str, make: Any, read: Any) -> Any:
        if name not in made:
            made.append(name)
            raise KeyboardInterrupt
        return original(self, name, make, read)

    monkeypatch.setattr(Workspace, "stage", stage)
    interrupted = 0
    while True:
        try:
            found = on_disk(films(), tmp_path / "b", "mixture", spread="on")
            break
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted == len(made) > 10
    assert_alike(found.graph, expected.graph)
    for (key, one), (_, other) in zip(
        found.graph.spread.arrays(), expected.graph.spread.arrays(), strict=True
    ):
        assert torch.equal(one, other), key


def test_the_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    on_disk(films(), tmp_path / "a", "coarsening")
    with pytest.raises(UserError, match=r"different settings\.hops"):
        on_disk(films(), tmp_path / "a", "coarsening", hops=1)


def test_methods_that_need_the_graph_in_memory_say_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"method \(got 'herding'\) needs the graph in memory"):
        on_disk(films(), tmp_path / "a", "herding")


def test_a_ratio_that_is_too_small_is_told(tmp_path: Path) -> None:
    save(tmp_path / "whole.h5", films())
    with open_stored(tmp_path / "whole.h5") as stored, pytest.raises(BudgetError, match="--ratio"):
        condense_stored(stored, 0.001, work=tmp_path / "work", memory=2 * GIB)


def test_types_without_features_get_those_of_their_neighbours(tmp_path: Path) -> None:
    save(tmp_path / "whole.h5", films())
    expected = complete(films())["actor"]
    workspace = Workspace(tmp_path / "work", torch.Generator())
    (tmp_path / "work").mkdir()
    with open_stored(tmp_path / "whole.h5") as stored:
        relations = reading.sorted_relations(stored, workspace, Room(2 * GIB))
        found = reading.read_graph(stored, relations, workspace, Room(2 * GIB)).features["actor"]
    assert dict(found.widths) == {"text": 6, "image": 4}
    x = found.x.rows(0, found.x.height)
    for modality in ("text", "image"):
        has = expected[f"has_{modality}"]
        assert torch.equal(found.has[modality], has)
        wanted = features(expected, modality)[has]
        assert torch.allclose(x[:, found.columns(modality)][has], wanted, atol=1e-5)
        assert torch.allclose(found.mean[modality], wanted.mean(dim=0), atol=1e-5)
