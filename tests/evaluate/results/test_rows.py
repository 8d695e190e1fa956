"""Rows survive their file; other files are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.rows import Row, read_rows, write_rows

ROW = Row(
    dataset="imdb", source="real", method="kmeans:labels=pseudo,hops=1", ratio=0.01, ratio_train=0.05,
    model="sgc", trained_on="condensed", condense_seed=3, train_seed=4, micro_f1=1 / 3, macro_f1=0.1,
    accuracy=1 / 3, val_micro_f1=0.5, majority=0.4, epoch=20, train_seconds=1e-3,
    validate_seconds=0.25, tune_seconds=0.0, condense_seconds=7.125, nodes=117, edges=340,
    bytes=10**10, settings="hops=2 dropout=0.0",
)  # fmt: skip


def test_rows_survive_their_file(tmp_path: Path) -> None:
    whole = dataclasses.replace(ROW, trained_on="whole", condense_seed=None)
    rows = [ROW, *(dataclasses.replace(whole, rising=rising) for rising in (True, False, None))]
    write_rows(tmp_path / "results.csv", rows)
    assert read_rows(tmp_path / "results.csv") == rows


def test_columns_that_older_files_lack_are_at_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    newest = {"auc": 0.75, "peak_mib": 12.5, "condense_peak": 99.0, "threads": 2}
    digest = "0123456789abcdef"
    row = dataclasses.replace(
        ROW, setting="inductive", cell=digest, test_labels=digest, rising=True, **newest
    )
    write_rows(path, [row])
    assert read_rows(path) == [row]
    lines = path.read_text().splitlines()
    for count, older in (
        (1, {"rising": None}),
        (1, {"test_labels": ""}),
        (4, {"auc": None, "peak_mib": None, "condense_peak": None, "threads": 0}),
        (1, {"cell": ""}),
        (1, {"setting": "transductive"}),
    ):
        lines = [line.rsplit(",", count)[0] for line in lines]
        path.write_text("\n".join(lines) + "\n")
        row = dataclasses.replace(row, **older)
        assert read_rows(path) == [row]
    assert row == ROW


@pytest.mark.parametrize("text", ["\n", "a,b\n", "a,b\n1,2\n", "dataset\nimdb\n"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(FileError, match=r"other.csv cannot be read as results"):
        read_rows(path)
    with pytest.raises(FileError, match=r"none.csv"):
        read_rows(tmp_path / "none.csv")
