"""TensorBoard gets the values of a run's history."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cli
from condense.errors import UserError
from condense.io import load_condensed, save
from condense.running.steps import Step
from condense.running.tensorboard import TensorBoard
from tests.support.graphs import small_graph

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Name -> (step, value), read by TensorBoard itself."""
    events = accumulator.EventAccumulator(str(folder))
    events.Reload()
    return {
        name: [(e.step, e.value) for e in events.Scalars(name)] for name in events.Tags()["scalars"]
    }


def test_a_run_writes_its_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    quick = [
        "--method=srgm",
        "--epochs",
        "2",
        "--outer",
        "3",
        "--check-every",
        "2",
        "--ratio",
        "0.2",
    ]
    command = ["condense", "--dataset", "mine.h5", "--out", "small.h5", "--tensorboard", "board"]
    assert cli.main([*command, *quick]) == 0
    history = load_condensed(tmp_path / "small.h5").provenance.history
    written = curves(tmp_path / "board")
    for name in (
        "loss", "conflict_rate", "chance_conflict_rate", "energy", "edge_mass", "val_score",
    ):  # fmt: skip
        assert [step for step, _ in written[name]] == [2, 4, 6]
        kept = [record[name] for record in history]
        assert [v for _, v in written[name]] == pytest.approx(kept, rel=1e-6, nan_ok=True)


def test_a_resumed_run_continues_its_curves(tmp_path: Path) -> None:
    for first in (1, 3):
        with TensorBoard(tmp_path) as board:
            for index in range(first, 6):
                board.on_step(Step(index, 5, {"loss": float(index * first)}))
    assert curves(tmp_path)["loss"] == [(1, 1.0), (2, 2.0), (3, 9.0), (4, 12.0), (5, 15.0)]


def test_without_the_package_the_error_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(UserError, match=r"not installed.*pip install tensorboard"):
        TensorBoard(tmp_path)
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    command = ["condense", "--dataset", "mine.h5", "--ratio", "0.2", "--tensorboard", "board"]
    assert cli.main(command) == 2
    assert "pip install tensorboard" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*.h5")] == ["mine.h5"]


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="must be a writable folder"):
        TensorBoard(tmp_path / "file")
