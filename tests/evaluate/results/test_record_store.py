"""What is kept is not computed again, in memory and in a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.record_store import RecordStore
from evaluate.results.records import read_records


@dataclass(frozen=True)
class Measured:
    name: str
    value: float


def opened(path: Path | None) -> RecordStore[Measured]:
    return RecordStore(Measured, lambda record: record.name, path)


def test_a_second_run_finds_what_the_first_has_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "values.csv"
    first = opened(path)
    assert "a" not in first
    first.add([Measured("a", 1.0), Measured("a", 2.0)])
    first.add([Measured("b", math.inf)])
    second = opened(path)
    assert second.get("a") == [Measured("a", 1.0), Measured("a", 2.0)]
    assert (list(second), len(second), second.new) == (list(first), 3, [])
    assert second.get("c") == ()


@pytest.mark.parametrize("kept", [True, False])
def test_outdated_records_of_earlier_runs_go_and_new_ones_stay(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "values.csv" if kept else None
    store = opened(path)
    store.add([Measured("a", 1.0), Measured("b", 1.0)])
    if kept:
        store = opened(path)
    store.add([Measured("a", 2.0)], outdated=lambda record: record.value == 1.0)
    store.add([Measured("c", 2.0)], outdated=lambda record: True)
    expected = [Measured("a", 2.0), Measured("c", 2.0)]
    if path is None:  # Nothing is from an earlier run.
        expected = [Measured("a", 1.0), Measured("b", 1.0), *expected]
    else:
        assert read_records(path, Measured, "values", "") == expected
    assert list(store) == expected
    assert store.get("a")[-1] == Measured("a", 2.0)


def test_restricted_records_are_all_that_is_left(tmp_path: Path) -> None:
    store = opened(tmp_path / "values.csv")
    store.add([Measured("a", 1.0), Measured("b", 2.0)])
    store.restrict([Measured("b", 2.0)])
    assert "a" not in store
    assert list(opened(tmp_path / "values.csv")) == [Measured("b", 2.0)]


def test_another_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(FileError, match="choose another --out"):
        opened(path)
    assert path.read_text() == "x,y\n1,2\n"
