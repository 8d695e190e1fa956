"""What a graph file holds: its header and its arrays, checked before anything of their size is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from condense.data.spread.spread import SPREAD
from condense.io.damage import damaged
from condense.io.eight_bits import CODES, StoredLevels
from condense.io.limits import NODE
from condense.io.members import Group, OpenFile, check_format
from condense.io.names import decoded, relation_of
from condense.io.schema import (
    ATTRIBUTES,
    CHECKSUM,
    COMPACT,
    EDGE_INDEX,
    EDGES,
    FORMAT,
    NODES,
    NUM_NODES,
    PROVENANCE,
    READABLE,
    Header,
    checksum,
    edges_record,
    nodes_record,
)
from condense.io.sparse import StoredSparse
from condense.io.spread import StoredSpread
from condense.io.stored import StoredArray
from models.schema import FEATURE_PREFIX


@dataclass(frozen=True)
class Contents:
    """The contents of a graph file, without the values of its arrays.

    Attributes:
        header: the root attributes.
        stores: of the node types, then of the relations, in order.
        provenance: JSON text, "" for a whole graph.
        spread: of some condensed graphs.
        expected: the checksum that the file states.
    """

    header: Header
    stores: tuple[Store, ...]
    provenance: str
    spread: StoredSpread | None
    expected: str

    @classmethod
    def of(cls, file: OpenFile) -> Contents:
        """The contents of an open file; nothing of the size that it claims is allocated or read.

        Raises:
            FileError: it is not a graph file, or holds less or more than such a file may.
        """
        header = _header_of(file)
        version, root = header.version, file.root
        stores = [_node_store(file, node_type, version) for node_type in header.node_types]
        stores += [_edge_store(file, relation, version) for relation in header.relations]
        provenance = root.text(PROVENANCE) if header.kind == "condensed" else ""
        spread = StoredSpread(file) if version >= COMPACT and SPREAD in root.members else None
        expected = root.attribute(CHECKSUM, str)
        return cls(header, tuple(stores), provenance, spread, expected)

    def check(self, digest: str) -> None:
        """Compare the file's checksum with that of the data digest of what was read.

        Raises:
            FileError: they differ.
        """
        if self.expected != checksum(self.header, digest, self.provenance):
            raise damaged("its contents do not match its checksum")


@dataclass(frozen=True)
class Store:
    """What the file holds of a node type or relation.

    Attributes:
        key: of the type or relation in the graph.
        record: of it in the data digest.
        arrays: by encoded name, checked.
        num_nodes: of a node type.
    """

    key: Any
    record: list[Any]
    arrays: dict[str, StoredArray | StoredSparse | StoredLevels]
    num_nodes: int | None = None


def _node_store(file: OpenFile, node_type: str, version: int) -> Store:
    group = file.root.group(NODES, node_type)
    count, names = group.attribute(NUM_NODES, int), group.strings(ATTRIBUTES)
    if count < 0:
        raise damaged(f"attribute {NUM_NODES!r} of {group.path} (got {count}) must be at least 0")
    file.allowance.take(NODE * count, f"attribute {NUM_NODES!r} of {group.path}, {count:,} nodes")
    groups = {
        name: _matrix(file, group.group(name), count, version)
        for name in names
        if name.startswith(FEATURE_PREFIX) and group.holds_group(name)
    }
    dense = _arrays(file, group, [name for name in names if name not in groups], count)
    arrays = {name: groups.get(name) or dense[name] for name in names}
    record = nodes_record(node_type, count, names)
    return Store(decoded(node_type, version), record, arrays, count)


def _matrix(file: OpenFile, group: Group, rows: int, version: int) -> StoredSparse | StoredLevels:
    """The sparse matrix, or the one in eight bits, that a group holds; it must have `rows` rows."""
    if CODES not in group.members or version < COMPACT:
        sparse = StoredSparse.of(group, rows)
        for part in sparse.parts.values():
            file.check(part)
        return sparse
    levels = StoredLevels.of(group)
    if (levels.shape or (-1,))[0] != rows:
        raise damaged(f"group {group.path} (got shape {levels.shape}) must have {rows} rows")
    levels.check(file)
    return levels


def _edge_store(file: OpenFile, relation: str, version: int) -> Store:
    group = file.root.group(EDGES, relation)
    names, shape = group.strings(ATTRIBUTES), group.array(EDGE_INDEX).shape
    if shape is None or len(shape) != 2 or shape[0] != 2:
        raise damaged(f"dataset {group.path}/{EDGE_INDEX} (got shape {shape}) must be [2, edges]")
    arrays: dict[str, Any] = {**_arrays(file, group, names, shape[1])}
    return Store(relation_of(relation, version), edges_record(relation, names), arrays)


def _arrays(file: OpenFile, group: Group, names: list[str], rows: int) -> dict[str, StoredArray]:
    """The arrays of `group` by name, checked; all but edge_index must have `rows` rows."""
    arrays = {name: group.array(name) for name in names}
    for name, array in arrays.items():
        shape = array.shape
        if name != EDGE_INDEX and (not shape or shape[0] != rows):
            raise damaged(f"dataset {array.path} (got shape {shape}) must have {rows} rows")
        file.check(array)
    return arrays


def _header_of(file: OpenFile) -> Header:
    version, root = check_format(file, FORMAT, READABLE, "graph"), file.root
    header = Header(
        kind=root.attribute("kind", str),
        name=root.attribute("name", str),
        source=root.attribute("source", str),
        target=root.attribute("target", str),
        num_classes=root.attribute("num_classes", int),
        node_types=tuple(root.strings("node_types")),
        relations=tuple(root.strings("relations")),
        version=version,
    )
    if header.kind not in ("whole", "condensed"):
        raise damaged(f"attribute 'kind' (got {header.kind!r}) must be 'whole' or 'condensed'")
    for relation in header.relations:
        parts = relation.split(":")
        if len(parts) != 3:
            raise damaged(f"relation {relation!r} must have the form source:name:destination")
        for end in (parts[0], parts[2]):
            if end not in header.node_types:
                known = ", ".join(header.node_types)
                raise damaged(f"relation {relation!r} joins type {end!r}, which is not in {known}")
    return header
