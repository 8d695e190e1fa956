"""Rows of trials as a folder keeps them: what is accepted, what is missing, why trials failed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.json_files import write_json
from evaluate.results.records import write_records
from evaluate.search.kept_trials import failures, missing, read_trials, spent_seconds
from evaluate.search.record import FAILED, TrialRow
from evaluate.search.space import Space, read_space

GOOD = TrialRow(2, "mlp", "hidden=4", 0.5, 20, 1.25, "finished")
BAD = TrialRow(5, "mlp", "hidden=8", math.nan, 3, 0.5, FAILED, 'KeyError: "a", or\tb')


@pytest.fixture
def space(tmp_path: Path) -> Space:
    path = tmp_path / "space.toml"
    path.write_text("[models.mlp]\nhidden = [4, 8]\n")
    return read_space(path)


def test_rows_are_read_by_number_with_their_reasons(tmp_path: Path, space: Space) -> None:
    path = tmp_path / "trials.csv"
    assert read_trials(path, space, 6) == []
    write_records(path, TrialRow, [BAD, GOOD])
    rows = read_trials(path, space, 6)
    assert rows[0] == GOOD
    assert rows[1].reason == BAD.reason
    assert missing(rows, 6) == [1, 3, 4, 6]


def test_rows_of_earlier_versions_have_no_reason(tmp_path: Path, space: Space) -> None:
    path = tmp_path / "trials.csv"
    head = "trial,model,settings,score,epochs,train_seconds,status"
    path.write_text(f"{head}\n1,mlp,hidden=8,0.5,20,1.0,stopped\n")
    assert [row.reason for row in read_trials(path, space, 6)] == [""]


def test_what_a_kill_cut_costs_one_row(tmp_path: Path, space: Space) -> None:
    path = tmp_path / "trials.csv"
    write_records(path, TrialRow, [GOOD, replace(GOOD, trial=3)])
    whole = path.read_bytes()
    ended = whole.rindex(b"\n", 0, -1) + 1  # Of the first row.
    for length in range(ended + 1, len(whole)):
        path.write_bytes(whole[:length])
        assert read_trials(path, space, 6) == [GOOD]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trial": 7}, "number must be 1 … 6"),
        ({"trial": 0}, "number must be 1 … 6"),
        ({"trial": 3}, "trial 3 more than once"),
        ({"status": "running"}, "status .got 'running'."),
        ({"score": math.nan}, "score .got nan. must be empty for a failed trial"),
        ({"status": FAILED}, "score .got 0.5. must be empty"),
        ({"model": "gcn"}, "gcn"),
        ({"settings": "hidden=5"}, "not an architecture of the space"),
        ({"settings": ""}, "not an architecture of the space"),
        ({"score": 7.0}, "score"),
    ],
)
def test_a_row_of_another_search_is_refused(
    tmp_path: Path, space: Space, change: dict, said: str
) -> None:
    path = tmp_path / "trials.csv"
    write_records(path, TrialRow, [replace(GOOD, **change), replace(GOOD, trial=3)])
    with pytest.raises(FileError, match=said):
        read_trials(path, space, 6)


@pytest.mark.parametrize("value", ["soon", None, -1, [1], True, math.nan, 1e300])
def test_seconds_are_a_number(tmp_path: Path, value: object) -> None:
    path = tmp_path / "clock.json"
    assert spent_seconds(path) == 0
    write_json(path, {"seconds": 3.5})
    assert spent_seconds(path) == 3.5
    write_json(path, {"seconds": value})
    with pytest.raises(FileError, match="must be a number from 0"):
        spent_seconds(path)


def test_the_commonest_reason_is_told() -> None:
    rare = replace(BAD, trial=1, reason="ValueError: 1")
    assert failures([GOOD]) == ""
    said = failures([GOOD, rare, BAD, replace(BAD, trial=6)])
    assert said == f"3 of 4 trials failed, 2 of them for this reason (mlp): {BAD.reason}"
    assert len(failures([replace(BAD, reason="x" * 1000)])) < 300
    assert "no reason was recorded" in failures([replace(BAD, reason="")])
