"""Reads graph files: every fault has a message, a checksum finds changed bits, no code is executed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.levels import EIGHT_BITS
from condense.data.rules.check import check
from condense.data.spread.spread import SPREAD
from condense.errors import FileError, GraphError
from condense.io.arrays import read_array
from condense.io.damage import damaged
from condense.io.eight_bits import CODES, StoredLevels
from condense.io.limits import NODE
from condense.io.members import Group, OpenFile, check_format, opened
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
from condense.io.sparse import StoredSparse, read_sparse
from condense.io.spread import StoredSpread
from condense.io.stored import StoredArray
from models.schema import FEATURE_PREFIX


def load(path: str | os.PathLike[str]) -> MultimodalGraph | CondensedGraph:
    """The graph at `path`: a `CondensedGraph` or a `MultimodalGraph`, as the file declares.

    Raises:
        FileError: the file is missing, damaged, not a graph file, of another version, or its graph
            breaks a rule of the data type.
    """
    contents = _read(Path(path))
    try:
        check(contents.graph, contents.header.kind)
        if contents.header.kind == "whole":
            return contents.graph
        return CondensedGraph(contents.graph, Provenance.from_json(contents.provenance))
    except (GraphError, FileError) as error:
        raise FileError(f"{path} breaks a rule of the data type: {error}") from error


def load_graph(path: str | os.PathLike[str]) -> MultimodalGraph:
    """The graph at `path`, whole or condensed, without provenance; raises the errors of `load`."""
    loaded = load(path)
    return loaded.graph if isinstance(loaded, CondensedGraph) else loaded


def load_condensed(path: str | os.PathLike[str]) -> CondensedGraph:
    """The condensed graph at `path`.

    Raises:
        FileError: as for `load`, and for a whole graph.
    """
    loaded = load(path)
    if not isinstance(loaded, CondensedGraph):
        raise FileError(f"{path} holds a whole graph, not a condensed one; condense it first")
    return loaded


def data_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the nodes and edges, as 64 hexadecimal digits.

    Two runs with the same seed give the same digest; their checksums differ, because the provenance
    includes run times.

    Raises:
        FileError: as for `load`, except that the rules of the data type are not checked.
    """
    return _read(Path(path)).digest


@dataclass(frozen=True)
class _Contents:
    header: Header
    graph: MultimodalGraph
    provenance: str
    digest: str


def _read(path: Path) -> _Contents:
    """The contents of a file; its checksum is verified."""
    with opened(path) as file:
        return _read_open(file)


def _read_open(file: OpenFile) -> _Contents:
    header = _read_header(file)
    version = header.version
    stores = [_node_store(file, node_type, version) for node_type in header.node_types]
    stores += [_edge_store(file, relation, version) for relation in header.relations]
    provenance = file.root.text(PROVENANCE) if header.kind == "condensed" else ""
    spread = StoredSpread(file) if version >= COMPACT and SPREAD in file.root.members else None
    # Until here nothing of the size that the file claims has been allocated or read.
    graph, digest = MultimodalGraph(), Digest()
    for store in stores:
        digest.record(store.record)
        if store.num_nodes is not None:
            graph[store.key].num_nodes = store.num_nodes
        for name, array in store.arrays.items():
            key = decoded(name, version)
            if isinstance(array, StoredSparse):
                graph[store.key][key] = read_sparse(file, array, name, digest)
            elif isinstance(array, StoredLevels):
                graph[store.key][key] = array.read(file, name, digest)
            else:
                graph[store.key][key] = read_array(file, array, name, digest)
    if spread is not None:
        graph.spread = spread.read(file, digest)
    arrays = [array for part in (*stores, spread) if part for array in part.arrays.values()]
    if any(isinstance(array, StoredLevels) for array in arrays):
        setattr(graph, EIGHT_BITS, True)
    graph.target, graph.num_classes = decoded(header.target, version), header.num_classes
    graph.name, graph.source = header.name, header.source
    if file.root.attribute(CHECKSUM, str) != checksum(header, digest.hexdigest(), provenance):
        raise damaged("its contents do not match its checksum")
    return _Contents(header, graph, provenance, digest.hexdigest())


@dataclass(frozen=True)
class _Store:
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


def _node_store(file: OpenFile, node_type: str, version: int) -> _Store:
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
    return _Store(decoded(node_type, version), record, arrays, count)


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


def _edge_store(file: OpenFile, relation: str, version: int) -> _Store:
    group = file.root.group(EDGES, relation)
    names, shape = group.strings(ATTRIBUTES), group.array(EDGE_INDEX).shape
    if shape is None or len(shape) != 2 or shape[0] != 2:
        raise damaged(f"dataset {group.path}/{EDGE_INDEX} (got shape {shape}) must be [2, edges]")
    arrays: dict[str, Any] = {**_arrays(file, group, names, shape[1])}
    return _Store(relation_of(relation, version), edges_record(relation, names), arrays)


def _arrays(file: OpenFile, group: Group, names: list[str], rows: int) -> dict[str, StoredArray]:
    """The arrays of `group` by name, checked; all but edge_index must have `rows` rows."""
    arrays = {name: group.array(name) for name in names}
    for name, array in arrays.items():
        shape = array.shape
        if name != EDGE_INDEX and (not shape or shape[0] != rows):
            raise damaged(f"dataset {array.path} (got shape {shape}) must have {rows} rows")
        file.check(array)
    return arrays


def _read_header(file: OpenFile) -> Header:
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
