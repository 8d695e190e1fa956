"""The files of a search, finished or not."""

from __future__ import annotations

import json
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
        ("trials.csv", "trial,model,settings,score\n1,mlp,x,high\n"),
        ("verify.csv", "model,settings,whole_val\nmlp,x,high\n"),
        ("top.csv", "a\n"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "search.json").write_text(json.dumps({}))
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=f"{name}.*(cannot be read|must be a JSON object)"):
        read_search(tmp_path)


@pytest.mark.parametrize("missing", [None, "NaN"])
def test_undefined_numbers_are_none_in_records_of_every_version(
    tmp_path: Path, missing: str | None
) -> None:
    quality = {"kendall": {"value": 0.5, "low": missing}}
    (tmp_path / "search.json").write_text(json.dumps({"verify": {"condensed": quality}}))
    assert read_search(tmp_path).quality("condensed") == {"kendall": {"value": 0.5, "low": None}}
