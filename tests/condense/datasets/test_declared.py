"""Files that promise more than they hold, or hold other things, are refused by a sentence with their name."""

from __future__ import annotations

import io
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from condense.datasets.arrays import read_archive, read_array, read_csr, read_sparse
from condense.datasets.declared import ALLOWANCE
from condense.datasets.load import load_dataset
from condense.errors import FileError

READERS: dict[str, Callable[[Path], object]] = {
    "array": lambda path: read_array(path, "X"),
    "archive": lambda path: read_archive(path, "X", ["a"]),
    "sparse": lambda path: read_sparse(path, "X"),
    "csr": lambda path: read_csr(path, "X", "a"),
}


def header(shape: tuple[int, ...], dtype: str = "<f8", version: int = 1) -> bytes:
    """The header of an array without its values."""
    stream = io.BytesIO()
    write = (
        np.lib.format.write_array_header_1_0
        if version == 1
        else np.lib.format.write_array_header_2_0
    )
    write(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def archive(path: Path, content: bytes, packed: bool = True) -> None:
    """An archive in which every entry that a reader may ask for has this content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for part in ("a", "shape", "format", "a_data", "a_indices", "a_indptr", "a_shape"):
            file.writestr(f"{part}.npy", content)


def objects() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w") as entry:
        entry.write(header((ALLOWANCE // 4,)))
        for _ in range(2 * ALLOWANCE >> 20):
            entry.write(bytes(1 << 20))


def cut(path: Path) -> None:
    np.savez_compressed(path, a=np.random.default_rng(0).random(1000))
    path.write_bytes(path.read_bytes()[:500])


def changed(path: Path) -> None:
    np.savez_compressed(path, a=np.random.default_rng(0).random(1000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


WRITERS: dict[str, Callable[[Path], object]] = {
    "objects": lambda path: path.write_bytes(objects()),
    "objects in an archive": lambda path: archive(path, objects()),
    "a header alone": lambda path: path.write_bytes(header((10**12,))),
    "a header of version 2": lambda path: path.write_bytes(header((10**6, 10**6), version=2)),
    "a shape beyond 64 bits": lambda path: path.write_bytes(header((10**15, 10**15))),
    "a header alone in an archive": lambda path: archive(path, header((10**12,))),
    "a header alone, stored": lambda path: archive(path, header((10**12,)), packed=False),
    "a bomb": bomb,
    "no header": lambda path: archive(path, b"junk"),
    "half a header": lambda path: path.write_bytes(header((3,))[:30]),
    "nothing": lambda path: path.touch(),
    "cut": cut,
    "changed": changed,
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_hostile_and_damaged_files(write, read, tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    write(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileError, match=r"file\.npz cannot be read \(.+\); put X's files"):
        read(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown < 50 << 10


def test_objects_are_named(tmp_path: Path) -> None:
    WRITERS["objects in an archive"](tmp_path / "file.npz")
    with pytest.raises(FileError, match=r"pickled code, are never read; a\.npy is one"):
        read_archive(tmp_path / "file.npz", "X", ["a"])


@pytest.mark.parametrize("shape", [(10**9, 3), (3, 10**12), (10**10, 10**10)])
def test_a_sparse_matrix_that_would_fill_the_memory(shape: tuple[int, int], tmp_path: Path) -> None:
    path, entry = tmp_path / "file.npz", np.zeros(1, dtype=np.int64)
    np.savez(path, format=b"coo", shape=np.array(shape), row=entry, col=entry, data=entry)
    refused = pytest.raises(FileError, match="GiB when dense")
    with refused:
        read_sparse(path, "X")
    parts = {"data": entry, "indices": entry, "indptr": entry, "shape": np.array(shape)}
    np.savez(path, **{f"a_{key}": value for key, value in parts.items()})
    with refused:
        read_csr(path, "X", "a")


def test_what_numpy_and_scipy_write_is_read(tmp_path: Path) -> None:
    zeros = np.zeros(10**6, dtype=np.int8)  # Deflated to a thousandth, as masks may be.
    np.savez_compressed(tmp_path / "a.npz", a=zeros, text=np.array(["ü", "abc"]))
    assert np.array_equal(read_archive(tmp_path / "a.npz", "X", ["a"])["a"], zeros)
    matrix = sp.random(50, 20, 0.1, random_state=0, format="csc")
    sp.save_npz(tmp_path / "m.npz", matrix)
    assert (read_sparse(tmp_path / "m.npz", "X") != matrix).nnz == 0
    wide = np.zeros(3, dtype=[(f"column {i} of a table", "<f8") for i in range(3000)])
    np.save(tmp_path / "wide.npy", wide[["column 7 of a table"]])
    assert len(read_array(tmp_path / "wide.npy", "X")) == 3


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    folder = tmp_path / "imdb" / "mhgat"
    folder.mkdir(parents=True)
    np.save(folder / "node_types.npy", np.zeros((2, 2)))
    with pytest.raises(FileError, match=r"imdb: the files below .* do not fit together"):
        load_dataset("imdb", tmp_path)
