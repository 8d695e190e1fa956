"""Tables in many batches give the graph that whole tables give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import cli
from tests.support import many_batches
from tests.support.many_batches import EDGES, data, made, written
from tests.support.tables import FORMATS


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    many_batches.small(monkeypatch)


@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("kind", FORMATS)
def test_edges_are_those_of_dictionaries(tmp_path: Path, kind: str, on_disk: bool) -> None:
    tables = data()
    result = made(written(tmp_path, kind, tables), tmp_path if on_disk else None)
    item = {name: number for number, name in enumerate(tables["items"]["id"])}
    # All tags of one column, and then those of the next.
    named = [*tables["tagged"]["b"], *tables["near"]["a"], *tables["near"]["b"]]
    tag = {name: i for i, name in enumerate(dict.fromkeys(n for n in named if n is not None))}
    likes, tagged, near = (tables[name] for name in ("likes", "tagged", "near"))
    rows = [
        (item[a], item[b], w)
        for a, b, w in zip(likes["a"], likes["b"], likes["w"], strict=True)
        if w > 0
    ]
    graph = result.graph
    there, back = graph["item", "likes", "item"], graph["item", "rev_likes", "item"]
    assert there.edge_index.tolist() == [[a for a, _, _ in rows], [b for _, b, _ in rows]]
    assert torch.equal(back.edge_index, there.edge_index.flip(0))
    for store in (there, back):
        assert store.edge_weight.tolist() == [w for _, _, w in rows]
    pairs = [(item[a], tag[b]) for a, b in zip(tagged["a"], tagged["b"], strict=True) if b]
    assert graph["item", "tagged", "tag"].edge_index.T.tolist() == [list(p) for p in pairs]
    expected = [[tag[a] for a in near["a"]], [tag[b] for b in near["b"]]]
    assert graph["tag", "near", "tag"].edge_index.tolist() == expected
    zeros = likes["w"].count(0.0)
    said = "edge_weight of item / rev_likes / item: {} edges of weight 0 taken out"
    assert said.format(zeros) in result.changes
    empty = tagged["b"].count(None)
    assert any(f"tagged: {empty} of {EDGES} edges left out" in each for each in result.changes)


def test_the_reverse_shares_its_numbers(tmp_path: Path) -> None:
    graph = made(written(tmp_path, "csv", data()), tmp_path).graph
    there, back = graph["item", "likes", "item"], graph["item", "rev_likes", "item"]
    assert back.edge_index[0].data_ptr() == there.edge_index[1].data_ptr()
    assert back.edge_weight.data_ptr() == there.edge_weight.data_ptr()


@pytest.mark.parametrize("several", [True, False])
def test_numbers_are_to_the_last_bit_those_of_a_whole_matrix(tmp_path: Path, several: bool) -> None:
    tables = data()
    path = written(tmp_path, "parquet", tables)
    columns = ["price", "rank", "size"] if several else ["price"]
    if not several:
        path.write_text(path.read_text().replace('["price", "rank", "size"]', '"price"'))
    x = np.array([tables["items"][c] for c in columns], dtype=np.float64).T.copy()  # [n, k]
    known = ~np.isnan(x)
    x = np.where(known, x, 0)
    x = x / np.abs(x).max(axis=0)
    centred = np.where(known, x - x.sum(axis=0) / known.sum(axis=0), 0)
    x = centred / np.sqrt(np.square(centred).sum(axis=0) / known.sum(axis=0))
    item = made(path, tmp_path).graph["item"]
    assert np.array_equal(item.x_numbers.numpy(), x.astype(np.float32))
    assert ("has_numbers" in item) == (not several)


def test_categories_are_those_of_counting(tmp_path: Path) -> None:
    tables = data()
    item = made(written(tmp_path, "jsonl", tables), tmp_path).graph["item"]
    columns = []
    for column in ("brand", "maker"):
        values = tables["items"][column]
        names = sorted({v for v in values if v}, key=lambda name: (-values.count(name), name))
        columns += [[float(v == name) for v in values] for name in names[:64]]
    assert item.x_categories.T.tolist() == columns


def test_a_line_may_be_longer_than_a_block(tmp_path: Path) -> None:
    """The rows before it are read in blocks that are too small for it."""
    tables = data()
    tables["near"]["a"][300] = "long" * 300
    path = written(tmp_path, "csv", tables)
    graph = made(path, tmp_path).graph
    for kind in ("jsonl", "parquet"):
        other = made(written(tmp_path, kind, tables), tmp_path).graph
        for relation in graph.edge_types:
            assert torch.equal(graph[relation].edge_index, other[relation].edge_index)


def test_one_file_whatever_the_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "csv", data())
    words = ["prepare", str(path), "--split", "1/1", "--on-unknown", "drop", "--out"]
    assert cli.main([*words, str(tmp_path / "small.h5")]) == 0
    monkeypatch.undo()
    assert cli.main([*words, str(tmp_path / "large.h5")]) == 0
    assert (tmp_path / "small.h5").read_bytes() == (tmp_path / "large.h5").read_bytes()
