"""Reads graph files: every fault has a message, a checksum finds changed bits, no code is executed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
from torch_geometric.data.storage import BaseStorage

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.errors import FileError, GraphError
from condense.io.arrays import read_array
from condense.io.members import attribute, check_format, child, damaged, opened, strings
from condense.io.schema import (
    ATTRIBUTES,
    CHECKSUM,
    EDGE_INDEX,
    EDGES,
    FORMAT,
    NODES,
    NUM_NODES,
    PROVENANCE,
    VERSION,
    Header,
    checksum,
    edges_record,
    nodes_record,
)


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


def _read_open(file: h5py.File) -> _Contents:
    header = _read_header(file)
    graph, digest = MultimodalGraph(), Digest()
    for node_type in header.node_types:
        group = child(file, f"{NODES}/{node_type}", h5py.Group)
        count, names = attribute(group, NUM_NODES, int), strings(group, ATTRIBUTES)
        graph[node_type].num_nodes = count
        digest.record(nodes_record(node_type, count, names))
        _read_store(group, names, count, graph[node_type], digest)
    for relation in header.relations:
        group = child(file, f"{EDGES}/{relation}", h5py.Group)
        count, names = _num_edges(group), strings(group, ATTRIBUTES)
        digest.record(edges_record(relation, names))
        source, name, destination = relation.split(":")
        _read_store(group, names, count, graph[source, name, destination], digest)
    graph.target, graph.num_classes = header.target, header.num_classes
    graph.name, graph.source = header.name, header.source

    provenance = ""
    if header.kind == "condensed":
        provenance = child(file, PROVENANCE, h5py.Dataset).asstr()[()]
    if attribute(file, CHECKSUM, str) != checksum(header, digest.hexdigest(), provenance):
        raise damaged("its contents do not match its checksum")
    return _Contents(header, graph, provenance, digest.hexdigest())


def _read_header(file: h5py.File) -> Header:
    check_format(file, FORMAT, VERSION, "graph")
    header = Header(
        kind=attribute(file, "kind", str),
        name=attribute(file, "name", str),
        source=attribute(file, "source", str),
        target=attribute(file, "target", str),
        num_classes=attribute(file, "num_classes", int),
        node_types=tuple(strings(file, "node_types")),
        relations=tuple(strings(file, "relations")),
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


def _read_store(
    group: h5py.Group, names: list[str], rows: int, store: BaseStorage, digest: Digest
) -> None:
    """Fill `store` with the datasets `names` of `group`; all but edge_index must have `rows` rows."""
    for name in names:
        dataset = child(group, name, h5py.Dataset)
        shape = dataset.shape
        if name != EDGE_INDEX and (not shape or shape[0] != rows):
            raise damaged(f"dataset {dataset.name} (got shape {shape}) must have {rows} rows")
        store[name] = read_array(dataset, name, digest)


def _num_edges(group: h5py.Group) -> int:
    shape = child(group, EDGE_INDEX, h5py.Dataset).shape
    if shape is None or len(shape) != 2 or shape[0] != 2:
        raise damaged(f"dataset {group.name}/{EDGE_INDEX} (got shape {shape}) must be [2, edges]")
    return shape[1]
