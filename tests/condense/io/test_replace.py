"""Only new and regular files are ever replaced, and what dead writers left is removed."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from condense.errors import FileError
from condense.io.lock import short_digest
from condense.io.replace import check_target, replacing


def write(path: Path) -> None:
    with replacing(path) as sink:
        sink.write(b"new")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _linked_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = os.getcwd()
        os.chdir(path.parent)  # The path of a socket must be short.
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_pipe, "a pipe"),
        (_linked_pipe, "a pipe"),
        (_socket, "a socket"),
        (_device, "a device"),
        (Path.mkdir, "a folder"),
    ],
)
@pytest.mark.parametrize("act", [write, check_target])
def test_special_files_are_never_replaced(tmp_path, make, word, act):
    path = tmp_path / "out"
    make(path)
    before = path.lstat()
    with pytest.raises(FileError, match=word):
        act(path)
    assert os.path.samestat(before, path.lstat())


def test_a_special_file_that_appears_while_writing_is_not_replaced(tmp_path):
    path = tmp_path / "out"

    def write_and_meet() -> None:
        with replacing(path) as sink:
            sink.write(b"new")
            os.mkfifo(path)

    with pytest.raises(FileError, match="a pipe"):
        write_and_meet()
    assert path.is_fifo()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_links_to_files_and_to_nothing_are_followed(tmp_path):
    (tmp_path / "link").symlink_to("target")
    for _ in range(2):
        check_target(tmp_path / "link")
        write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_link_into_a_missing_folder_is_ready_after_the_check(tmp_path):
    (tmp_path / "link").symlink_to("missing/target")
    check_target(tmp_path / "link")
    write(tmp_path / "link")
    assert (tmp_path / "missing" / "target").read_bytes() == b"new"


@pytest.mark.parametrize("act", [write, check_target])
def test_a_link_to_itself_leads_nowhere(tmp_path, act):
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(FileError, match="symbolic links"):
        act(tmp_path / "link")


@pytest.mark.parametrize(("length", "beside", "fits"), [(255, "", True), (256, "", False),
                         (243, ".checkpoints", True), (244, ".checkpoints", False)])  # fmt: skip
def test_long_names(tmp_path, length, beside, fits):
    path = tmp_path / ("a" * length)
    if fits:
        check_target(path, beside)
        write(path)
        assert path.read_bytes() == b"new"
        return
    with pytest.raises(FileError, match="give a shorter name"):
        check_target(path, beside)
    if not beside:
        with pytest.raises(FileError, match="give a shorter name"):
            write(path)


def test_a_pipe_with_the_name_of_a_temporary_file_is_not_opened(tmp_path):
    """Nobody writes to it, so whoever opened it would wait for ever."""
    pipe = tmp_path / f".{short_digest('out')}.0.tmp"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it was opened"))
    signal.alarm(5)
    try:
        write(tmp_path / "out")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert pipe.is_fifo()


def test_what_dead_writers_left_is_removed_and_nothing_else(tmp_path):
    """A writer of the same file, that of another one, and one that is at work."""
    path = tmp_path / "out"
    with replacing(path) as sink:
        (mine,) = tmp_path.iterdir()
        sink.write(b"at work")
        prefix = mine.name.split(".")[1]
        dead, young, others = (
            tmp_path / f".{name}.tmp" for name in (f"{prefix}.0", f"{prefix}.1", "00000000.0")
        )
        for left in (dead, young, others):
            left.touch()
        for old in (dead, others, mine):
            os.utime(old, (time.time() - 1000,) * 2)
        write(path)
        assert not dead.exists()
        assert all(kept.exists() for kept in (young, others, mine))
    assert path.read_bytes() == b"at work"
