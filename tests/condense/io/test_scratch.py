"""Arrays beside the output are what they would be in memory, and leave nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from condense.errors import FileError
from condense.io import scratch
from condense.io.scratch import Scratch


@pytest.fixture(autouse=True)
def _all_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL", 0)


@pytest.fixture(params=["memory", "folder"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Scratch:
    return Scratch(tmp_path if request.param == "folder" else None)


def test_a_vector_grows(place: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "BLOCK", 32)  # Four numbers at a time.
    rng = np.random.Generator(np.random.PCG64(0))
    parts = [rng.integers(0, 1000, size) for size in (0, 3, 11, 1, 0)]
    vector = place.growing(np.int32)
    assert vector.array().shape == (0,)
    for part in parts:
        vector.add(part)
    assert (vector._file is None) == (place.folder is None)
    first = vector.array()
    vector.add(first[::-1])
    expected = np.concatenate(parts)
    assert first.dtype == np.int32
    assert np.array_equal(first, expected)
    assert np.array_equal(vector.array(), np.concatenate([expected, expected[::-1]]))


def test_zeros_can_be_written_to(place: Scratch) -> None:
    x = place.zeros((3, 5), np.float32)
    assert x.dtype == np.float32
    assert np.array_equal(x, np.zeros((3, 5)))
    x[1] = 7
    assert x.sum() == 35
    assert place.zeros((0, 5), np.float32).shape == (0, 5)


def test_files_have_no_name(tmp_path: Path) -> None:
    place = Scratch(tmp_path)
    x, vector = place.zeros((1000,), np.int64), place.growing(np.int64)
    vector.add(np.arange(1000))
    assert list(tmp_path.iterdir()) == []
    x[:] = vector.array()
    file = vector._file
    del vector
    assert file is not None
    assert file.closed
    assert x.sum() == 499_500


def test_small_arrays_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL", 24)
    place = Scratch(tmp_path / "missing")
    vector = place.growing(np.int64)
    vector.add(np.arange(3))
    assert vector.array().tolist() == [0, 1, 2]
    assert place.zeros((3,), np.int64).tolist() == [0, 0, 0]
    with pytest.raises(FileError, match="cannot be written"):
        vector.add(np.arange(1))


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = Scratch(tmp_path)
    vector = place.growing(np.int64)
    monkeypatch.setattr(scratch, "_reserve", full)
    monkeypatch.setattr(scratch, "_write", full)
    for write in (lambda: place.zeros((9,), np.int8), lambda: vector.add(np.arange(9))):
        with pytest.raises(FileError, match=r"No space left on device\); free disk space, or choo"):
            write()
    with pytest.raises(FileError, match="choose another --out"):
        Scratch(tmp_path / "missing").zeros((9,), np.int8)
