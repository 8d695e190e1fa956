"""`prepare` on the command line, up to a table of models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import cli
from tests.condense.prepare.test_pyg import data


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    torch.save(data(), "mine.pt")
    return "mine.pt"


def test_from_a_file_to_the_table(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--split", "20/10/70", "--modalities", "text:8", "image:4", "--target", "item"]
    assert cli.main(["prepare", source, "--out", "mine.h5", *more]) == 0
    said = capsys.readouterr()
    assert "text (8), image (4)" in said.out
    assert "note     split: 20/10/70 drawn with seed 0" in said.out
    assert "condense --dataset mine.h5 --ratio 0.1" in said.out
    assert "WARNING" not in said.err  # Changes are listed once.
    words = ["--method", "kmeans", "--ratio", "0.2", "--out", "small.h5"]
    assert cli.main(["condense", "--dataset", "mine.h5", *words]) == 0
    words = ["--models", "mlp", "--seeds", "1", "--epochs", "5"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *words]) == 0
    assert "mlp" in capsys.readouterr().out


def test_json(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prepare", source, "--out", "m.h5", "--split", "5/5", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["file"] == "m.h5"
    assert "split: 5/5 drawn with seed 0" in made["changes"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "mine.txt"], "out (got mine.txt) must end in .h5 or .hdf5"),
        (["--out", "m.h5", "--modalities", "text"], "modalities (got 'text') must read"),
        (["--out", "m.h5", "--modalities", "a:x", "b:3"], "modalities (got 'b:3') must read"),
        (
            ["--out", "m.h5", "--modalities", "text:img"],
            "modalities (got 'img') is not an attribute",
        ),
        (["--out", "m.h5"], "has no split"),
    ],
)
def test_mistakes_leave_nothing_behind(
    source: str, words, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    split = [] if message == "has no split" else ["--split", "20/10/70"]
    assert cli.main(["prepare", source, *split, *words]) == 2
    assert message in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.pt"]
