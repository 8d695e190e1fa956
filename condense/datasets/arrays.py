"""Reads numpy, scipy and text files without pickle; errors name the file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from condense.datasets.declared import check_declared, check_dense
from condense.errors import FileError

OWN = ""
"""The owner of a user's own files."""


def read_array(path: Path, owner: str) -> NDArray:
    """The array in a .npy file, whose name may have any suffix.

    Args:
        path: the file.
        owner: the source of the files, for messages; OWN for those of users themselves.

    Raises:
        FileError: the file is missing, damaged, pickled or an archive.
    """
    with _named(path, owner):
        check_declared(path)
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.ndarray):
            loaded.close()
            raise ValueError("an archive of several arrays where one is expected")
        return loaded


def read_archive(path: Path, owner: str, keys: Sequence[str]) -> dict[str, NDArray]:
    """The arrays `keys` of a .npz file.

    Raises:
        FileError: the file is missing or damaged, or one of `keys` is pickled or missing.
    """
    with _named(path, owner):
        check_declared(path, keys)
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("one array where an archive of several is expected")
        with loaded:
            return {key: loaded[key] for key in keys}


def archive_keys(path: Path, owner: str) -> list[str]:
    """The names of the arrays in a .npz file.

    Raises:
        FileError: the file is missing, or no archive.
    """
    with _named(path, owner), zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read_sparse(path: Path, owner: str) -> sp.csr_matrix:
    """The matrix that scipy saved in a .npz file.

    Raises:
        FileError: the file is missing, damaged or pickled, or holds no sparse matrix.
    """
    shape = read_archive(path, owner, ["shape"])["shape"]
    with _named(path, owner):
        check_dense(tuple(int(n) for n in shape))
        return _checked(sp.csr_matrix(sp.load_npz(path)))


def read_csr(
    path: Path, owner: str, name: str, separator: str = "_", dense: bool = True
) -> sp.csr_matrix:
    """The matrix with the CSR parts `name`_data, _indices, _indptr and _shape in a .npz file.

    Args:
        path: the file.
        owner: the source of the files, for messages; OWN for those of users themselves.
        name: of the matrix.
        separator: between the name and the part.
        dense: whether it will be made dense; if so, it may not be too large for that.

    Raises:
        FileError: the file is missing, damaged or pickled, or lacks a part.
    """
    keys = [f"{name}{separator}{part}" for part in ("data", "indices", "indptr", "shape")]
    data, indices, indptr, shape = read_archive(path, owner, keys).values()
    with _named(path, owner):
        if dense:
            check_dense(tuple(int(n) for n in shape))
        return _checked(sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist())))


def read_pairs(path: Path, owner: str) -> NDArray[np.int64]:
    """The lines "src dst" of a text file, as [2, lines].

    Raises:
        FileError: the file is missing, or a line is not two whole numbers.
    """
    with _named(path, owner):
        pairs = np.loadtxt(path, dtype=np.int64, ndmin=2)
        if pairs.shape[1] != 2:
            raise ValueError(f"{pairs.shape[1]} columns where 2 are expected")
        return np.ascontiguousarray(pairs.T)


def check_range(path: Path, numbers: NDArray, n: int, what: str) -> None:
    """Check that `numbers`, read from `path`, are integers in 0 … n − 1, numbers of nodes of type `what`.

    Raises:
        FileError: they are not.
    """
    if numbers.dtype.kind not in "iu":
        raise FileError(
            f"{path} (got {numbers.dtype} numbers of {what}s) must be integer; convert it"
        )
    outside = numbers[(numbers < 0) | (numbers >= n)]
    if outside.size:
        raise FileError(
            f"{path} names {what} {outside[0]}, which must lie in 0 … {n - 1}; "
            f"prepare it from the same {what}s as the other files"
        )


def _checked(matrix: sp.csr_matrix) -> sp.csr_matrix:
    matrix.check_format(full_check=True)  # Otherwise scipy may read or write out of bounds.
    return matrix


@contextmanager
def _named(path: Path, owner: str) -> Iterator[None]:
    """Convert errors in the block into a FileError with the path and a remedy."""
    missing = f"put {owner}'s files below --data-root"
    damaged = f"{missing} again"
    if owner == OWN:
        missing, damaged = "put it there", "save it again"
    try:
        yield
    except FileNotFoundError:
        raise FileError(f"{path} is missing; {missing}") from None
    except FileError:
        raise
    except Exception as error:  # A damaged file may raise anything in numpy and zipfile.
        said = str(error) or type(error).__name__
        raise FileError(f"{path} cannot be read ({said}); {damaged}") from None
