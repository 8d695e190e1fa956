"""A graph read in blocks has the values of the graph in memory, whatever the chunks of its file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.errors import FileError, GraphError, UserError
from condense.io import StoredGraph, load_graph, open_stored, save
from models.schema import GraphSchema, features
from tests.condense.io.test_eight_bits import narrow
from tests.support.files import edited, reseal
from tests.support.graphs import PROVENANCE, small_condensed, small_graph
from tests.support.sparse import wide_graph

REWRITTEN: dict[str, dict[str, Any] | None] = {
    "as written": None,
    "one piece": {},
    "odd chunks": {"chunks": True, "compression": "gzip"},
}


def large_graph(dtype: torch.dtype = torch.float32) -> MultimodalGraph:
    """Large enough for several compressed chunks of features and edges."""
    graph = small_graph(num_target=60_000, text_width=13, weighted=True, dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    more = torch.randint(30_000, (2, 300_000), generator=generator)
    graph["actor", "knows", "actor"].edge_index = more
    return graph


def rewrite(path: Path, options: dict[str, Any] | None) -> None:
    """Store each array in another way; "chunks": True stands for odd ones."""
    if options is None:
        return
    with edited(path) as file:
        for group in (*file["nodes"].values(), *file["edges"].values()):
            for name in list(group):
                values, chosen = group[name][()], dict(options)
                if chosen:
                    chosen["chunks"] = tuple(max(1, n // 3 - 1) for n in values.shape)
                del group[name]
                group.create_dataset(name, data=values, **chosen)


def assert_same_values(stored: StoredGraph, graph: MultimodalGraph, k: int | None) -> None:
    for node_type, modality in stored.widths:
        firsts, blocks = zip(*stored.feature_blocks(node_type, modality, k), strict=True)
        sizes = [len(block) for block in blocks]
        assert list(firsts) == [0, *np.cumsum(sizes)[:-1]]
        assert k is None or set(sizes[:-1]) <= {k}
        assert {block.dtype for block in blocks} == {np.dtype("float32")}
        expected = features(graph[node_type], modality).numpy()
        assert np.array_equal(np.concatenate(blocks), expected)
    for relation in stored.edge_types:
        source, destination, weight = zip(*stored.edge_blocks(relation, k), strict=True)
        index = np.stack([np.concatenate(source), np.concatenate(destination)])
        assert index.dtype == np.int64
        assert np.array_equal(index, graph[relation].edge_index.numpy())
        if "edge_weight" in graph[relation]:
            expected = graph[relation].edge_weight.float().numpy()
            assert np.array_equal(np.concatenate(weight), expected)
            assert weight[0].dtype == np.float32
        else:
            assert set(weight) == {None}


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("how", REWRITTEN)
def test_values(tmp_path: Path, how: str, dtype: torch.dtype) -> None:
    path, graph = tmp_path / "a.h5", large_graph(dtype)
    save(path, graph)
    rewrite(path, REWRITTEN[how])
    with open_stored(path, block_bytes=1 << 20) as stored:
        assert_same_values(stored, graph, None)
        assert_same_values(stored, graph, 7_001)


def test_single_rows(tmp_path: Path) -> None:
    path, graph = tmp_path / "a.h5", small_graph(weighted=True)
    save(path, graph)
    with open_stored(path, block_bytes=1) as stored:
        assert_same_values(stored, graph, 1)
        assert all(len(block) == 1 for _, block in stored.feature_blocks("movie", "text"))


def test_description(tmp_path: Path) -> None:
    path, graph = tmp_path / "a.h5", small_graph(weighted=True)
    graph["movie", "near", "movie"].edge_index = torch.empty(2, 0, dtype=torch.long)
    save(path, graph)
    with open_stored(path) as stored:
        assert (stored.path, stored.name, stored.source) == (path, "small", "simulated")
        assert (stored.target, stored.num_classes) == ("movie", 3)
        assert stored.node_types == ("movie", "director", "actor")
        assert stored.edge_types == tuple(graph.edge_types)
        assert stored.num_nodes == {"movie": 40, "director": 10, "actor": 20}
        widths = {("movie", "text"): 6, ("movie", "image"): 4, ("director", "text"): 6}
        assert list(stored.widths.items()) == list(widths.items())
        assert stored.edges == {r: graph[r].edge_index.size(1) for r in graph.edge_types}
        assert stored.schema == GraphSchema.of(graph)
        assert stored.has_weight(("movie", "features", "actor"))
        assert not stored.has_weight(("movie", "directed_by", "director"))
        assert stored.has("movie", "text") is None
        assert torch.equal(stored.has("movie", "image"), graph["movie"].has_image)
        for split in ("train_mask", "val_mask", "test_mask"):
            assert torch.equal(getattr(stored, split), graph["movie"][split])
        assert list(stored.edge_blocks(("movie", "near", "movie"))) == []


def test_test_labels_are_hidden(tmp_path: Path) -> None:
    path, graph = tmp_path / "a.h5", small_graph()
    save(path, graph)
    test = graph["movie"].test_mask
    with open_stored(path) as stored:
        assert stored.y.dtype == torch.long
        assert (stored.y[test] == -1).all()
        assert (stored.outline["movie"].y[test] == -1).all()
        assert torch.equal(stored.y[~test], graph["movie"].y[~test])


def test_nodes_without_a_modality_are_zero_whatever_the_file_holds(tmp_path: Path) -> None:
    graph = small_graph(dtype=torch.float64)
    movie = graph["movie"]
    movie.x_image[~movie.has_image] = torch.tensor(
        [float("nan"), float("inf"), 1e300, -1e300]
    ).double()
    save(tmp_path / "a.h5", graph)
    with open_stored(tmp_path / "a.h5") as stored:
        ((_, block),) = stored.feature_blocks("movie", "image")
    assert (block[~movie.has_image.numpy()] == 0).all()
    assert np.array_equal(
        block[movie.has_image.numpy()], movie.x_image[movie.has_image].float().numpy()
    )


def test_memory_is_that_of_blocks(tmp_path: Path) -> None:
    graph, path = small_graph(num_target=100_000, text_width=100), tmp_path / "a.h5"
    save(path, graph)
    size = graph["movie"].x_text.numel() * 4
    with open_stored(path, block_bytes=1 << 20) as stored:
        tracemalloc.start()
        try:
            rows = sum(len(block) for _, block in stored.feature_blocks("movie", "text"))
            stored.verify()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert rows == 100_000
    assert size > 38 << 20
    assert peak < 24 << 20  # The inflated chunks that a reader keeps, and a few blocks.


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: small_condensed(), ("holds a condensed graph", "load_condensed")),
        (lambda: CondensedGraph(narrow(), PROVENANCE), ("condensed", "load_condensed")),
        (wide_graph, ("x_", "are sparse", "load_graph", "dense features")),
    ],
    ids=["condensed", "eight bits", "sparse"],
)
def test_other_files_say_what_to_do(tmp_path: Path, make, words: tuple[str, ...]) -> None:
    path = tmp_path / "a.h5"
    save(path, make())
    with pytest.raises(FileError) as raised, open_stored(path):
        pass
    for word in (str(path), *words):
        assert word in str(raised.value)


def test_whole_graph_in_eight_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from condense.data.levels import EIGHT_BITS, Levels

    graph, path = small_graph(), tmp_path / "a.h5"
    graph["director"].x_text = torch.tensor([[0.0, 1, 2], [2, 1, 0]]).repeat(5, 2)
    assert Levels.exactly(graph["director"].x_text) is not None
    setattr(graph, EIGHT_BITS, True)
    monkeypatch.setattr("condense.io.write.check", lambda graph, kind: None)
    save(path, graph)
    with pytest.raises(FileError, match="in eight bits\\) must be dense"), open_stored(path):
        pass


def test_missing_folder_and_foreign_files(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match=r"none\.h5 does not exist"),
        open_stored(tmp_path / "none.h5"),
    ):
        pass
    with pytest.raises(FileError, match="is not a file"), open_stored(tmp_path):
        pass
    (tmp_path / "text.h5").write_text("no graph")
    with pytest.raises(FileError, match="not an HDF5 file"), open_stored(tmp_path / "text.h5"):
        pass


def test_damage_is_found_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    save(path, small_graph())
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    with pytest.raises(FileError, match="truncated"), open_stored(path):
        pass
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with pytest.raises(FileError, match="SHA-256"), open_stored(path):
        pass


def test_a_damaged_chunk_is_found_when_it_is_read(tmp_path: Path) -> None:
    path, graph = tmp_path / "a.h5", large_graph()
    save(path, graph)
    with edited(path) as file:
        x = file["nodes/movie/x_text"]
        info = x.id.get_chunk_info(1)
        first = info.chunk_offset[0]
    with path.open("r+b") as stream:
        stream.seek(info.byte_offset)
        stream.write(bytes(info.size))
    reseal(path)
    with open_stored(path) as stored:
        blocks = stored.feature_blocks("movie", "text", first)
        assert np.array_equal(next(blocks)[1], graph["movie"].x_text[:first].numpy())
        with pytest.raises(FileError, match="not gzip's") as raised:
            next(blocks)
        assert str(path) in str(raised.value)
        with pytest.raises(FileError, match="not gzip's"):
            stored.verify()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda s: s.feature_blocks("movie", "sound"), ("'sound'", "choose one of", "movie:text")),
        (lambda s: s.feature_blocks("actor", "text"), ("'actor'", "choose one of")),
        (lambda s: s.feature_blocks("movie", "text", 0), ("rows (got 0)", "at least 1")),
        (lambda s: s.edge_blocks(("movie", "features", "actor"), -1), ("edges (got -1)",)),
        (lambda s: s.edge_blocks(("movie", "has", "actor")), ("'has'", "did you mean")),
        (lambda s: s.has("movie", "txt"), ("'txt'", "did you mean 'movie:text'")),
        (lambda s: s.has_weight(("a", "b", "c")), ("('a', 'b', 'c')", "choose one of")),
    ],
)
def test_wrong_arguments(tmp_path: Path, ask, words: tuple[str, ...]) -> None:
    save(tmp_path / "a.h5", small_graph())
    with open_stored(tmp_path / "a.h5") as stored:
        with pytest.raises(UserError) as raised:
            ask(stored)
        for word in words:
            assert word in str(raised.value)


def test_no_block_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", small_graph())
    with (
        pytest.raises(UserError, match=r"block_bytes \(got 0\)"),
        open_stored(tmp_path / "a.h5", block_bytes=0),
    ):
        pass


def test_after_closing(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", small_graph())
    with open_stored(tmp_path / "a.h5") as stored:
        begun = stored.feature_blocks("movie", "text", 10)
        next(begun)
    for read in (
        lambda: next(stored.feature_blocks("movie", "text")),
        lambda: next(stored.edge_blocks(("movie", "features", "actor"))),
        lambda: next(begun),
        stored.verify,
    ):
        with pytest.raises(FileError, match="has been closed; read it inside the with block"):
            read()


def raise_at_the_first(blocks: Iterable[object], error: Exception) -> None:
    for _ in blocks:
        raise error


def test_errors_of_the_reader_stay_what_they_are(tmp_path: Path) -> None:
    """Those of the code in the block are no errors of the file."""
    save(tmp_path / "a.h5", small_graph())
    error = GraphError("mine")
    with pytest.raises(GraphError) as raised, open_stored(tmp_path / "a.h5") as stored:
        raise_at_the_first(stored.feature_blocks("movie", "text"), error)
    assert raised.value is error


def test_names_that_files_encode(tmp_path: Path) -> None:
    graph = small_graph()
    graph["a/b:c%."].num_nodes = 3
    graph["a/b:c%."]["x_1/2"] = torch.arange(6.0).view(3, 2)
    graph["a/b:c%.", "to:from", "movie"].edge_index = torch.tensor([[0, 2], [3, 1]])
    save(tmp_path / "a.h5", graph)
    with open_stored(tmp_path / "a.h5") as stored:
        assert_same_values(stored, graph, None)
        assert stored.node_types[-1] == "a/b:c%."
    assert load_graph(tmp_path / "a.h5")["a/b:c%."]["x_1/2"].shape == (3, 2)
