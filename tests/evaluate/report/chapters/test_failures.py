"""Failures are in the report, each with its data set."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.report.chapters import failures
from evaluate.report.read_runs import read_runs
from evaluate.report.write import write_report
from evaluate.results.records import write_records
from evaluate.results.rows import write_rows
from evaluate.results.store import Failure
from tests.evaluate.report.rows import rows

TRAINING = Failure("c1", "imdb", "srgm", "hgt", 0, 3, "MemoryError: no room | left")
TUNING = Failure("c2", "imdb", "whole", "han", None, None, "ValueError: bad")
CONDENSING = Failure("", "imdb", "kmeans", "", 1, None, "DivergedError: not finite")


def folder(path: Path, *failures: Failure) -> Path:
    """An evaluation of real IMDB and its failures."""
    write_rows(path / "results.csv", rows())
    write_records(path / "failures.csv", Failure, failures)
    record = {"command": "evaluate", "dataset": "imdb", "source": "real"}
    (path / "run.json").write_text(json.dumps(record))
    return path


def test_failures_are_listed(tmp_path: Path) -> None:
    written = write_report([folder(tmp_path, TRAINING, TUNING, CONDENSING)], tmp_path / "r.html")
    (runs,) = read_runs([tmp_path])
    (table,) = failures.chapter(runs).tables
    assert table.rows == (
        ("srgm", "0", "hgt", "3", "MemoryError: no room | left"),
        ("whole", "–", "han", "choosing settings", "ValueError: bad"),
        ("kmeans", "1", "condensing", "–", "DivergedError: not finite"),
    )
    assert "DivergedError: not finite" in written.page.read_text()
    assert (written.folder / "imdb-failures.csv").exists()


def test_without_failures_there_is_no_chapter(tmp_path: Path) -> None:
    folder(tmp_path).joinpath("failures.csv").unlink()
    (runs,) = read_runs([tmp_path])
    assert failures.chapter(runs).empty


def test_a_failure_belongs_to_its_own_data(tmp_path: Path) -> None:
    simulated = [dataclasses.replace(r, source="simulated") for r in rows()]
    acm_rows = [dataclasses.replace(r, dataset="acm") for r in rows()]
    write_rows(tmp_path / "more.csv", [*simulated, *acm_rows])
    acm = dataclasses.replace(TRAINING, dataset="acm")
    datasets = read_runs([tmp_path / "more.csv", folder(tmp_path, TUNING, acm)])
    assert {s.title: s.failures for s in datasets} == {
        "imdb (simulated)": [],
        "acm": [acm],
        "imdb": [TUNING],
    }


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder(tmp_path).joinpath("failures.csv").write_text("a,b\n")
    with pytest.raises(FileError, match=r"failures.csv cannot be read as failures"):
        read_runs([tmp_path])
