"""Files written by numpy and scipy are read back; every error names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from condense.datasets.arrays import (
    check_range,
    read_archive,
    read_array,
    read_csr,
    read_pairs,
    read_sparse,
)
from condense.errors import FileError

MATRIX = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])


def test_an_array_with_any_suffix(tmp_path: Path) -> None:
    with (tmp_path / "t_feat.npz").open("wb") as stream:
        np.save(stream, MATRIX)
    assert np.array_equal(read_array(tmp_path / "t_feat.npz", "X"), MATRIX)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.bsr_matrix])
def test_a_sparse_matrix(tmp_path: Path, kind: type) -> None:
    sp.save_npz(tmp_path / "m.npz", kind(MATRIX))
    assert np.array_equal(read_sparse(tmp_path / "m.npz", "X").toarray(), MATRIX)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr"])
@pytest.mark.parametrize("wrong", [-1, 7, 2**31 - 1])
def test_indices_are_checked_before_anything_is_converted(
    tmp_path: Path, kind: str, wrong: int
) -> None:
    """An index that lies outside would be written to by the conversion to CSR."""
    matrix = sp.csr_matrix(MATRIX).asformat(kind)
    sp.save_npz(tmp_path / "m.npz", matrix)
    parts = dict(np.load(tmp_path / "m.npz"))
    parts["row" if kind == "coo" else "indices"][-1] = wrong
    np.savez(tmp_path / "m.npz", **parts)
    with pytest.raises(FileError, match=r"m\.npz cannot be read \("):
        read_sparse(tmp_path / "m.npz", "X")


def test_csr_parts(tmp_path: Path) -> None:
    m = sp.csr_matrix(MATRIX)
    parts = {"data": m.data, "indices": m.indices, "indptr": m.indptr, "shape": m.shape}
    np.savez(tmp_path / "m.npz", **{f"attr_{key}": value for key, value in parts.items()})
    assert np.array_equal(read_csr(tmp_path / "m.npz", "X", "attr").toarray(), MATRIX)
    np.savez(tmp_path / "m.npz", **{f"attr_{k}": v for k, v in parts.items() if k != "indptr"})
    with pytest.raises(FileError, match=r"m.npz cannot be read \(.*attr_indptr.*put X's files"):
        read_csr(tmp_path / "m.npz", "X", "attr")
    parts["indices"] = np.array([1, 0, 7], dtype=np.int32)  # The matrix has only three columns.
    np.savez(tmp_path / "m.npz", **{f"attr_{key}": value for key, value in parts.items()})
    with pytest.raises(FileError, match=r"m.npz cannot be read \(.*indices"):
        read_csr(tmp_path / "m.npz", "X", "attr")


def test_pairs(tmp_path: Path) -> None:
    (tmp_path / "pa.txt").write_text("0\t2\n1\t0\n")
    assert read_pairs(tmp_path / "pa.txt", "X").tolist() == [[0, 1], [2, 0]]
    (tmp_path / "pa.txt").write_text("3 4\n")
    assert read_pairs(tmp_path / "pa.txt", "X").tolist() == [[3], [4]]


@pytest.mark.parametrize("text", ["0 1 2\n", "0\n", "0 1\n2\n", "a b\n", "0.5 1\n"])
def test_lines_that_are_not_pairs(tmp_path: Path, text: str) -> None:
    (tmp_path / "pa.txt").write_text(text)
    with pytest.raises(FileError, match=r"pa.txt cannot be read \(.*put X's files .* again"):
        read_pairs(tmp_path / "pa.txt", "X")


READERS = {
    "array": lambda path: read_array(path, "X"),
    "archive": lambda path: read_archive(path, "X", ["a"]),
    "sparse": lambda path: read_sparse(path, "X"),
    "csr": lambda path: read_csr(path, "X", "a"),
    "pairs": lambda path: read_pairs(path, "X"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_missing_and_damaged_files(tmp_path: Path, read) -> None:
    path = tmp_path / "file.npz"
    with pytest.raises(FileError, match=r"file.npz is missing; put X's files below --data-root"):
        read(path)
    for content in (b"junk", b"PK\x03\x04junk", b"\x93NUMPY\x01\x00"):
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"file.npz cannot be read \("):
            read(path)


@pytest.mark.parametrize("read", [READERS["array"], READERS["archive"], READERS["sparse"]])
def test_no_pickle_is_read(tmp_path: Path, read) -> None:
    path = tmp_path / "file.npz"
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(path, a=objects, format=objects)
    with pytest.raises(FileError, match="cannot be read"):
        read(path)
    with path.open("wb") as stream:
        np.save(stream, objects)
    with pytest.raises(FileError, match="cannot be read"):
        read(path)


def test_one_array_and_an_archive_are_distinguished(tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", a=MATRIX)
    np.save(tmp_path / "one.npy", MATRIX)
    assert np.array_equal(read_archive(tmp_path / "many.npz", "X", ["a"])["a"], MATRIX)
    with pytest.raises(FileError, match="an archive of several arrays where one"):
        read_array(tmp_path / "many.npz", "X")
    with pytest.raises(FileError, match="one array where an archive"):
        read_archive(tmp_path / "one.npy", "X", ["a"])
    with pytest.raises(FileError, match="b is not a file in the archive"):
        read_archive(tmp_path / "many.npz", "X", ["b"])


def test_range() -> None:
    check_range(Path("f"), np.array([0, 4]), 5, "paper")
    check_range(Path("f"), np.zeros(0, dtype=int), 0, "paper")
    for wrong in (-1, 5):
        with pytest.raises(
            FileError, match=rf"f names paper {wrong}, which must lie in 0 … 4; count"
        ):
            check_range(Path("f"), np.array([0, wrong]), 5, "paper")
    with pytest.raises(FileError, match=r"f \(got float64 numbers of papers\) must be integer"):
        check_range(Path("f"), np.zeros(1), 5, "paper")
