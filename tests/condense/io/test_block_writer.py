"""Graphs written block by block are read as those that `save` writes, or no file is written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.data.graph import MultimodalGraph
from condense.data.rules.values import absent
from condense.errors import FileError, GraphError
from condense.io import load_graph, open_stored, save, save_blocks
from tests.condense.io.test_round_trip import assert_identical
from tests.condense.io.test_stored_graph import large_graph
from tests.support.graphs import small_graph

FEATURES = ("movie", "features", "actor")
Blocks = dict[tuple[Any, str], Any]


def cut(x: np.ndarray, sizes: list[int]) -> Iterator[np.ndarray]:
    """The rows of `x` in blocks of these sizes, over and over."""
    first = 0
    while first < len(x):
        for size in sizes:
            yield x[first : first + size].copy()
            first += size


def outlined(graph: MultimodalGraph, sizes: list[int]) -> tuple[MultimodalGraph, Blocks]:
    """The outline of `graph`, without features and edges, and their blocks."""
    outline, blocks = MultimodalGraph(), {}
    for key in ("target", "num_classes", "name", "source"):
        setattr(outline, key, getattr(graph, key))
    for key in (*graph.node_types, *graph.edge_types):
        for name, x in graph[key].items():
            if not name.startswith(("x_", "edge_", "other")):
                outline[key][name] = x
                continue
            outline[key][name] = absent(x.shape, x.dtype)
            if name == "edge_index":
                blocks[key, name] = ((a[:, 0], a[:, 1]) for a in cut(x.t().numpy(), sizes))
            else:
                blocks[key, name] = cut(x.numpy(), sizes)
    return outline, blocks


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("sizes", [[1 << 20], [1], [4_000, 1, 70_001]])
def test_a_file_is_read_as_that_of_save(tmp_path: Path, sizes: list[int], packed: bool) -> None:
    graph = small_graph(weighted=True) if sizes == [1] else large_graph()
    graph["actor"].other = torch.arange(graph["actor"].num_nodes * 6).view(-1, 2, 3)
    save_blocks(tmp_path / "a.h5", *outlined(graph, sizes), packed=packed)
    assert_identical(load_graph(tmp_path / "a.h5"), graph)
    with open_stored(tmp_path / "a.h5") as stored:
        stored.verify()


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
    seed=st.integers(0, 99),
)
def test_blocks_of_any_size(tmp_path_factory: pytest.TempPathFactory, sizes, seed) -> None:
    path, graph = tmp_path_factory.mktemp("a") / "a.h5", small_graph(seed, weighted=True)
    save_blocks(path, *outlined(graph, sizes))
    assert_identical(load_graph(path), graph)


def test_one_chunk_arrays_have_the_bytes_of_save(tmp_path: Path) -> None:
    graph = small_graph(num_target=2_000, text_width=30)
    save(tmp_path / "a.h5", graph)
    save_blocks(tmp_path / "b.h5", *outlined(graph, [77]))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_buffer_that_is_used_again(tmp_path: Path) -> None:
    graph, buffer = small_graph(), np.empty((7, 6), np.float32)
    outline, blocks = outlined(graph, [40])

    def reused() -> Iterator[np.ndarray]:
        for block in cut(graph["movie"].x_text.numpy(), [7]):
            buffer[: len(block)] = block
            yield buffer[: len(block)]

    blocks["movie", "x_text"] = reused()
    save_blocks(tmp_path / "a.h5", outline, blocks)
    assert_identical(load_graph(tmp_path / "a.h5"), graph)


def test_without_compression_files_are_as_large_as_their_arrays(tmp_path: Path) -> None:
    graph = large_graph()
    size = sum(x.numel() * x.element_size() for x in graph["movie"].values() if hasattr(x, "numel"))
    save_blocks(tmp_path / "a.h5", *outlined(graph, [999]), packed=False)
    save_blocks(tmp_path / "b.h5", *outlined(graph, [999]))
    assert (tmp_path / "a.h5").stat().st_size > size
    assert (tmp_path / "b.h5").stat().st_size < 0.9 * (tmp_path / "a.h5").stat().st_size


def test_edges_of_int32_and_none(tmp_path: Path) -> None:
    graph = small_graph()
    graph["movie", "near", "movie"].edge_index = torch.empty(2, 0, dtype=torch.long)
    outline, blocks = outlined(graph, [9])
    index = graph[FEATURES].edge_index.numpy().astype(np.int32)
    blocks[FEATURES, "edge_index"] = [(index[0], index[1].astype(np.int64))]
    save_blocks(tmp_path / "a.h5", outline, blocks)
    assert_identical(load_graph(tmp_path / "a.h5"), graph)


def test_memory_is_that_of_blocks(tmp_path: Path) -> None:
    outline, blocks = outlined(small_graph(num_target=4_000), [4_000])
    rows = 4_000
    outline["movie"].x_text = absent([rows, 4_000], torch.float32)
    edges = 3_000_000
    outline[FEATURES].edge_index = absent([2, edges], torch.int64)
    zeros = np.zeros(1_000, np.int64)
    rng = np.random.default_rng(0)
    blocks["movie", "x_text"] = (rng.random((100, 4_000), np.float32) for _ in range(40))
    blocks[FEATURES, "edge_index"] = ((zeros, zeros) for _ in range(3_000))
    tracemalloc.start()
    try:
        save_blocks(tmp_path / "a.h5", outline, blocks, packed=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a.h5").stat().st_size > 80 << 20
    assert peak < 24 << 20


def rows(graph: MultimodalGraph, change) -> Any:
    return list(map(change, cut(graph["movie"].x_text.numpy(), [9])))


def ends(graph: MultimodalGraph, change) -> Any:
    index = graph[FEATURES].edge_index.numpy()
    return [change(index[0], index[1])]


WRONG = {
    "too few rows": (("movie", "x_text"), lambda g: rows(g, lambda x: x[1:]), ("35 rows", "40")),
    "too many rows": (
        ("movie", "x_text"),
        lambda g: rows(g, lambda x: np.repeat(x, 2, 0)),
        ("54 or more rows", "must have 40", "x_text"),
    ),
    "no rows": (("movie", "x_text"), lambda g: [], ("0 rows", "40")),
    "width": (("movie", "x_text"), lambda g: rows(g, lambda x: x[:, 1:]), ("float32 [9, 5]", "6]")),
    "type": (("movie", "x_text"), lambda g: rows(g, np.float64), ("float64 [9, 6]", "float32")),
    "no array": (("movie", "x_text"), lambda g: rows(g, list), ("list", "numpy array")),
    "a vector": (("movie", "x_text"), lambda g: rows(g, np.ravel), ("float32 [54]",)),
    "NaN": (
        ("movie", "x_text"),
        lambda g: rows(g, lambda x: x * np.nan),
        ("x_text[0, 0] (got nan) is not finite (40 such rows)", "has_text"),
    ),
    "source": (
        (FEATURES, "edge_index"),
        lambda g: ends(g, lambda a, b: (a + 1, b)),
        ("edge_index[0, ", "(got 40) must lie in 0 … 39, the nodes of 'movie'"),
    ),
    "destination": (
        (FEATURES, "edge_index"),
        lambda g: ends(g, lambda a, b: (a, -b - 1)),
        ("edge_index[1, 0]", "must lie in 0 … 19, the nodes of 'actor'"),
    ),
    "one end": ((FEATURES, "edge_index"), lambda g: ends(g, lambda a, b: (a,)), ("sources [k]",)),
    "edges of floats": (
        (FEATURES, "edge_index"),
        lambda g: ends(g, lambda a, b: (a, b * 1.0)),
        ("float64", "int32 or int64"),
    ),
    "unequal ends": (
        (FEATURES, "edge_index"),
        lambda g: ends(g, lambda a, b: (a[1:], b)),
        ("sources and", "as many of both"),
    ),
    "too few edges": (
        (FEATURES, "edge_index"),
        lambda g: ends(g, lambda a, b: (a[1:], b[1:])),
        ("edges) must have", "outline"),
    ),
    "weight": (
        (FEATURES, "edge_weight"),
        lambda g: [np.zeros(len(g[FEATURES].edge_weight), np.float32)],
        ("edge_weight[0] (got 0.0)", "positive"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_blocks_write_nothing(tmp_path: Path, name: str) -> None:
    place, wrong, words = WRONG[name]
    graph = small_graph(weighted=True)
    outline, blocks = outlined(graph, [40])
    blocks[place] = wrong(graph)
    (tmp_path / "a.h5").write_text("old")
    with pytest.raises(GraphError) as raised:
        save_blocks(tmp_path / "a.h5", outline, blocks)
    for word in words:
        assert word in str(raised.value)
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]
    assert (tmp_path / "a.h5").read_text() == "old"


def test_wrong_outlines(tmp_path: Path) -> None:
    def refused(*words: str) -> None:
        with pytest.raises(GraphError) as raised:
            save_blocks(tmp_path / "a.h5", outline, blocks)
        for word in words:
            assert word in str(raised.value)
        assert list(tmp_path.iterdir()) == []

    outline, blocks = outlined(small_graph(), [40])
    del blocks["director", "x_text"]
    refused("graph['director'].x_text (got no blocks)", "give its blocks")
    outline, blocks = outlined(small_graph(), [40])
    blocks["movie", "x_sound"] = []
    refused("graph['movie'].x_sound (got blocks)", "absent(shape, dtype)")
    outline, blocks = outlined(small_graph(), [40])
    blocks["movie", "y"] = [small_graph()["movie"].y.numpy()]
    outline["movie"].y = absent([40], torch.long)
    refused("graph['movie'].y (got blocks) must be in the outline")
    outline, blocks = outlined(small_graph(), [40])
    outline["movie"].x_text = absent([40, 0], torch.float32)
    refused("x_text (got float32 [40, 0])", "width ≥ 1")
    outline, blocks = outlined(small_graph(), [40])
    outline["movie"].val_mask = outline["movie"].train_mask
    refused("must not overlap")
    outline, blocks = outlined(small_graph(), [40])
    outline["actor"].num_nodes = 2**31 + 1
    refused("graph['actor'].num_nodes (got 2,147,483,649)", "in blocks")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    outline, blocks = outlined(small_graph(), [9])

    def interrupted() -> Iterator[np.ndarray]:
        yield small_graph()["movie"].x_text.numpy()[:9]
        raise error("here")

    blocks["movie", "x_text"] = interrupted()
    (tmp_path / "a.h5").write_text("old")
    with pytest.raises(error, match="here"):
        save_blocks(tmp_path / "a.h5", outline, blocks)
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]
    assert (tmp_path / "a.h5").read_text() == "old"


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="missing folder"):
        save_blocks(tmp_path / "none" / "a.h5", *outlined(small_graph(), [9]))


def test_arrays_that_compress_too_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be read again is refused, as by `save`."""
    monkeypatch.setattr("condense.io.fits.FREE", 1 << 10)
    monkeypatch.setattr("condense.io.fits.TIMES", 5)
    graph = small_graph(num_target=4_000)
    graph["movie"].x_text = torch.zeros(4_000, 2_000)
    with pytest.raises(GraphError, match=r"\['movie'\]\.x_text") as expected:
        save(tmp_path / "a.h5", graph)
    with pytest.raises(GraphError) as raised:
        save_blocks(tmp_path / "a.h5", *outlined(graph, [500]))
    assert str(raised.value).split(" in a file")[0] == str(expected.value).split(" in a file")[0]
    assert list(tmp_path.iterdir()) == []


def test_a_stored_graph_is_copied(tmp_path: Path) -> None:
    """What is read in blocks may be written so."""
    graph = small_graph(weighted=True)
    save(tmp_path / "a.h5", graph)
    outline, _ = outlined(graph, [1])
    with open_stored(tmp_path / "a.h5") as stored:
        blocks: Blocks = {
            (t, f"x_{m}"): (x for _, x in stored.feature_blocks(t, m, 7)) for t, m in stored.widths
        }
        for r in stored.edge_types:
            blocks[r, "edge_index"] = ((a, b) for a, b, _ in stored.edge_blocks(r, 11))
            if stored.has_weight(r):
                blocks[r, "edge_weight"] = (w for _, _, w in stored.edge_blocks(r, 13))
        save_blocks(tmp_path / "b.h5", outline, blocks)
    graph["movie"].x_image = graph["movie"].x_image.nan_to_num()
    assert_identical(load_graph(tmp_path / "b.h5"), graph)
