"""Verifying a file in blocks refuses what loading and condensing it refuse, in the same words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from condense.budget import plan
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.errors import FileError, GraphError
from condense.io import load_graph, open_stored, save
from condense.run import condense
from tests.condense.io.test_stored_graph import REWRITTEN, large_graph, rewrite
from tests.support.files import edited
from tests.support.graphs import small_graph

FEATURES = ("movie", "features", "actor")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("how", REWRITTEN)
def test_fingerprint_is_that_of_the_graph_in_memory(
    tmp_path: Path, how: str, dtype: torch.dtype
) -> None:
    path, graph = tmp_path / "a.h5", large_graph(dtype)
    graph["actor"].born = (
        torch.arange(30_000).to(torch.int16).view(-1, 1, 2).repeat(2, 5, 1)[:30_000]
    )
    graph["movie"].node_weight = torch.rand(60_000)
    graph["movie", "features", "actor"].role = torch.arange(graph[FEATURES].edge_index.size(1))
    save(path, graph)
    rewrite(path, REWRITTEN[how])
    with open_stored(path) as stored:
        found = stored.verify()
    assert found == fingerprint(graph) == fingerprint(load_graph(path))


def test_fingerprint_of_a_wide_modality(tmp_path: Path) -> None:
    """A row is more than a block."""
    graph = small_graph(num_target=12, text_width=300_000)
    save(tmp_path / "a.h5", graph)
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.verify() == fingerprint(graph)


Break = Callable[[MultimodalGraph], None]


def put(key: object, name: str, place: object, value: float) -> Break:
    def change(graph: MultimodalGraph) -> None:
        graph[key][name] = graph[key][name].clone()
        graph[key][name][place] = value

    return change


def replace(key: object, name: str, value: Callable[[torch.Tensor], torch.Tensor]) -> Break:
    def change(graph: MultimodalGraph) -> None:
        graph[key][name] = value(graph[key][name])

    return change


def drop(name: str) -> Break:
    def change(graph: MultimodalGraph) -> None:
        del graph["movie"][name]

    return change


def two_faults(graph: MultimodalGraph) -> None:
    put("director", "x_text", (9, 1), torch.inf)(graph)
    put(FEATURES, "edge_index", (0, 3), 40)(graph)


def two_widths(graph: MultimodalGraph) -> None:
    replace("director", "x_text", lambda x: x[:, :3])(graph)
    graph["director", "hires", "actor"].edge_index = torch.tensor([[0], [1]])


def soft_labels(graph: MultimodalGraph) -> None:
    graph["movie"].y_soft = torch.full((40, 3), 1 / 3)


BROKEN: dict[str, Break] = {
    "NaN": put("movie", "x_text", (slice(7, 30), 2), torch.nan),
    "infinite": put("movie", "x_image", (3, 0), -torch.inf),
    "source": put(FEATURES, "edge_index", (0, 5), 40),
    "destination": put(FEATURES, "edge_index", (1, 5), 20),
    "both ends": put(FEATURES, "edge_index", (slice(0, 2), slice(5, 9)), -7),
    "weight 0": put(FEATURES, "edge_weight", 8, 0),
    "weight NaN": put(FEATURES, "edge_weight", slice(4, 9), torch.nan),
    "two faults": two_faults,
    "integer features": replace("movie", "x_text", torch.Tensor.long),
    "one column": replace("movie", "x_text", lambda x: x[:, 0]),
    "no columns": replace("movie", "x_text", lambda x: x[:, :0]),
    "integer weights": replace(FEATURES, "edge_weight", torch.Tensor.long),
    "two widths": two_widths,
    "label": put("movie", "y", 0, 3),
    "label of a test node": put("movie", "y", 39, -2),
    "unlabelled": put("movie", "y", 0, -1),
    "overlap": put("movie", "val_mask", 0, True),
    "integer mask": replace("movie", "has_image", torch.Tensor.long),
    "empty split": replace("movie", "test_mask", torch.zeros_like),
    "no split": drop("test_mask"),
    "no labels": drop("y"),
    "untaught class": put("movie", "train_mask", slice(0, 40, 3), False),
    "soft labels": soft_labels,
}


@pytest.mark.parametrize("name", BROKEN)
def test_rules_are_those_of_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, graph = tmp_path / "a.h5", small_graph(weighted=True)
    BROKEN[name](graph)
    monkeypatch.setattr("condense.io.write.check", lambda graph, kind: None)
    save(path, graph)
    with pytest.raises(FileError, match="breaks a rule of the data type") as expected:
        load_graph(path)
    with pytest.raises(FileError) as raised, open_stored(path) as stored:
        stored.verify()
    assert str(raised.value) == str(expected.value)


def test_the_first_fault_of_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, graph = tmp_path / "a.h5", large_graph()
    graph["movie"].x_text[30_000::5_000] = torch.nan
    for relation, edge in ((FEATURES, 170_000), (("actor", "knows", "actor"), 290_000)):
        graph[relation].edge_index[1, edge:] = 30_000
    monkeypatch.setattr("condense.io.write.check", lambda graph, kind: None)
    for fault in (
        "x_text[30000, 0] (got nan) is not finite (6 such rows)",
        "edge_index[1, 170000]",
    ):
        save(path, graph)
        with pytest.raises(FileError) as expected:
            load_graph(path)
        with open_stored(path) as stored, pytest.raises(FileError) as raised:
            stored.verify()
        assert fault in str(raised.value)
        assert str(raised.value) == str(expected.value)
        graph["movie"].x_text = graph["movie"].x_text.nan_to_num()


@pytest.mark.parametrize("place", [("movie", "x_text", (39, 5)), ("director", "x_text", (0, 0))])
def test_features_too_large_to_condense(tmp_path: Path, place) -> None:
    graph = small_graph()
    put(*place, -2e30)(graph)
    save(tmp_path / "a.h5", graph)
    with pytest.raises(GraphError) as expected:
        condense(graph, plan(graph, 0.5), device="cpu")
    with pytest.raises(GraphError) as raised, open_stored(tmp_path / "a.h5") as stored:
        stored.verify()
    assert str(raised.value) == str(expected.value)
    assert "2.0e+30" in str(raised.value)


def test_large_numbers_where_the_modality_is_lacking(tmp_path: Path) -> None:
    graph = small_graph()
    graph["movie"].x_image[~graph["movie"].has_image] = 1e38
    save(tmp_path / "a.h5", graph)
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.verify() == fingerprint(graph)


@pytest.mark.parametrize(
    "dataset",
    ["nodes/movie/x_text", "nodes/movie/y", "edges/movie:features:actor/edge_index"],
)
def test_changed_values_under_a_right_seal(tmp_path: Path, dataset: str) -> None:
    path = tmp_path / "a.h5"
    save(path, small_graph())
    with edited(path) as file:
        values = file[dataset][()]
        values.flat[0], values.flat[4] = values.flat[4], values.flat[0]
        assert (values != file[dataset][()]).any()
        file[dataset][...] = values
    with open_stored(path) as stored, pytest.raises(FileError) as raised:
        stored.verify()
    assert "do not match its checksum" in str(raised.value)
    assert str(path) in str(raised.value)


def test_changed_header_under_a_right_seal(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    save(path, small_graph())
    with edited(path) as file:
        file.attrs["num_classes"] = 3
        file.attrs["source"] = "real"
    with open_stored(path) as stored, pytest.raises(FileError, match="do not match its checksum"):
        stored.verify()
