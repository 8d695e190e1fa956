"""What is kept is not computed again, in memory and in a file."""

from __future__ import annotations

import math
import subprocess
import sys
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


@pytest.mark.parametrize("value", [1.5, 1, math.nan])
def test_two_stores_that_add_to_one_file_keep_each_others_records(
    tmp_path: Path, value: float
) -> None:
    path = tmp_path / "values.csv"
    first, second = opened(path), opened(path)
    first.add([Measured("a", value)])
    second.add([Measured("b", 2.0)])
    first.add([Measured("c", 3.0)])
    assert [record.name for record in first] == ["b", "a", "c"]
    assert "b" in first
    assert sorted(record.name for record in opened(path)) == ["a", "b", "c"]
    second.add([], outdated=lambda record: record.name == "a")
    assert sorted(record.name for record in opened(path)) == ["b", "c"]


ADD = """
import sys, time
from pathlib import Path
from tests.evaluate.results.test_record_store import Measured, opened
path, name = Path(sys.argv[1]), sys.argv[2]
store = opened(path)
path.with_name(name).touch()
while len(list(path.parent.iterdir())) < 3 and not path.exists():
    time.sleep(0.001)
for i in range(60):
    store.add([Measured(f"{name}{i}", i / 3)])
"""


def test_processes_that_add_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    processes = [subprocess.Popen([sys.executable, "-c", ADD, path, name]) for name in "xyz"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    expected = sorted(f"{name}{i}" for name in "xyz" for i in range(60))
    assert sorted(record.name for record in opened(path)) == expected
    assert sorted(file.name for file in tmp_path.iterdir()) == ["values.csv", "x", "y", "z"]


def test_another_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(FileError, match="choose another --out"):
        opened(path)
    assert path.read_text() == "x,y\n1,2\n"
