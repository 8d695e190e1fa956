"""Reads keys of files with an object of JSON a line, batch by batch."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as arrow_json

from condense.errors import FileError
from condense.prepare.tables.batches import plain, plain_type
from condense.prepare.tables.table import opened

BLOCK = 16 << 20
"""Bytes that are read at a time, or more where a line is longer."""
LINES = 1 << 16
"""Lines that are read at a time where pyarrow cannot."""


def json_types(path: Path, wanted: Collection[str]) -> dict[str, pa.DataType] | None:
    """Key -> the type of its values in all lines, null where it is not wanted; None if pyarrow refuses them.

    It does where a key has strings and numbers, and where a line is wrong.
    """
    found: list[pa.Schema] = []
    try:
        for piece in _pieces(path):
            schema = _needed(_parsed(piece).schema, wanted)
            if schema not in found:
                found.append(schema)
        whole = pa.unify_schemas(found, promote_options="permissive")
    except pa.ArrowException:
        return None
    return {each.name: plain_type(each.type) for each in whole}


def json_batches(
    path: Path, types: Mapping[str, pa.DataType], keys: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The values of keys, whose types `json_types` found."""
    schema = pa.schema([(key, types[key]) for key in keys])
    parsing = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    for piece in _pieces(path):
        for batch in _parsed(piece, parsing).to_batches():
            yield plain(batch, keys)


def line_batches(path: Path, keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The values of keys as strings, line by line: numbers as they are written, lists of strings joined.

    Raises:
        FileError: a line is wrong.
    """
    rows = objects(path, keys)
    while some := list(itertools.islice(rows, LINES)):
        columns = [
            pa.array([_as_text(r.get(key)) for r in some], pa.large_string()) for key in keys
        ]
        yield pa.RecordBatch.from_arrays(columns, names=list(keys))


def keys_in(path: Path, wanted: Collection[str]) -> list[str]:
    """Those of the keys `wanted` that are in any line."""
    missing = set(wanted)
    for row in objects(path, wanted):
        missing -= row.keys()
    return [key for key in wanted if key not in missing]


def objects(path: Path, plain_keys: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines.

    Args:
        path: the file.
        plain_keys: keys whose values must be strings, numbers or lists of strings.

    Raises:
        FileError: a line is no such object.
    """
    with opened(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("it must be one object, {…}")
                for key in plain_keys:
                    if isinstance(row.get(key), dict | list) and not _is_text_list(row[key]):
                        raise ValueError(f"{key} must be a string or a number")
            except (ValueError, RecursionError) as error:
                raise FileError(
                    f"{path}, line {number} cannot be read ({error}); write one object of JSON a line"
                ) from None
            yield row


def _pieces(path: Path) -> Iterator[bytes]:
    """The lines of a file, about BLOCK bytes at a time."""
    rest = b""
    with pa.input_stream(str(path), compression="detect") as stream:
        while block := stream.read(BLOCK):
            end = block.rfind(b"\n") + 1
            if end:
                piece, rest = rest + block[:end], block[end:]
                if piece.strip():
                    yield piece
            else:
                rest += block
    if rest.strip():
        yield rest


def _parsed(piece: bytes, parsing: arrow_json.ParseOptions | None = None) -> pa.Table:
    options = arrow_json.ReadOptions(block_size=len(piece) + 1)
    return arrow_json.read_json(pa.BufferReader(piece), options, parsing)


def _needed(schema: pa.Schema, wanted: Collection[str]) -> pa.Schema:
    """The schema of a piece; types of keys that are not wanted may differ between pieces."""
    return pa.schema(
        [(f.name, _undated(f.type) if f.name in wanted else pa.null()) for f in schema]
    )


def _undated(kind: pa.DataType) -> pa.DataType:
    """Strings that look like dates are kept as they are written."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_undated(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _undated(field.type)) for field in kind])
    return kind


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _as_text(value: Any) -> str | None:
    if isinstance(value, list):
        return " ".join(value)
    return value if value is None or isinstance(value, str) else json.dumps(value)
