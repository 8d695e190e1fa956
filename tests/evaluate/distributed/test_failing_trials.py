"""A sweep in which architectures fail: it ends with those that work, and repeats what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cli
from condense.budget import plan
from condense.io import save
from condense.run import condense
from evaluate.distributed import tune
from evaluate.results.rows import read_rows
from evaluate.search.record import FAILED, TrialRow, read_table
from models.registry import MODELS
from tests.support.broken_models import BROKEN
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow

train = tune.train_architecture


def train_with_broken_ones(config: dict[str, Any], **given: Any) -> None:
    """`train_architecture` in a worker process that knows the broken models."""
    MODELS.update(BROKEN)
    train(config, **given)


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for name, entry in BROKEN.items():
        monkeypatch.setitem(MODELS, name, entry)
    monkeypatch.setattr(tune, "train_architecture", train_with_broken_ones)
    graph = small_graph(num_target=80)
    save(tmp_path / "whole.h5", graph)
    save(tmp_path / "small.h5", condense(graph, plan(graph, 0.2), "random", device="cpu"))
    words = ["--condensed", "small.h5", "--whole", "whole.h5", "--space", "space.toml"]
    return ["search", *words, "--out", "out", "--jobs", "1", "--epochs", "6", "--top", "1"]


def space_of(*models: str) -> None:
    tables = "".join(f"[models.{name}]\nhidden = [2, 4]\n" for name in models)
    Path("space.toml").write_text(f"check_every = 3\n{tables}")


def trials() -> list[TrialRow]:
    return read_table(Path("out/trials.csv"), TrialRow)


def test_what_works_is_found(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    space_of("mlp", "raises", "too_large", "outgrown", "not_a_number")
    argv = [*argv, "--samples", "8", "--seed", "2"]
    assert cli.main(argv) == 1
    rows = trials()
    assert [row.trial for row in rows] == list(range(1, 9))
    reasons = {row.model: row.reason for row in rows}
    said = {
        "raises": "KeyError: 'no such",
        "too_large": "memory",
        "outgrown": "MemoryError",
        "not_a_number": "DivergedError: loss (got nan in epoch 1) must be finite",
    }
    assert len(reasons) == 5  # Of each family there is one.
    for row in rows:
        assert (row.status == FAILED) is (row.model != "mlp")
        assert said.get(row.model, "") in row.reason
    failed = sum(row.status == FAILED for row in rows)
    assert f"{failed} of 8 trials failed" in capsys.readouterr().err
    assert [row.model for row in read_rows(Path("out/top.csv"))] == ["mlp"]
    assert not Path("out/ray").exists()

    # Again: failed ones are tried once more, the others are kept; so are files that nothing reads.
    state = Path("out/ray")
    state.mkdir()
    (state / "tuner.pkl").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    assert cli.main(argv) == 1
    assert [(row.trial, row.model, row.settings) for row in trials()] == [
        (row.trial, row.model, row.settings) for row in rows
    ]
    assert [row for row in trials() if row.model == "mlp"] == [r for r in rows if r.model == "mlp"]
    assert not Path("owned").exists()


def test_where_nothing_works_the_reason_is_told(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tune, "RETRIES", 0)  # Each new process takes seconds to start.
    monkeypatch.setattr(tune, "ROUNDS", 1)
    space_of("killed")
    assert cli.main([*argv, "--samples", "1"]) == 1
    (row,) = trials()
    assert row.reason.startswith("its process was lost")
    said = capsys.readouterr().err
    assert "1 of 1 trials failed" in said
    assert "No trial worked" in said
    assert not Path("out/top.csv").exists()
