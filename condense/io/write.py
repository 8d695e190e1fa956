"""Writes graph files: the graph is checked, hashed and stored in blocks, and the file sealed."""

from __future__ import annotations

import os

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
    header = Header.of(contents, kind)

    with replacing(path) as sink:
        with h5py.File(sink, "w", libver=LIBVER, userblock_size=SIZE) as file:
            _write(file, contents, header, provenance, sink)
        seal(sink)
        check_size(contents, sink.seek(0, os.SEEK_END))


def _write(
    file: h5py.File, graph: MultimodalGraph, header: Header, provenance: str, sink: Sink
) -> None:
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
        _write_store(group, store, digest, sink, narrow)
    for relation in graph.edge_types:
        key = relation_key(relation)
        digest.record(edges_record(key, _array_names(graph[relation])))
        _write_store(edges.create_group(key), graph[relation], digest, sink)
    if (spread := spread_of(graph)) is not None:
        write_spread(file, spread, digest, sink, narrow)
    if provenance:
        file.create_dataset(PROVENANCE, data=fixed_strings(provenance))
    file.attrs[CHECKSUM] = fixed_strings(checksum(header, digest.hexdigest(), provenance))
    file.flush()


def _write_store(
    group: h5py.Group, store: BaseStorage, digest: Digest, sink: Sink, narrow: bool = False
) -> None:
    """Write a type's or relation's arrays; `narrow` writes features on levels in eight bits."""
    group.attrs[ATTRIBUTES] = fixed_strings(_array_names(store))
    for key in _keys(store):
        dense = write_compact if narrow and key.startswith(FEATURE_PREFIX) else write_array
        write = write_sparse if is_sparse(store[key]) else dense
        write(group, encoded(key), store[key], digest, sink)


def _array_names(store: BaseStorage) -> list[str]:
    return [encoded(key) for key in _keys(store)]


def _keys(store: BaseStorage) -> list[str]:
    return [key for key in store if key != NUM_NODES]
