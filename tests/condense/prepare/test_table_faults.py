"""Mistakes in tables: the line is named, and nothing stays behind."""

from __future__ import annotations

import gc
import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from condense.errors import FileError, UserError
from condense.io import scratch
from condense.io.scratch import Scratch
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import prepare
from condense.prepare.tables import batches, numbered
from condense.prepare.tables.files import layout_of, open_table
from tests.support import many_batches
from tests.support.many_batches import data, made, written

OPEN = Path("/proc/self/fd")


@pytest.mark.parametrize("late", ["abc", "2.5", "\u00e9"])
def test_cells_that_change_their_kind_hide_no_malformed_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    monkeypatch.setattr(batches, "BLOCK", 40)
    path = tmp_path / "rows.csv"
    lines = ["a,x", *(f"n{i},{i}" for i in range(40)), f"n40,{late}", *["b,1"] * 40, "short", "c,2"]
    path.write_text("\n".join(lines) + "\n", "latin-1" if late == "\u00e9" else "utf-8")
    layout = layout_of(path, (), None, "[edge.e]")
    table = open_table(path, layout, {"a": "source"}, "[edge.e]")
    message = r"cannot be read \(Expected 2 columns, got 1"
    place = "" if late == "\u00e9" else f", line {lines.index('short') + 1}"
    with pytest.raises(FileError, match=re.escape(str(path) + place) + " " + message):
        table.table("a")


@pytest.mark.skipif(not OPEN.exists(), reason="descriptors are counted on Linux only")
def test_a_damaged_table_of_edges_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BLOCK", 40)
    monkeypatch.setattr(scratch, "SMALL", 0)
    path = tmp_path / "graph.toml"
    path.write_text(
        '[node.n]\nfile = "n.csv"\nid = "id"\nnumbers = "x"\nlabel = "y"\n[edge.e]\nfile = "e.csv"\n'
    )
    path.write_text(path.read_text() + 'source = "a"\ntarget = "b"\nweight = "w"\n')
    (tmp_path / "n.csv").write_text("id,x,y\n0,1,a\n1,2,b\n")
    (tmp_path / "e.csv").write_text("a,b,w\n" + "0,1,1\n" * 60 + "short\n")

    def opened() -> int:
        with pytest.raises(FileError, match=r"e\.csv, line 62 .*Expected 3 columns, got 1"):
            prepare(path, split="1/1", options=ReadOptions(scratch=Scratch(tmp_path)))
        gc.collect()
        return len(os.listdir(OPEN))

    opened()
    before = opened()
    assert [opened(), opened()] == [before, before]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_mistakes_deep_in_a_table_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    many_batches.small(monkeypatch)

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


def test_nothing_stays_after_a_mistake_or_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    many_batches.small(monkeypatch)
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
