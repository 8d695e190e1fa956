"""Of two runs in one folder, no mean mixes what was trained differently."""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.rows import Row, read_rows
from evaluate.results.store import FAILURES, RESULTS, TUNING, Failure, ResultStore
from tests.evaluate.report.rows import row


def trained(method: str, model: str, seeds: int, epochs: int) -> list[Row]:
    return [
        dataclasses.replace(
            row(method, model, seed, 0.5),
            settings=f"hops=2 epochs={epochs}",
            cell=f"{method}-{model}-{seed}-{epochs}",
        )
        for seed in range(seeds)
    ]


def kept(folder: Path, rows: list[Row]) -> list[Row]:
    """What is in the folder after a run that has trained so."""
    store = ResultStore(folder)
    for one in rows:
        store.add_rows([one])
    return read_rows(folder / "results.csv")


def test_rows_of_other_settings_go_whatever_their_seeds(tmp_path: Path) -> None:
    sgc, mlp = trained("srgm", "sgc", 5, 200), trained("srgm", "mlp", 5, 200)
    whole, other = trained("whole", "sgc", 5, 200), trained("random", "sgc", 5, 200)
    larger = [dataclasses.replace(r, ratio=0.02, cell=r.cell + "-2") for r in sgc]
    kept(tmp_path, [*sgc, *mlp, *whole, *other, *larger])
    shorter = trained("srgm", "sgc", 2, 50)
    assert kept(tmp_path, shorter) == [*mlp, *whole, *other, *larger, *shorter]


def test_rows_of_equal_settings_stay(tmp_path: Path) -> None:
    long = trained("srgm", "sgc", 5, 200)
    kept(tmp_path, long)
    assert kept(tmp_path, long[:2]) == [*long[2:], *long[:2]]


def test_with_a_full_disk_the_first_cause_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise FileError("path (got failures.csv) cannot be written: No space left on device")

    store = ResultStore(tmp_path)
    monkeypatch.setattr("evaluate.results.record_store.write_records", full)
    failure = Failure(
        "c", "imdb", "kmeans", "", 0, None, "FileError: rivals/a.h5 cannot be written"
    )
    with pytest.raises(
        FileError,
        match=r"^condensing \(kmeans\) failed, FileError: rivals/a.h5 .*"
        r"could not be recorded either: .*failures.csv",
    ):
        store.add_failure(failure)
    assert store.failures == [failure]


def test_two_stores_in_one_folder_leave_whole_files(tmp_path: Path) -> None:
    """Which of them keeps its rows is up to a lock; neither may trip over the other's partial files."""
    rows, stores = trained("srgm", "sgc", 6, 50), [ResultStore(tmp_path), ResultStore(tmp_path)]

    def add(store: ResultStore) -> None:
        for one in rows:
            store.add_rows([one])
            store.add_failure(Failure(one.cell, "imdb", "srgm", "sgc", 0, one.train_seed, "no"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, stores))
    assert read_rows(tmp_path / "results.csv") == rows
    assert sorted(file.name for file in tmp_path.iterdir()) == ["failures.csv", "results.csv"]


def test_real_and_simulated_data_of_one_name_keep_their_rows(tmp_path: Path) -> None:
    real = trained("srgm", "sgc", 2, 50)
    simulated = [
        dataclasses.replace(r, source="simulated", cell="s" + r.cell)
        for r in trained("srgm", "sgc", 2, 200)
    ]
    kept(tmp_path, real)
    assert kept(tmp_path, simulated) == [*real, *simulated]


@pytest.mark.parametrize("name", [RESULTS, TUNING, FAILURES])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_pipe_in_place_of_a_table_is_neither_read_nor_removed(
    tmp_path: Path, name: str, fresh: bool
) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileError, match="a pipe"):
        ResultStore(tmp_path, fresh)
    assert (tmp_path / name).is_fifo()
