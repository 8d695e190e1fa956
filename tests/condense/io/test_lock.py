"""One process at a time writes to a file or folder."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from condense.errors import FileError, UserError
from condense.io import lock
from condense.io.lock import held

HOLD = (
    "import sys, time; from pathlib import Path; from condense.io.lock import held\n"
    "with held(Path(sys.argv[1]), folder=sys.argv[2] == 'folder'): print('held', flush=True); time.sleep(60)"
)


@pytest.fixture(params=["file", "folder"])
def kind(request) -> str:
    return request.param


def test_a_second_process_is_told_who_holds_it_until_that_dies(tmp_path: Path, kind: str) -> None:
    out, folder = tmp_path / "out", kind == "folder"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out), kind], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError) as raised, held(out, folder):
            pass
        for word in (str(out), f"process {holder.pid}", str(out), "choose another --out"):
            assert word in str(raised.value)
        holder.kill()
        holder.wait()
    with held(out, folder):  # A killed holder leaves its file, which nobody holds.
        pass
    assert list(tmp_path.iterdir()) == []


def hold_briefly(out: Path) -> None:
    with held(out, wait=60):
        pass


def test_waits_for_a_holder_that_lets_go(tmp_path: Path) -> None:
    out, begun = tmp_path / "out", time.monotonic()
    with held(out), pytest.raises(UserError, match="being written"), held(out, wait=0.1):
        pass
    assert time.monotonic() - begun >= 0.1
    with ThreadPoolExecutor() as pool, held(out):
        waiting = pool.submit(hold_briefly, out)
        time.sleep(0.1)
        assert not waiting.done()
    waiting.result()
    assert list(tmp_path.iterdir()) == []


def test_two_files_in_one_folder_and_names_of_any_length(tmp_path: Path) -> None:
    with held(tmp_path / ("a" * 255)), held(tmp_path / ("a" * 254)):
        pass


def test_a_link_and_its_target_are_one(tmp_path: Path) -> None:
    (tmp_path / "link.h5").symlink_to("real.h5")
    with (
        held(tmp_path / "real.h5"),
        pytest.raises(UserError, match="being written"),
        held(tmp_path / "link.h5"),
    ):
        pass


def test_a_file_that_was_removed_by_its_last_holder_is_not_held(tmp_path, monkeypatch) -> None:
    """Between opening and locking, the holder ends: the lock must be taken on a new file."""
    out, taken = tmp_path / "a.h5", []

    def late(descriptor: int) -> bool | None:
        if not taken:
            (tmp_path / f".{lock.short_digest('a.h5')}.lock").unlink()
        taken.append(descriptor)
        return original(descriptor)

    original = lock.try_lock
    monkeypatch.setattr(lock, "try_lock", late)
    with held(out):
        assert len(taken) == 2
        with pytest.raises(UserError, match=f"process {os.getpid()}"), held(out):
            pass


def test_where_nothing_can_be_locked_there_is_a_warning(tmp_path, monkeypatch, caplog) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with held(tmp_path / "a.h5"):
        assert "cannot be locked" in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
def test_a_lock_that_is_a_link_changes_no_other_file(tmp_path: Path, make: Callable) -> None:
    """A folder from elsewhere may hold one."""
    (tmp_path / "mine").write_text("precious")
    make(tmp_path / ".mmgc.lock", tmp_path / "mine")
    with pytest.raises(FileError, match="is a link"), held(tmp_path, folder=True):
        pass
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_lock_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".mmgc.lock")
    with pytest.raises(FileError, match="no regular file"), held(tmp_path, folder=True):
        pass


def test_other_programs_locks_stay(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("another program's")
    with held(tmp_path, folder=True):
        pass
    assert (tmp_path / ".lock").read_text() == "another program's"


def test_a_full_disk_costs_the_holders_name_alone(tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, unlimited[1]))
    try:
        with (
            held(tmp_path / "a.h5"),
            pytest.raises(UserError, match="process \\?"),
            held(tmp_path / "a.h5"),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="choose another --out"), held(tmp_path / "file", True):
        pass


@pytest.mark.parametrize("content", [b"\0{", b"[" * 60_000, b"[]"])
def test_a_damaged_lock_is_still_a_lock(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f".{lock.short_digest('a.h5')}.lock"
    with held(tmp_path / "a.h5"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="process \\?"), held(tmp_path / "a.h5"):
            pass
