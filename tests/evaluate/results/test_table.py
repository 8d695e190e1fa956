"""What a table says of costs that nobody knows."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from evaluate.results.rows import CONDENSED, WHOLE, Row, read_rows, write_rows
from evaluate.results.table import as_break_even, as_graphs, as_matrix, as_text, summarise

ROW = Row(
    dataset="cora", source="real", method=WHOLE, ratio=1.0, ratio_train=1.0, model="mlp",
    trained_on=WHOLE, condense_seed=None, train_seed=0, micro_f1=0.8, macro_f1=0.8, accuracy=0.8,
    val_micro_f1=0.8, majority=0.3, epoch=20, train_seconds=10.0, validate_seconds=1.0,
    tune_seconds=0.0, condense_seconds=0.0, nodes=100, edges=200, bytes=1000, settings="",
)  # fmt: skip
IMPORTED = dataclasses.replace(
    ROW, method="foreign:srgm", trained_on=CONDENSED, condense_seconds=math.nan, nodes=10, ratio=0.1
)


def test_unknown_seconds_are_never_free(tmp_path: Path) -> None:
    quick = dataclasses.replace(IMPORTED, train_seconds=1.0)
    write_rows(tmp_path / "rows.csv", [ROW, quick])
    lines = summarise(read_rows(tmp_path / "rows.csv"))
    assert as_text(lines).splitlines()[-1].split()[-1] == "unknown"
    assert as_graphs(lines).splitlines()[-1].split()[-1] == "unknown"
    assert as_break_even(lines).splitlines()[-1].split() == ["foreign:srgm", "unknown"]
    assert as_matrix(lines).splitlines()[-1].split()[-1] == "unknown"


def test_what_trains_no_faster_never_pays_whatever_it_cost() -> None:
    slow = dataclasses.replace(IMPORTED, train_seconds=10.0)
    assert as_break_even(summarise([ROW, slow])).splitlines()[-1].split()[-1] == "never"
