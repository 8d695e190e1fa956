"""Open files: their groups, texts and arrays, with errors that name the member, the fault and the remedy."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.errors import FileError
from condense.io.damage import RESTORE, damaged
from condense.io.limits import Allowance
from condense.io.listing import list_contents
from condense.io.seal import check_seal
from condense.io.stored import StoredArray


@dataclass(frozen=True)
class Group:
    """A group of a file, as `condense.io.scan` lists it.

    Attributes:
        path: in the file.
        attributes: strings, integers and lists of strings; instead of other values {"type": name}.
        members: what each name in the group is.
    """

    path: str
    attributes: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]]

    def group(self, *names: str) -> Group:
        """The group at the end of a path of names."""
        path, listed = self._member(names, "group")
        return Group(path, listed["attributes"], listed["members"])

    def array(self, *names: str) -> StoredArray:
        """The array at the end of a path of names; its bytes are not looked at."""
        return StoredArray.of(*self._member(names, "array"))

    def holds_group(self, name: str) -> bool:
        """Whether the member `name` is a group; False if there is none."""
        return self.members.get(name, {}).get("kind") == "group"

    def text(self, *names: str) -> str:
        """The text at the end of a path of names."""
        return self._member(names, "text")[1]["text"]

    def attribute(self, name: str, kind: type) -> Any:
        """The string or integer attribute `name`."""
        value = self._attribute(name)
        if not isinstance(value, kind):
            raise damaged(f"attribute {name!r} of {self.path} (got {value!r}) must be {kind}")
        return value

    def strings(self, name: str) -> list[str]:
        """The strings that the attribute `name` lists, in order, each once."""
        values = self._attribute(name)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise damaged(f"attribute {name!r} of {self.path} (got {values!r}) must list strings")
        if len(set(values)) < len(values):
            raise damaged(f"attribute {name!r} of {self.path} must list each name once")
        return values

    def _attribute(self, name: str) -> Any:
        if name not in self.attributes:
            raise damaged(f"attribute {name!r} of {self.path} is missing")
        return self.attributes[name]

    def _member(self, names: tuple[str, ...], kind: str) -> tuple[str, Mapping[str, Any]]:
        """The path and the description of a member, which must be of this kind."""
        path, listed = self.path, {"members": self.members}
        for depth, name in enumerate(names, 1):
            path = f"{path}/{name}".replace("//", "/")
            expected = kind if depth == len(names) else "group"
            if name not in listed["members"]:
                raise damaged(f"{expected} {path} is missing")
            listed = listed["members"][name]
            if listed["kind"] != expected:
                raise _wrong_kind(path, listed["kind"], expected)
        return path, listed


@dataclass(frozen=True)
class OpenFile:
    """A file that is open for reading, and whose contents are listed.

    Attributes:
        stream: its bytes.
        size: their number.
        root: the root group.
        allowance: what may still be read from it.
    """

    stream: io.FileIO
    size: int
    root: Group
    allowance: Allowance

    def check(self, array: StoredArray) -> None:
        """Check that the file holds an array, before anything is read or allocated."""
        array.check(self.size, self.allowance)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open the HDF5 file at `path`, once its bytes have matched its seal.

    Raises:
        FileError: the file is missing, unreadable, damaged or not HDF5; also for faults
            found inside the block.
    """
    check_is_file(path)
    with file_errors(path), listed(path) as file:
        yield file


def check_is_file(path: Path) -> None:
    """Raise unless there is a file at `path`.

    Raises:
        FileError: there is nothing, or something else.
    """
    if not path.exists():
        raise FileError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileError(f"{path} is not a file; give the .h5 file itself")


@contextlib.contextmanager
def listed(path: Path) -> Iterator[OpenFile]:
    """Open a file that is there, as `opened` does; the errors are what they are, see `file_errors`."""
    with path.open("rb", buffering=0) as stream:
        check_seal(stream)
        size = os.fstat(stream.fileno()).st_size
        members = list_contents(path, size)
        root = Group("/", members["attributes"], members["members"])
        yield OpenFile(stream, size, root, Allowance(size))


@contextlib.contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Name the file at `path` and a remedy in the errors of a block that reads it.

    Raises:
        FileError: for any of them.
    """
    try:
        yield
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    except PermissionError as error:
        raise FileError(f"{path} cannot be read ({error}); change its permissions") from error
    except MemoryError as error:
        raise FileError(f"{path} needs more memory than there is; use a larger machine") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FileError(f"{path} cannot be read ({error}); {RESTORE}") from error


def check_format(file: OpenFile, name: str, versions: tuple[int, ...], kind: str) -> int:
    """Check that `file` has the format `name` in one of these `versions`, and return which.

    Args:
        file: the open file.
        name: the expected value of the attribute "format".
        versions: the expected versions, in order.
        kind: what such a file holds, for messages.

    Raises:
        FileError: the format or the version differs.
    """
    format_name = file.root.attributes.get("format")
    if format_name != name:
        raise FileError(
            f"attribute 'format' (got {format_name!r}) must be {name!r}; "
            f"this HDF5 file is of another kind, give a {kind} file"
        )
    version = file.root.attribute("version", int)
    if version > versions[-1]:
        raise FileError(
            f"version (got {version}) is newer than {versions[-1]}; update this package"
        )
    if version < versions[0]:
        raise FileError(
            f"version (got {version}) is older than {versions[0]}; create the file again"
        )
    return version


def _wrong_kind(path: str, got: str, expected: str) -> FileError:
    if got in ("group", "array", "text"):
        return damaged(f"{path} (got {got}) must be a {expected}")
    return FileError(
        f"{path} (got a {got}) must be stored in the file itself: links, virtual datasets and external "
        "storage are never followed; write the values themselves"
    )
