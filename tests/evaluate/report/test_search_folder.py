"""A search's files are read as they are, finished or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.report.chapters.searching import kendall
from evaluate.report.search_folder import Search, is_search, known, read_search


def test_everything_is_read(tiny) -> None:
    found = read_search(tiny.search)
    assert len(found.trials) == 7
    assert len(found.top) == 2
    models, small, whole = found.pairs("condensed")
    assert models == ["mlp", "gcn", "gcn", "hgt", "hgt", "mlp"]
    assert (small[3], whole[3]) == (0.7, 0.71)
    assert found.pairs("short") == ([], [], [])
    assert kendall(found, "condensed") == "τ = 0.87 [0.61, 1.00]"


def test_without_a_verdict_kendalls_tau_is_computed_and_has_no_interval(tiny) -> None:
    found = read_search(tiny.search)
    _, small, whole = found.pairs("subgraph")
    pairs = [(i, j) for i in range(6) for j in range(i)]
    signs = [(small[i] - small[j]) * (whole[i] - whole[j]) for i, j in pairs]
    tau = sum((s > 0) - (s < 0) for s in signs) / len(pairs)
    assert kendall(found, "subgraph") == f"τ = {tau:.2f}"
    assert kendall(found, "short") == "τ unknown"


def test_verdicts_may_stand_at_the_top() -> None:
    search = Search(Path("s"), {"short": {"kendall": {"value": 0.5, "low": None, "high": None}}})
    assert kendall(search, "short") == "τ = 0.50"
    assert Search(Path("s"), {"condensed": "small.h5"}).quality("condensed") == {}


def test_an_unfinished_search_is_one(tmp_path: Path) -> None:
    assert not is_search(tmp_path)
    (tmp_path / "trials.csv").write_text("trial,model,settings,score\n1,mlp,width=8,\n")
    assert is_search(tmp_path)
    found = read_search(tmp_path)
    assert (found.record, found.verify, found.top) == ({}, [], [])
    assert [known(line["score"]) for line in found.trials] == [False]
    assert not known("nan")


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
