"""Damaged tables: the line is named, and nothing of them stays open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from condense.errors import FileError
from condense.prepare.tables import batches
from condense.prepare.tables.files import layout_of, open_table


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
