"""Access to the parts of an HDF5 file, with errors that name the file, the fault and the remedy."""

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
RESTORE = f"the file is damaged: {LOST}, or create it again"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open the HDF5 file at `path` for reading; errors of h5py inside the block become `FileError`.

    Raises:
        FileError: the file is missing, unreadable, damaged or not HDF5.
    """
    if not path.exists():
        raise FileError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileError(f"{path} is not a file; give the .h5 file itself")
    try:
        with path.open("rb"):  # is_hdf5 returns False for a file without read permission
            pass
        if not h5py.is_hdf5(path):
            raise FileError(
                f"it is not an HDF5 file, or its beginning is lost; give another file, or {LOST}"
            )
        with h5py.File(path, "r") as file:
            yield file
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    except PermissionError as error:
        raise FileError(f"{path} cannot be read ({error}); change its permissions") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        fault = "is truncated" if "truncated" in str(error) else "cannot be read"
        raise FileError(f"{path} {fault} ({error}); {RESTORE}") from error


def check_format(file: h5py.File, name: str, version: int, kind: str) -> None:
    """Check that `file` has the format `name` in this `version`.

    Args:
        file: the open file.
        name: the expected value of the attribute "format".
        version: the expected version.
        kind: what such a file holds, for messages.

    Raises:
        FileError: the format or the version differs.
    """
    format_name = text(file.attrs.get("format"))
    if format_name != name:
        raise FileError(
            f"attribute 'format' (got {format_name!r}) must be {name!r}; "
            f"this HDF5 file is of another kind, give a {kind} file"
        )
    got = attribute(file, "version", int)
    if got > version:
        raise FileError(f"version (got {got}) is newer than {version}; update this package")
    if got < version:
        raise FileError(f"version (got {got}) is older than {version}; create the file again")


def child(parent: h5py.Group, name: str, kind: type) -> Any:
    """The group or dataset `name` of `parent`."""
    where = f"{parent.name}/{name}".replace("//", "/")
    if name not in parent:
        raise damaged(f"{kind.__name__.lower()} {where} is missing")
    item = parent[name]
    if not isinstance(item, kind):
        raise damaged(f"{where} (got a {type(item).__name__}) must be a {kind.__name__}")
    return item


def attribute(holder: h5py.Group, name: str, kind: type) -> Any:
    """The string or integer attribute `name` of `holder`."""
    value = text(_required(holder, name))
    if not isinstance(value, str if kind is str else (int, np.integer)):
        raise damaged(f"attribute {name!r} of {holder.name} (got {value!r}) must be {kind}")
    return kind(value)


def strings(holder: h5py.Group, name: str) -> list[str]:
    """The strings that the attribute `name` of `holder` lists, in order."""
    stored = np.asarray(_required(holder, name)).tolist()
    values = [text(value) for value in stored] if isinstance(stored, list) else [stored]
    if not isinstance(stored, list) or not all(isinstance(value, str) for value in values):
        raise damaged(f"attribute {name!r} of {holder.name} (got {stored!r}) must list strings")
    return values


def _required(holder: h5py.Group, name: str) -> Any:
    if name not in holder.attrs:
        raise damaged(f"attribute {name!r} of {holder.name} is missing")
    return holder.attrs[name]


def damaged(fault: str) -> FileError:
    """The error for a file whose contents differ from what was written."""
    return FileError(f"{fault}; {RESTORE}")
