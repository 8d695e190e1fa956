"""Damaged tables: the line is named, and nothing of them stays open."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path

import pytest

from condense.errors import FileError
from condense.io import scratch
from condense.io.scratch import Scratch
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import prepare
from condense.prepare.tables import batches
from condense.prepare.tables.files import layout_of, open_table

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
