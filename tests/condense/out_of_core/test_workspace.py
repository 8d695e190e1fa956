"""The folder of a run: stages are complete or absent, and other folders are left alone."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch

from condense.errors import FileError, UserError
from condense.out_of_core.arrays import append_array
from condense.out_of_core.workspace import Workspace, discard
from condense.running.timing import StageClock


def begun(folder: Path, seed: int = 0) -> Workspace:
    workspace = Workspace(folder, torch.Generator().manual_seed(seed))
    workspace.begin({"seed": seed}, StageClock())
    return workspace


def draw(workspace: Workspace, name: str) -> float:
    def make(folder: Path) -> None:
        (folder / "x").write_text(str(float(torch.rand((), generator=workspace.generator))))

    return workspace.stage(name, make, lambda folder: float((folder / "x").read_text()))


def test_a_stage_is_made_once_and_leaves_the_generator_as_it_did(tmp_path: Path) -> None:
    first = begun(tmp_path / "w")
    drawn = [draw(first, "a"), draw(first, "b")]
    again = begun(tmp_path / "w")
    assert [draw(again, "a"), draw(again, "b")] == drawn
    shutil.rmtree(tmp_path / "w" / "b")
    resumed = begun(tmp_path / "w")
    assert [draw(resumed, "a"), draw(resumed, "b")] == drawn


def test_a_stage_that_fails_leaves_nothing_that_counts(tmp_path: Path) -> None:
    workspace = begun(tmp_path / "w")

    def fail(folder: Path) -> NoReturn:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.stage("a", fail, lambda folder: 0)
    assert not (tmp_path / "w" / "a").exists()
    assert draw(workspace, "a") == draw(begun(tmp_path / "v"), "a")


def test_dropped_results_still_count_as_complete(tmp_path: Path) -> None:
    workspace = begun(tmp_path / "w")
    draw(workspace, "a")
    state = workspace.generator.get_state()
    workspace.drop("a")
    assert not (tmp_path / "w" / "a" / "x").exists()
    workspace.stage("a", lambda folder: pytest.fail("made twice"), lambda folder: None)
    assert torch.equal(workspace.generator.get_state(), state)


def test_another_run_s_folder_is_refused(tmp_path: Path) -> None:
    begun(tmp_path / "w", seed=0)
    with pytest.raises(UserError, match=r"a different seed \(0 then, 1 now\)"):
        begun(tmp_path / "w", seed=1)


def test_a_folder_of_something_else_is_refused_and_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="files of something else"):
        begun(tmp_path)
    discard(tmp_path)
    assert (tmp_path / "thesis.txt").exists()
    begun(tmp_path / "w")
    discard(tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_what_an_interruption_leaves_is_never_taken_for_something_else(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "run.json.partial").touch()
    begun(tmp_path / "w")
    (tmp_path / "w.discarded").mkdir()
    (tmp_path / "w.discarded" / "a").touch()
    discard(tmp_path / "w")
    assert not list(tmp_path.iterdir())


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    begun(tmp_path / "w")
    (tmp_path / "w" / "run.json").write_text("")
    with pytest.raises(FileError, match=r"run\.json is damaged; delete its folder"):
        begun(tmp_path / "w")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("count", [10, 5_000_000])
def test_a_full_disk_loses_no_array_silently(tmp_path: Path, count: int) -> None:
    def make(folder: Path) -> None:
        (folder / "x").symlink_to("/dev/full")
        append_array(folder / "x", np.zeros(count, np.float32))

    with pytest.raises(FileError, match="the disk is full"):
        begun(tmp_path / "w").stage("a", make, lambda folder: 0)


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    workspace = begun(tmp_path / "w")

    def full(folder: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileError, match=r"the disk is full; make room and give the same command"):
        workspace.stage("a", full, lambda folder: 0)


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must have about 1,000,000\.0 GB"):
        begun(tmp_path / "w").check_free(10**15)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="check its disk and rights"):
        begun(tmp_path / "no" / "such" / "w")
