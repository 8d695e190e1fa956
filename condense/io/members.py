"""What a file consists of, taken out of it with errors that name file, fault and remedy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from condense.errors import FileError
from condense.io.schema import text

LOST = "restore a copy"
RESTORE = f"the file is damaged: {LOST}, or make it again"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The HDF5 file at `path`; the one place where h5py's errors, in the block too, become ours.

    Raises:
        FileError: no file, no HDF5 file, one that may not be read, or a damaged one.
    """
    if not path.exists():
        raise FileError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileError(f"{path} is no file; name the .h5 file itself")
    try:
        with path.open("rb"):  # is_hdf5 takes a file it may not read for one of another format
            pass
        if not h5py.is_hdf5(path):
            raise FileError(
                f"it is no HDF5 file, or it lost its beginning; name another, or {LOST}"
            )
        with h5py.File(path, "r") as file:
            yield file
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read ({error}); change its permissions") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        fault = "is truncated" if "truncated" in str(error) else "cannot be read"
        raise FileError(f"{path} {fault} ({error}); {RESTORE}") from error


def check_format(file: h5py.File, name: str, version: int, kind: str) -> None:
    """Make sure that `file` is of the format `name`, which holds a `kind`, in this `version`.

    Raises:
        FileError: it is not.
    """
    found = text(file.attrs.get("format"))
    if found != name:
        raise FileError(
            f"attribute 'format' (got {found!r}) must be {name!r}; "
            f"it is an HDF5 file of another kind, name a {kind} file"
        )
    got = attribute(file, "version", int)
    if got > version:
        raise FileError(f"version (got {got}) is newer than {version}; update this package")
    if got < version:
        raise FileError(f"version (got {got}) is older than {version}; make the file again")


def member(parent: h5py.Group, name: str, kind: type) -> Any:
    """The group or dataset `name` of `parent`."""
    where = f"{parent.name}/{name}".replace("//", "/")
    if name not in parent:
        raise damaged(f"{kind.__name__.lower()} {where} is missing")
    found = parent[name]
    if not isinstance(found, kind):
        raise damaged(f"{where} (got a {type(found).__name__}) must be a {kind.__name__}")
    return found


def attribute(holder: h5py.Group, name: str, kind: type) -> Any:
    """The string or integer attribute `name` of `holder`."""
    value = text(_required(holder, name))
    if not isinstance(value, str if kind is str else (int, np.integer)):
        raise damaged(f"attribute {name!r} of {holder.name} (got {value!r}) must be {kind}")
    return kind(value)


def strings(holder: h5py.Group, name: str) -> list[str]:
    """The list-of-strings attribute `name` of `holder`, in its order."""
    found = np.asarray(_required(holder, name)).tolist()
    values = [text(value) for value in found] if isinstance(found, list) else [found]
    if not isinstance(found, list) or not all(isinstance(value, str) for value in values):
        raise damaged(f"attribute {name!r} of {holder.name} (got {found!r}) must list strings")
    return values


def _required(holder: h5py.Group, name: str) -> Any:
    if name not in holder.attrs:
        raise damaged(f"attribute {name!r} of {holder.name} is missing")
    return holder.attrs[name]


def damaged(fault: str) -> FileError:
    """The error of a file whose contents are not as they were written."""
    return FileError(f"{fault}; {RESTORE}")
