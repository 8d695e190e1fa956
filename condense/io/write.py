"""Writes graph files: the graph is checked, hashed and stored in blocks, and the file sealed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
from torch_geometric.data.storage import BaseStorage

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.levels import in_eight_bits
from condense.data.rules.check import Kind, check
from condense.data.sparse import is_sparse
from condense.data.spread.spread import spread_of
from condense.io.arrays import write_array
from condense.io.eight_bits import write_compact
from condense.io.fits import check_fits, check_size
from condense.io.names import encoded, relation_key
from condense.io.replace import Sink, replacing
from condense.io.schema import (
    ATTRIBUTES,
    CHECKSUM,
    EDGES,
    LIBVER,
    NODES,
    NUM_NODES,
    PROVENANCE,
    Header,
    checksum,
    edges_record,
    fixed_strings,
    nodes_record,
)
from condense.io.seal import SIZE, seal
from condense.io.sparse import write_sparse
from condense.io.spread import write_spread
from models.schema import FEATURE_PREFIX


def save(path: str | os.PathLike[str], graph: MultimodalGraph | CondensedGraph) -> None:
    """Write `graph` to `path`; an existing file is replaced once the new one is complete.

    Args:
        path: the HDF5 file; its folder must exist. A symbolic link is followed.
        graph: a whole graph, or a condensed one with its provenance.

    Raises:
        GraphError: the graph breaks a rule, or its file would hold more than is read back.
        FileError: the file cannot be written; an existing file at `path` is left untouched.
    """
    kind: Kind = "condensed" if isinstance(graph, CondensedGraph) else "whole"
    if isinstance(graph, CondensedGraph):
        contents, provenance = graph.graph, graph.provenance.to_json()
    else:
        contents, provenance = graph, ""
    check(contents, kind)
    check_fits(contents, provenance)
    write_file(path, contents, kind, provenance)


Absent = Callable[[h5py.Group, Any, str, Digest, Sink], None]
"""Writes and hashes an array whose values the graph lacks: group, type or relation, attribute."""


def write_file(
    path: str | os.PathLike[str],
    graph: MultimodalGraph,
    kind: Kind,
    provenance: str = "",
    absent: Absent | None = None,
    packed: bool = True,
) -> None:
    """Write a graph that obeys all rules, and seal the file.

    Args:
        path: as for `save`.
        graph: may have tensors on the meta device in place of arrays that `absent` writes.
        kind: of the graph.
        provenance: JSON text, "" for a whole graph.
        absent: writes the arrays that `graph` lacks.
        packed: compress large arrays.

    Raises:
        GraphError: the arrays compress so well that the file would not be read again.
        FileError: as for `save`.
    """
    header = Header.of(graph, kind)
    with replacing(path) as sink:
        with h5py.File(sink, "w", libver=LIBVER, userblock_size=SIZE) as file:
            _Writer(file, graph, sink, absent, packed).write(header, provenance)
        seal(sink)
        check_size(graph, sink.seek(0, os.SEEK_END))


@dataclass(frozen=True)
class _Writer:
    file: h5py.File
    graph: MultimodalGraph
    sink: Sink
    absent: Absent | None
    packed: bool

    def write(self, header: Header, provenance: str) -> None:
        """Write everything but the seal."""
        file, graph = self.file, self.graph
        for name, value in header.attributes().items():
            file.attrs[name] = value if isinstance(value, int) else fixed_strings(value)
        digest, narrow = Digest(), in_eight_bits(graph)
        nodes, edges = file.create_group(NODES), file.create_group(EDGES)
        for node_type in graph.node_types:
            store = graph[node_type]
            name = encoded(node_type)
            group = nodes.create_group(name)
            group.attrs[NUM_NODES] = int(store.num_nodes)
            digest.record(nodes_record(name, int(store.num_nodes), _array_names(store)))
            self._write_store(group, node_type, digest, narrow)
        for relation in graph.edge_types:
            key = relation_key(relation)
            digest.record(edges_record(key, _array_names(graph[relation])))
            self._write_store(edges.create_group(key), relation, digest)
        if (spread := spread_of(graph)) is not None:
            write_spread(file, spread, digest, self.sink, narrow)
        if provenance:
            file.create_dataset(PROVENANCE, data=fixed_strings(provenance))
        file.attrs[CHECKSUM] = fixed_strings(checksum(header, digest.hexdigest(), provenance))
        file.flush()

    def _write_store(
        self, group: h5py.Group, key: Any, digest: Digest, narrow: bool = False
    ) -> None:
        """Write a type's or relation's arrays; `narrow` writes features on levels in eight bits."""
        store = self.graph[key]
        group.attrs[ATTRIBUTES] = fixed_strings(_array_names(store))
        for name in _keys(store):
            x = store[name]
            if x.is_meta and self.absent is not None:
                self.absent(group, key, name, digest, self.sink)
            elif is_sparse(x):
                write_sparse(group, encoded(name), x, digest, self.sink)
            elif narrow and name.startswith(FEATURE_PREFIX):
                write_compact(group, encoded(name), x, digest, self.sink)
            else:
                write_array(group, encoded(name), x, digest, self.sink, self.packed)


def _array_names(store: BaseStorage) -> list[str]:
    return [encoded(key) for key in _keys(store)]


def _keys(store: BaseStorage) -> list[str]:
    return [key for key in store if key != NUM_NODES]
