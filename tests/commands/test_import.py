"""`import` on the command line, up to a table in which imported graphs stand beside baselines."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import cli
from condense.io import load_condensed, save
from tests.condense.foreign.test_graph import SIZES, written
from tests.support.products import products

EVALUATE = ["--models", "mlp", "--seeds", "1", "--epochs", "5", "--baselines", "random"]


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Default output folders are below the working directory: not in the repository."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "whole.h5", products(SIZES))
    return str(tmp_path / "whole.h5")


def words(paths: dict[str, Path], whole: str, *more: str) -> list[str]:
    files = ["--feat", str(paths["feat"]), "--adj", str(paths["adj"])]
    return ["import", *files, "--dataset", whole, "--out", "small.h5", *more]


def test_from_tensors_to_the_table(
    whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path)
    more = ["--modalities", "text:6", "image:4", "--threshold", "0.4", "--setting", "inductive"]
    assert cli.main(words(paths, whole, *more)) == 0
    said = capsys.readouterr().out
    for part in (
        "method   foreign:srgm, seed 0",
        "seconds  unknown",
        "dropped_mass",
        "cannot be checked",
    ):
        assert part in said
    made = load_condensed(tmp_path / "small.h5").provenance
    assert made.dataset_settings["dataset"] == whole
    assert (made.settings["threshold"], made.setting) == (0.4, "inductive")
    assert cli.main(["evaluate", "--condensed", "small.h5", *EVALUATE]) == 0
    table = capsys.readouterr().out
    scores, made = [one.split() for one in table.splitlines() if "  foreign:srgm " in f"  {one}"][
        :2
    ]
    assert scores[0] == "mlp"
    assert scores[-1] in ("unknown", "never")  # Condensing has not come for nothing.
    assert made[-1] == "unknown"  # What it took.
    assert "random" in table


def test_edgeless_graphs_are_warned_of_and_their_baselines_have_no_edges(
    whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, adj=torch.full((8, 8), 0.006))
    assert cli.main(words(paths, whole)) == 0
    assert "edgeless for any threshold above" in capsys.readouterr().out
    assert cli.main(["inspect", "small.h5"]) == 0
    assert "edgeless for any threshold above" in capsys.readouterr().out
    assert cli.main(["evaluate", "--condensed", "small.h5", *EVALUATE]) == 0
    rows = (tmp_path / "runs/evaluate/results.csv").read_text().splitlines()
    edges = rows[0].split(",").index("edges")
    assert [row.split(",")[edges] for row in rows[2:]] == ["0", "0"]


def test_graphslim(whole: str, tmp_path: Path) -> None:
    paths = written(tmp_path)
    more = ["--format", "graphslim", "--label", str(paths["label"]), "--method", "sgdd"]
    assert cli.main(words(paths, whole, *more, "--seed", "1")) == 0
    assert load_condensed(tmp_path / "small.h5").provenance.method == "foreign:graphslim:sgdd"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--modalities", "text"], "must read NAME:WIDTH"),
        (["--modalities", "text:6", "text:4"], "each name once"),
        (["--modalities", "text:6", "imag:4"], "did you mean 'image'"),
        (["--format", "graphslim"], "give --label FILE"),
        (["--label", "missing.pt"], "missing.pt is not a file"),
        (["--dataset", "missing.h5"], "missing.h5"),
        (["--out", "whole.h5"], "is one of the files to read"),
        (["--ratio", "0.5"], "do not fit the whole graph"),
    ],
)
def test_wrong_input(
    more: list[str], said: str, whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words(written(tmp_path), whole, *more)) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "small.h5").exists()
