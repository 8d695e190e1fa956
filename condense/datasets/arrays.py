"""Reads numpy, scipy and text files without pickle; errors name the file."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from condense.datasets.declared import check_declared, check_dense
from condense.errors import FileError

OWN = ""
"""The owner of users' own files."""


def read_array(path: Path, owner: str = OWN, mapped: bool = False) -> NDArray:
    """The array in a .npy file, whose name may have any suffix.

    Args:
        path: the file.
        owner: of a data set that is known by name, whose files belong below --data-root, for messages; OWN
            for files of users, wherever they are.
        mapped: leave the numbers in the file, from which they are read as they are needed; what is written
            into the array does not change the file.

    Raises:
        FileError: the file is missing, damaged, pickled or an archive.
    """
    with file_errors(path, owner):
        check_declared(path)
        loaded = np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False)
        if not isinstance(loaded, np.ndarray):
            loaded.close()
            raise ValueError("an archive of several arrays where one is expected")
        return loaded


def read_archive(path: Path, owner: str, keys: Sequence[str]) -> dict[str, NDArray]:
    """The arrays `keys` of a .npz file.

    Raises:
        FileError: the file is missing or damaged, or one of `keys` is pickled or missing.
    """
    with file_errors(path, owner):
        check_declared(path, keys)
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("one array where an archive of several is expected")
        with loaded:
            return {key: loaded[key] for key in keys}


def archive_keys(path: Path, owner: str = OWN) -> list[str]:
    """The names of the arrays in a .npz file.

    Raises:
        FileError: the file is missing, or no archive.
    """
    with file_errors(path, owner), zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read_sparse(path: Path, owner: str = OWN) -> sp.csr_matrix:
    """The matrix that scipy saved in a .npz file.

    Raises:
        FileError: the file is missing, damaged or pickled, or holds no sparse matrix.
    """
    shape = read_archive(path, owner, ["shape"])["shape"]
    with file_errors(path, owner):
        check_dense(tuple(int(n) for n in shape))
        return _checked(sp.load_npz(path))


def read_adjacency(path: Path, n: int) -> sp.csr_matrix:
    """The adjacency matrix [n, n] that scipy saved in CSR in a .npz file; it is never made dense.

    Raises:
        FileError: the file is missing, damaged or pickled, or holds another kind or shape of matrix.
    """
    parts = read_archive(path, OWN, ["format", "shape"])
    with file_errors(path):
        kind, shape = parts["format"].item(), tuple(parts["shape"].tolist())
        if kind not in (b"csr", "csr"):
            raise ValueError(f"its format is {kind!r} where b'csr' is expected")
        if shape != (n, n):
            raise FileError(
                f"{path} (got shape {list(shape)}) must be [{n}, {n}], a row and a column for each node; "
                "prepare it from the same nodes as the other files"
            )
        return _checked(sp.load_npz(path))


def read_csr(
    path: Path, owner: str, name: str, separator: str = "_", dense: bool = True
) -> sp.csr_matrix:
    """The matrix with the CSR parts `name`_data, _indices, _indptr and _shape in a .npz file.

    Args:
        path: the file.
        owner: as for `read_array`.
        name: of the matrix.
        separator: between the name and the part.
        dense: whether it will be made dense; if so, it may not be too large for that.

    Raises:
        FileError: the file is missing, damaged or pickled, or lacks a part.
    """
    keys = [f"{name}{separator}{part}" for part in ("data", "indices", "indptr", "shape")]
    data, indices, indptr, shape = read_archive(path, owner, keys).values()
    with file_errors(path, owner):
        if dense:
            check_dense(tuple(int(n) for n in shape))
        return _checked(sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist())))


def read_pairs(path: Path, owner: str = OWN) -> NDArray[np.int64]:
    """The lines "src dst" of a text file, as [2, lines].

    Raises:
        FileError: the file is missing, or a line is not two whole numbers.
    """
    with file_errors(path, owner):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "input contained no data"
            pairs = np.loadtxt(path, dtype=np.int64, ndmin=2)
        if not len(pairs):
            raise ValueError("no lines")
        if pairs.shape[1] != 2:
            raise ValueError(f"{pairs.shape[1]} columns where 2 are expected")
        return np.ascontiguousarray(pairs.T)


def check_range(where: Path | str, numbers: NDArray, n: int, what: str) -> None:
    """Check that `numbers`, read from `where`, are integers in 0 … n − 1, numbers of nodes of type `what`.

    Raises:
        FileError: they are not.
    """
    if numbers.dtype.kind not in "iu":
        raise FileError(
            f"{where} (got {numbers.dtype} numbers of {what}s) must be integer; convert it"
        )
    outside = numbers[(numbers < 0) | (numbers >= n)]
    if outside.size:
        raise FileError(
            f"{where} names {what} {outside[0]}, which must lie in 0 … {n - 1}; "
            f"count the {what}s from 0, in the order of the other files"
        )


def _checked(matrix: Any) -> sp.csr_matrix:
    """A matrix of any form as CSR, once its indices are known to lie within its shape."""
    # Otherwise scipy may read or write out of bounds, in the conversion too. Other forms check themselves.
    if isinstance(matrix, sp.csr_matrix | sp.csc_matrix | sp.bsr_matrix):
        matrix.check_format(full_check=True)
    return sp.csr_matrix(matrix)


@contextmanager
def file_errors(path: Path, owner: str = OWN) -> Iterator[None]:
    """Convert errors in the block into a FileError with the path and a remedy."""
    missing, damaged = "put it there", "save it again"
    if owner != OWN:
        missing = f"put {owner}'s files below --data-root"
        damaged = f"{missing} again"
    try:
        yield
    except FileNotFoundError:
        raise FileError(f"{path} is missing; {missing}") from None
    except FileError:
        raise
    except Exception as error:  # A damaged file may raise anything in numpy and zipfile.
        said = str(error) or type(error).__name__
        if "Object arrays" in said:
            trusted = "if you trust the file, load it with allow_pickle=True and save it as numbers"
            damaged = f"{damaged} or, {trusted}"
        raise FileError(f"{path} cannot be read ({said}); {damaged}") from None
