"""Tables in many batches give the graph that whole tables give, and mistakes deep in them are named."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

import cli
from condense.data.pyg import edges as converted
from condense.data.rules import edges as rules
from condense.edges import statistics
from condense.errors import UserError
from condense.io import scratch
from condense.io.scratch import Scratch
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import Prepared, prepare
from condense.prepare.tables import batches, categories, json_lines, numbered, numbers, table_file
from tests.support.tables import FORMATS

SPEC = """
[node.item]
file = "items.csv"
id = "id"
numbers = ["price", "rank", "size"]
categories = ["brand", "maker"]
label = "kind"
[node.tag]
[edge.likes]
file = "likes.csv"
source = { type = "item", column = "a" }
target = { type = "item", column = "b" }
weight = "w"
reverse = true
[edge.tagged]
file = "tagged.csv"
source = { type = "item", column = "a" }
target = { type = "tag", column = "b" }
[edge.near]
file = "near.csv"
source = { type = "tag", column = "a" }
target = { type = "tag", column = "b" }
"""
ITEMS, EDGES = 90, 400


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL", 0)
    sizes = {
        "ROWS": (table_file, batches, categories, numbers),
        "BLOCK": (batches, json_lines),
        "EDGES": (converted, rules, statistics),
        "COPIED": (numbered,),
        "LINES": (json_lines,),
    }
    for name, modules in sizes.items():
        for module in modules:
            monkeypatch.setattr(module, name, 400 if name == "BLOCK" else 17)


def data() -> dict[str, dict[str, list]]:
    rng = np.random.Generator(np.random.PCG64(3))

    def some(values: list, count: int = EDGES) -> list:
        return [values[i] for i in rng.integers(0, len(values), count)]

    ids = [f"n{i}" for i in rng.permutation(ITEMS)]
    items = {
        "id": ids,
        "price": [
            None if i % 7 == 0 else float(x) for i, x in enumerate(rng.lognormal(0, 4, ITEMS))
        ],
        "rank": rng.integers(0, 1000, ITEMS).tolist(),
        "size": [None if i % 7 == 0 else 1e6 + i for i in range(ITEMS)],
        "brand": some([None, *(f"b{i}" for i in range(80))], ITEMS),
        "maker": some(["x", "y"], ITEMS),
        "kind": some(["k1", "k2"], ITEMS),
    }
    tags = [f"t{i}" for i in range(60)]
    likes = {"a": some(ids), "b": some(ids), "w": some([0.0, 0.5, 2.0])}
    return {
        "items": items,
        "likes": likes,
        "tagged": {"a": some(ids), "b": some([None, *tags[:30]])},
        "near": {"a": some(tags), "b": some(tags)},
    }


def written(folder: Path, kind: str, tables: dict[str, dict[str, list]]) -> Path:
    for name, columns in tables.items():
        FORMATS[kind](pa.table(columns), folder / f"{name}.{kind}")
    path = folder / "graph.toml"
    path.write_text(SPEC.replace(".csv", f".{kind}"))
    return path


def made(path: Path, folder: Path | None = None, drop: bool = True) -> Prepared:
    options = ReadOptions(scratch=Scratch(folder))
    return prepare(path, split="1/1", on_unknown="drop" if drop else "error", options=options)


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


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_mistakes_deep_in_a_table_are_named(tmp_path: Path, kind: str) -> None:
    def refused(change: Callable[[dict], None], message: str) -> None:
        tables = data()
        change(tables["likes"])
        path = written(tmp_path, kind.removesuffix(".gz"), tables)
        if kind == "csv.gz":
            whole = (tmp_path / "likes.csv").read_bytes()
            (tmp_path / "likes.csv.gz").write_bytes(gzip.compress(whole))
            path.write_text(path.read_text().replace("likes.csv", "likes.csv.gz"))
        with pytest.raises(UserError, match=message):
            made(path, tmp_path, drop=False)

    def at(column: str, **values: object) -> Callable[[dict], None]:
        return lambda likes: [
            likes[column].__setitem__(int(row[1:]), value) for row, value in values.items()
        ]

    # Row 300 counts from 0; a header, or the empty lines between rows of JSON, come before it.
    first = {"csv": 302, "csv.gz": 302, "jsonl": 601, "parquet": 301}[kind]
    word = "row" if kind == "parquet" else "line"
    place = rf"likes\.{re.escape(kind)}, {word} {first}: "
    refused(at("b", r300="zz"), place + r"b \(got 'zz'\) must be an id of 'item'")
    refused(at("a", r300=None), place + r"a \(got nothing\) must be an id of 'item'")
    refused(at("w", r300=-2.0), place + r"w \(got '?-2\.0'?\) must be a positive weight; correct")
    refused(at("w", r300=None), place + r"w \(got nothing\) must be a positive weight; correct")
    huge = r"w \(got '?1e\+?300'?\) must be finite, and less than 3\.4e38; correct"
    refused(at("w", r300=1e300), place + huge)
    many = dict.fromkeys(("r300", "r301", "r302", "r390", "r399"), "zz")
    message = rf"{word}s {first}, .* and 2 more: a \(got 'zz'\) .* \(5 edges\); add"
    refused(at("a", **many), message)


def test_a_column_may_change_its_kind_late(tmp_path: Path) -> None:
    """Numbers of JSON are told from strings, and whole ones from others, by all rows and not by the first."""
    (tmp_path / "n.jsonl").write_text(
        "".join(
            json.dumps({"id": i, "y": i % 2, "x": i if i < 50 else i / 4}) + "\n" for i in range(60)
        )
    )
    (tmp_path / "e.jsonl").write_text(
        "".join(json.dumps({"a": i, "b": i if i < 50 else str(i)}) + "\n" for i in range(60))
    )
    path = tmp_path / "graph.toml"
    node = '[node.n]\nfile = "n.jsonl"\nid = "id"\nnumbers = "x"\nlabel = "y"\n'
    path.write_text(node + '[edge.e]\nfile = "e.jsonl"\nsource = "a"\ntarget = "b"\n')
    graph = made(path, tmp_path).graph
    assert graph["n", "e", "n"].edge_index.tolist() == [list(range(60))] * 2
    # 3e15 is read as 3000000000000000 where all numbers are whole, and 60.5 is in the last batch.
    ids = [3e15, *(float(i) for i in range(58)), 60.5]
    FORMATS["parquet"](pa.table({"id": ids, "y": [0, 1] * 30, "x": ids}), tmp_path / "n.parquet")
    FORMATS["parquet"](pa.table({"a": ids, "b": ids}), tmp_path / "e.parquet")
    path.write_text(path.read_text().replace("jsonl", "parquet"))
    assert made(path, tmp_path).graph["n", "e", "n"].edge_index.tolist() == [list(range(60))] * 2
    FORMATS["parquet"](pa.table({"a": ids[:59], "b": ids[:59]}), tmp_path / "e.parquet")
    with pytest.raises(UserError, match=r"e\.parquet, row 1: a \(got 3000000000000000\.0\) must"):
        made(path, tmp_path, drop=False)


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


def test_nothing_stays_after_a_mistake_or_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "csv", data())
    before = sorted(p.name for p in tmp_path.iterdir())
    words = ["prepare", str(path), "--split", "1/1", "--out", str(tmp_path / "mine.h5")]
    assert cli.main(words) == 2
    assert "tagged.csv, line" in capsys.readouterr().err

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(numbered, "_add", interrupted)
    assert cli.main(words) == 130
    assert sorted(p.name for p in tmp_path.iterdir()) == before
