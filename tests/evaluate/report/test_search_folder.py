"""The files of a search, finished or not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.report.search_folder import Estimate, SearchFolder, is_number, is_search, read_search


def test_everything_is_read(tiny) -> None:
    search = read_search(tiny.search)
    assert len(search.trials) == 7
    assert len(search.top) == 2
    models, small, whole = search.pairs("condensed")
    assert models == ["mlp", "gcn", "gcn", "hgt", "hgt", "mlp"]
    assert (small[3], whole[3]) == (0.7, 0.71)
    assert search.pairs("short") == ([], [], [])
    assert str(search.kendall("condensed")) == "0.87 [0.61, 1.00]"


def test_without_a_verification_kendalls_tau_is_computed_and_has_no_interval(tiny) -> None:
    search = read_search(tiny.search)
    _, small, whole = search.pairs("subgraph")
    pairs = [(i, j) for i in range(6) for j in range(i)]
    signs = [(small[i] - small[j]) * (whole[i] - whole[j]) for i, j in pairs]
    tau = sum((s > 0) - (s < 0) for s in signs) / len(pairs)
    assert str(search.kendall("subgraph")) == f"{tau:.2f}"
    assert search.kendall("short") is None


def test_older_records_hold_the_verification_at_their_top_level() -> None:
    search = SearchFolder(
        Path("s"), {"short": {"kendall": {"value": 0.5, "low": None, "high": None}}}
    )
    assert search.kendall("short") == Estimate(0.5)
    assert SearchFolder(Path("s"), {"condensed": "small.h5"}).quality("condensed") == {}


def test_an_unfinished_search_is_read(tmp_path: Path) -> None:
    assert not is_search(tmp_path)
    (tmp_path / "trials.csv").write_text("trial,model,settings,score\n1,mlp,width=8,\n")
    assert is_search(tmp_path)
    search = read_search(tmp_path)
    assert (search.record, search.verify, search.top) == ({}, [], [])
    assert [is_number(line["score"]) for line in search.trials] == [False]
    assert not is_number("nan")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("search.json", "[]"),
        ("search.json", "{"),
        ("trials.csv", "a,b\n1,2\n"),
        ("trials.csv", "trial,model,settings,score\n1,mlp,x,high\n2,mlp,y,0.5\n"),
        ("trials.csv", "trial,model,settings,score\n1,mlp,x,7.0\n2,mlp,y,0.5\n"),
        (
            "trials.csv",
            "trial,model,settings,score,train_seconds\n1,mlp,x,.5,long\n2,mlp,y,0.5,1\n",
        ),
        ("trials.csv", "trial,model,settings,score,train_seconds\n1,mlp,x,.5,inf\n2,mlp,y,0.5,1\n"),
        ("verify.csv", "model,settings,whole_val\nmlp,x,high\nmlp,y,0.5\n"),
        ("verify.csv", "model,settings,whole_val\nmlp,x\nmlp,y,0.5\n"),
        ("top.csv", "a\n"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "search.json").write_text(json.dumps({}))
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=f"{name}.*cannot be read"):
        read_search(tmp_path)


def test_a_trial_cut_short_costs_itself_alone(tiny, tmp_path: Path) -> None:
    whole = (tiny.search / "trials.csv").read_bytes()
    for cut in range(1, 30):
        (tmp_path / "trials.csv").write_bytes(whole[:-cut])
        trials = read_search(tmp_path).trials
        assert trials == read_search(tiny.search).trials[: len(trials)]
        assert len(trials) in (5, 6)


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"search_seconds": "long"}, "search_seconds (got 'long')"),
        ({"verify": {"condensed": {"regret": "x"}}}, "verify.condensed.regret (got 'x')"),
        ({"condensed": {"top": [1]}}, "condensed.top (got [1])"),
        ({"verify": {"spread": {"low": "a", "high": 1.0}}}, "verify.spread.low (got 'a')"),
        ({"verify": {"short": {"kendall": 0.5}}}, "verify.short.kendall (got 0.5)"),
        ({"verify": {"architectures": "6"}}, "verify.architectures (got '6')"),
        ({"dataset": ["imdb"]}, "dataset (got ['imdb'])"),
    ],
)
def test_a_value_of_another_type_is_named(tmp_path: Path, record: object, place: str) -> None:
    (tmp_path / "search.json").write_text(json.dumps(record))
    with pytest.raises(FileError, match=f"search.json: {re.escape(place)}: "):
        read_search(tmp_path)


@pytest.mark.parametrize("missing", [None, "NaN"])
def test_undefined_numbers_are_none_in_records_of_every_version(
    tmp_path: Path, missing: str | None
) -> None:
    quality = {"kendall": {"value": 0.5, "low": missing}}
    (tmp_path / "search.json").write_text(json.dumps({"verify": {"condensed": quality}}))
    assert read_search(tmp_path).quality("condensed") == {"kendall": {"value": 0.5, "low": None}}
