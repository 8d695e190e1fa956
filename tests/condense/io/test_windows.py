"""Any part of an array reads as numpy's slice of it, whatever its chunks and filters."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.errors import FileError
from condense.io.members import opened
from condense.io.windows import ArrayReader

PLAIN: dict[str, Any] = {}
LAYOUTS: dict[str, dict[str, Any]] = {
    "one piece": PLAIN,
    "whole rows": {"chunks": (4, 7), "compression": "gzip"},
    "whole rows, shuffled": {"chunks": (4, 7), "compression": "gzip", "shuffle": True},
    "parts of rows": {"chunks": (1, 3), "compression": "gzip"},
    "columns": {"chunks": (23, 1), "compression": "gzip", "shuffle": True},
    "odd": {"chunks": (5, 4)},
    "larger than the array": {"chunks": (64, 16), "maxshape": (None, None)},
}
DTYPES = ["float16", "float32", "float64", "int32", "int64", ">f4", "uint8"]


def values(dtype: str) -> np.ndarray:
    return np.arange(23 * 7).reshape(23, 7).astype(dtype)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("windows") / "a.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        for layout, options in LAYOUTS.items():
            for dtype in DTYPES:
                file.create_dataset(f"{layout}/{dtype}", data=values(dtype), **options)
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((23, 7))
        kind = h5py.h5t.NATIVE_FLOAT
        made = h5py.h5d.create(file.id, b"compact", kind, space, compact)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, values("float32"))
    return path


def read(reader: ArrayReader, window: tuple[slice, ...], dtype: Any) -> np.ndarray:
    out = np.empty([part.stop - part.start for part in window], dtype)
    reader.fill(out, window)
    return out


@st.composite
def windows(draw: st.DrawFn) -> tuple[slice, ...]:
    ends = [sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in (23, 7)]
    return tuple(slice(*pair) for pair in ends)


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=30, deadline=None)
@given(
    asked=st.lists(windows(), min_size=1, max_size=6),
    dtype=st.sampled_from(DTYPES),
    keep=st.sampled_from([0, 100, 1 << 20]),
)
def test_windows_are_slices(
    path: Path, layout: str, asked: list[tuple[slice, ...]], dtype: str, keep: int
) -> None:
    with opened(path) as file:
        stored = file.root.array(layout, dtype)
        file.check(stored)
        reader = ArrayReader(file, stored, keep)
        for window in asked:
            got = read(reader, window, np.dtype(dtype).newbyteorder("="))
            assert np.array_equal(got, values(dtype)[window])


def test_values_in_the_header(path: Path) -> None:
    window = (slice(3, 9), slice(2, 5))
    with opened(path) as file:
        reader = ArrayReader(file, file.root.array("compact"))
        assert np.array_equal(read(reader, window, np.float32), values("float32")[window])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pieces_cover_the_array_once(path: Path, layout: str) -> None:
    seen = np.zeros((23, 7), int)
    with opened(path) as file:
        for window in ArrayReader(file, file.root.array(layout, "float32")).pieces():
            seen[window] += 1
    assert (seen == 1).all()


def test_chunks_are_inflated_once_in_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from condense.io import windows

    inflated = []
    real = windows._inflated
    monkeypatch.setattr(windows, "_inflated", lambda *a: inflated.append(a[2].start) or real(*a))
    with opened(path) as file:
        reader = ArrayReader(file, file.root.array("columns", "float32"))
        for row in range(23):
            read(reader, (slice(row, row + 1), slice(0, 7)), np.float32)
        assert sorted(inflated) == [(0, column) for column in range(7)]
        reader = ArrayReader(file, file.root.array("columns", "float32"), keep=0)
        for row in range(23):
            read(reader, (slice(row, row + 1), slice(0, 7)), np.float32)
        assert len(inflated) == 7 + 23 * 7


def test_types_are_converted(path: Path) -> None:
    window = (slice(0, 23), slice(0, 7))
    with opened(path) as file:
        reader = ArrayReader(file, file.root.array("odd", "float64"))
        assert np.array_equal(read(reader, window, np.float32), values("float32"))


def test_neither_true_nor_false(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["mask"] = np.array([True, False, True, False] * 8)
    raw = path.read_bytes()
    assert raw.count(bytes([1, 0] * 16)) == 1
    path.write_bytes(raw.replace(bytes([1, 0] * 16), bytes([1, 0] * 15 + [2, 0])))
    with opened(path) as file:
        reader = ArrayReader(file, file.root.array("mask"))
        assert read(reader, (slice(0, 30),), bool).sum() == 15
    with pytest.raises(FileError, match="must hold 0 and 1 alone"), opened(path) as file:
        read(ArrayReader(file, file.root.array("mask")), (slice(28, 32),), bool)


def test_bytes_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = values("float32")
    with opened(path) as file:
        stored = file.root.array("x")
    with path.open("r+b") as stream:
        stream.truncate((stored.offset or 0) + 100)
    with path.open("rb", buffering=0) as stream:
        reader = ArrayReader(dataclasses.replace(file, stream=stream), stored)
        with pytest.raises(FileError, match="/x ends too early"):
            read(reader, (slice(0, 23), slice(0, 7)), np.float32)


def test_a_chunk_that_is_not_gzips(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=values("float32"), **LAYOUTS["whole rows"])
    with opened(path) as file:
        chunk = (file.root.array("x").chunks or ())[2]
    with path.open("r+b") as stream:
        stream.seek(chunk.offset)
        stream.write(bytes(chunk.size))
    with opened(path) as file:
        reader = ArrayReader(file, file.root.array("x"))
        assert np.array_equal(
            read(reader, (slice(0, 8), slice(0, 7)), np.float32), values("float32")[:8]
        )
    with (
        pytest.raises(FileError, match=r"a chunk of dataset /x is not gzip's"),
        opened(path) as file,
    ):
        read(ArrayReader(file, file.root.array("x")), (slice(8, 9), slice(0, 7)), np.float32)
