"""The program that lists the contents of HDF5 files, in a process of its own.

A crafted file can crash the HDF5 library, keep it busy or fill the memory. So this process alone opens files
with it, under limits of memory and processor time, and answers with a list: attributes, and where in the file
the bytes of each array are. `condense.io.listing` starts it and reads the arrays itself.

Standard input holds one JSON object a line, {"path", "size"}; each answer is 8 bytes of length and JSON text.
Links other than hard ones, virtual datasets and external storage are named and never followed.
"""

# pyright: reportAttributeAccessIssue=false
# (h5py's low-level modules are compiled, without types)

from __future__ import annotations

import base64
import json
import math
import os
import signal
import sys
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5p, h5s, h5t

SECONDS = 3
"""Processor time for one file."""
SPARE = 80 << 20
"""Bytes of memory for one file, besides those of the list of its chunks."""
TEXT = 8 << 20
"""Largest string dataset or attribute, in bytes."""
MEMBERS = 1 << 14
"""Most groups, datasets and attributes of one file."""
DEPTH = 8
"""Deepest nesting of groups."""
CHUNKS = 1024
"""Most chunks of a dataset in a small file; larger files may have one for each `CHUNK_BYTES` bytes."""
CHUNK_BYTES = 256


class TooMuch(Exception):
    """The file holds more than is ever listed."""


class Scan:
    """Lists one file of `size` bytes."""

    def __init__(self, path: str, size: int) -> None:
        self._size, self._members = size, 0
        access = h5p.create(h5p.FILE_ACCESS)
        access.set_file_locking(False, True)  # Files are replaced whole, never changed in place.
        self._file = h5f.open(os.fsencode(path), h5f.ACC_RDONLY, access)

    def root(self) -> dict[str, Any]:
        """The root group with everything below."""
        return self._group(h5g.open(self._file, b"/"), 0)

    def _count(self, more: int) -> None:
        self._members += more
        if self._members > MEMBERS:
            raise TooMuch(f"more than {MEMBERS} groups, datasets and attributes")

    def _group(self, group: h5g.GroupID, depth: int) -> dict[str, Any]:
        if depth > DEPTH:
            raise TooMuch(f"groups nested deeper than {DEPTH}")
        links: list[tuple[bytes, int]] = []

        def note(name: bytes, info: Any) -> bool | None:
            links.append((name, info.type))
            return len(links) > MEMBERS or None  # anything but None ends the iteration

        group.links.iterate(note, info=True)
        self._count(len(links))
        members = {_decoded(name): self._member(group, name, kind, depth) for name, kind in links}
        return {"kind": "group", "attributes": self._attributes(group), "members": members}

    def _member(self, group: h5g.GroupID, name: bytes, kind: int, depth: int) -> dict[str, Any]:
        if kind == h5l.TYPE_SOFT:
            return {"kind": "soft link"}
        if kind != h5l.TYPE_HARD:
            return {"kind": "external link" if kind == h5l.TYPE_EXTERNAL else "user-defined link"}
        item = h5o.open(group, name)
        if isinstance(item, h5g.GroupID):
            return self._group(item, depth + 1)
        return self._dataset(item) if isinstance(item, h5d.DatasetID) else {"kind": "data type"}

    def _dataset(self, dataset: h5d.DatasetID) -> dict[str, Any]:
        created = dataset.get_create_plist()
        layout = created.get_layout()
        if layout == h5d.VIRTUAL:
            return {"kind": "virtual dataset"}
        if layout == h5d.CONTIGUOUS and created.get_external_count():
            return {"kind": "dataset with external storage"}
        filters = [created.get_filter(i)[0] for i in range(created.get_nfilters())]
        shape = _shape(dataset.get_space())
        kind = dataset.get_type()
        if kind.get_class() == h5t.STRING and shape == [] and layout != h5d.CHUNKED:
            if kind.get_size() > TEXT:
                raise TooMuch(f"a text of more than {TEXT} bytes")
            return {"kind": "text", "text": _decoded(h5py.Dataset(dataset)[()])}
        listed: dict[str, Any] = {
            "kind": "array", "dtype": kind.dtype.str, "name": kind.dtype.name, "shape": shape,
            "filters": filters,
        }  # fmt: skip
        if shape is None or kind.dtype.hasobject:
            return listed
        if layout == h5d.CHUNKED:
            chunk = created.get_chunk()
            return {**listed, "chunk": list(chunk), "table": self._chunks(dataset, shape, chunk)}
        if layout == h5d.CONTIGUOUS:
            return {**listed, "offset": dataset.get_offset()}
        values = np.ascontiguousarray(h5py.Dataset(dataset)[()])  # compact: in its own header
        return {**listed, "values": _base64(values)}

    def _chunks(
        self, dataset: h5d.DatasetID, shape: list[int], chunk: tuple[int, ...]
    ) -> str | None:
        """Rows [position …, filter mask, offset, size], one a chunk; None where there are too many."""
        expected = math.prod(-(-n // c) for n, c in zip(shape, chunk, strict=True))
        if expected > CHUNKS + self._size // CHUNK_BYTES:
            return None
        rows: list[tuple[int, ...]] = []

        def note(stored: Any) -> bool | None:
            rows.append((*stored.chunk_offset, stored.filter_mask, stored.byte_offset, stored.size))
            return len(rows) > expected or None  # `StoredArray.check` refuses a wrong number

        if expected:
            dataset.chunk_iter(note)
        return _base64(np.array(rows, dtype="<i8").reshape(len(rows), len(shape) + 3))

    def _attributes(self, group: h5g.GroupID) -> dict[str, Any]:
        attributes, count = {}, h5a.get_num_attrs(group)
        self._count(count)
        for index in range(count):
            attribute = h5a.open(group, index=index)
            attributes[_decoded(attribute.name)] = _value(group, attribute)
        return attributes


def _value(group: h5g.GroupID, attribute: h5a.AttrID) -> Any:
    """A string, an integer or a list of strings; of anything else the name of its type."""
    kind, space = attribute.get_type(), attribute.get_space()
    if kind.get_size() * space.get_simple_extent_npoints() > TEXT:
        raise TooMuch(f"an attribute of more than {TEXT} bytes")
    if kind.get_class() not in (h5t.STRING, h5t.INTEGER):
        return {"type": attribute.dtype.name}
    value = h5py.Group(group).attrs[attribute.name]
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, list):
        return [_decoded(item) if isinstance(item, bytes) else item for item in value]
    return _decoded(value) if isinstance(value, bytes) else value


def _shape(space: h5s.SpaceID) -> list[int] | None:
    simple = space.get_simple_extent_type() != h5s.NULL
    return list(space.get_simple_extent_dims()) if simple else None


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _decoded(text: bytes | str) -> str:
    """The text, with U+FFFD for what is not UTF-8, so that any message can be printed."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace")


def _limit(size: int) -> None:
    """Limit what this process may use from now on, for a file of `size` bytes."""
    try:
        import resource
    except ImportError:  # Windows; there is still the limit on waiting
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime) + SECONDS + size // (1 << 30)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm") as statm:
            now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limit = now + SPARE + size // 4
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"root": Scan(request["path"], request["size"]).root()}
    except TooMuch as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "more than its memory's limit"}
    except Exception as error:
        return {"error": " ".join(str(error).split()) or type(error).__name__}


def main() -> None:
    """Answer requests until standard input ends, that is, until the process that asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks.
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _limit(request["size"])
        answer = json.dumps(_answer(request)).encode("ascii")
        sys.stdout.buffer.write(len(answer).to_bytes(8, "little") + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
