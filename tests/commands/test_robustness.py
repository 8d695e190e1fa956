"""What the command line makes of broken runs, full disks, wrong targets and diverging numbers."""

from __future__ import annotations

import logging
import resource
from pathlib import Path
from typing import Any

import pytest

import cli
from condense.io import data_digest, load_condensed, replace, save
from condense.methods.srgm import loop
from condense.running import checkpoints
from tests.support.graphs import small_graph

QUICK = ["--method=srgm", "--epochs", "2", "--outer", "3", "--check-every", "1",
         "--checkpoint-seconds", "0"]  # fmt: skip


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    return ["condense", "--dataset", str(tmp_path / "mine.h5"), "--ratio", "0.2", *QUICK]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "small.h5"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="condense")
    return caplog


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def interrupt_at(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = loop.train_relay, []

    def interrupted(*arguments: Any, **named: Any) -> object:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    monkeypatch.setattr(loop, "train_relay", interrupted)


def test_an_interrupted_run_goes_on_to_the_same_data(
    command: list[str], out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.main([*command, "--out", str(tmp_path / "whole.h5")]) == 0
    interrupt_at(4, monkeypatch)
    assert cli.main([*command, "--out", str(out)]) == 130
    assert "--resume continues" in capsys.readouterr().out
    assert not load_condensed(out).provenance.complete
    assert names(tmp_path / "small.h5.checkpoints") == ["step-000000002.h5", "step-000000003.h5"]
    monkeypatch.undo()
    assert cli.main([*command, "--out", str(out), "--resume"]) == 0
    assert "resuming from step 3" in said.text
    made = load_condensed(out).provenance
    assert made.complete
    assert made.measures["resumed_from"] == [3]
    assert data_digest(out) == data_digest(tmp_path / "whole.h5")
    assert names(tmp_path) == ["mine.h5", "small.h5", "whole.h5"]
    cli.main(["inspect", str(out)])
    assert "resumed_from [3]" in capsys.readouterr().out


def test_a_complete_file_is_left_alone(
    command: list[str], out: Path, said: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--out", str(out)]) == 0
    before = out.stat().st_mtime_ns, out.read_bytes()
    # As if the process had died between the last write and the clearing up.
    folder = checkpoints.folder_beside(out)
    folder.mkdir()
    (folder / "step-000000005.h5").touch()
    assert cli.main([*command, "--out", str(out), "--resume"]) == 0
    assert "is complete" in capsys.readouterr().out
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    assert not folder.exists()
    # The complete file of another run is nothing to resume, and is replaced as without --resume.
    assert cli.main([*command, "--out", str(out), "--resume", "--seed", "1"]) == 0
    assert "nothing to resume" in said.text
    assert load_condensed(out).provenance.seed == 1


def test_resuming_with_other_settings_is_refused(
    command: list[str], out: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    interrupt_at(3, monkeypatch)
    assert cli.main([*command, "--out", str(out)]) == 130
    monkeypatch.undo()
    before = out.read_bytes()
    assert cli.main([*command, "--out", str(out), "--resume", "--damping", "2"]) == 2
    error = capsys.readouterr().err
    assert "settings.damping (0.0 then, 2.0 now)" in error
    assert "start anew without --resume" in error
    assert out.read_bytes() == before


def test_methods_without_a_loop_accept_resume(command: list[str], out: Path) -> None:
    arguments = [*command[: -len(QUICK)], "--method", "kmeans", "--out", str(out), "--resume"]
    assert cli.main(arguments) == 0
    assert load_condensed(out).provenance.complete


def test_a_damaged_target_is_made_again(command: list[str], out: Path, said: Any) -> None:
    out.write_bytes(b"no graph")
    assert cli.main([*command, "--out", str(out), "--resume"]) == 0
    assert "not an HDF5 file" in said.text
    assert load_condensed(out).provenance.complete


def test_a_run_that_diverges_says_where_and_keeps_the_best(
    command: list[str], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--out", str(out), "--lr-features", "1e30"]) == 2
    said = capsys.readouterr()
    assert "error: step 2: the gradients on the condensed graph (class 0, 1, 2; mod" in said.err
    assert f"The best graph before is in {out}" in said.err
    assert "Traceback" not in said.err
    assert not load_condensed(out).provenance.complete
    cli.main(["inspect", str(out)])
    assert "the run diverged at step 2" in capsys.readouterr().out


@pytest.mark.parametrize("room", [0, 4000])
def test_a_full_disk_leaves_the_earlier_file(
    room: int, command: list[str], out: Path, tmp_path: Path, said: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A limit on file size makes real writes fail: checkpoints are given up, the result is not."""
    assert cli.main([*command, "--out", str(out)]) == 0
    before = out.read_bytes()
    capsys.readouterr()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
    try:
        status = cli.main([*command, "--out", str(out), "--seed", "1"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert status == 2
    error = capsys.readouterr().err
    assert f"path (got {out}) cannot be written: File too large; free disk space" in error
    assert "checkpoint not written, the run continues" in said.text
    assert out.read_bytes() == before
    assert list(tmp_path.rglob("*.tmp")) == []


def test_room_made_after_a_full_disk_serves_the_resumed_run(
    command: list[str], out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.main([*command, "--out", str(tmp_path / "whole.h5")]) == 0
    rename = replace.os.replace

    def full(old: Path, new: Path) -> None:
        if Path(new).name == out.name:
            raise OSError(28, "No space left on device")
        rename(old, new)

    monkeypatch.setattr(replace.os, "replace", full)
    assert cli.main([*command, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "No space left on device; free disk space" in error
    assert "then give the same command with --resume" in error
    assert not out.exists()
    monkeypatch.undo()
    assert cli.main([*command, "--out", str(out), "--resume"]) == 0
    assert "resuming from step 6" in said.text
    assert data_digest(out) == data_digest(tmp_path / "whole.h5")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{folder}", "is a folder"),
        ("{folder}/mine.h5/small.h5", "cannot be written"),  # below a file
        ("/proc/nowhere/small.h5", "cannot be written"),  # not even root may
    ],
)
def test_an_unwritable_target_is_named_before_any_work(
    target: str, said: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("condense.run.condense", None)  # It is not come to.
    place = target.format(folder=tmp_path)
    assert cli.main([*command, "--out", place]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert place in error
    assert names(tmp_path) == ["mine.h5"]


def test_a_target_that_is_a_link_to_itself_is_no_defect(
    command: list[str], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out.symlink_to(out.name)
    assert cli.main([*command, "--out", str(out)]) == 2
    assert "Too many levels of symbolic links" in capsys.readouterr().err


def test_negative_checkpoint_seconds_are_refused(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--out", "x.h5", "--checkpoint-seconds", "-1"]) == 2
    assert "checkpoint_seconds (got -1.0) must not be negative" in capsys.readouterr().err
