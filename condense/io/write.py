"""Writing a graph: checked, hashed and stored piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from torch import Tensor
from torch_geometric.data.storage import BaseStorage

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import Digest, dtype_name, numpy_block, slabs
from condense.data.graph import MultimodalGraph
from condense.data.rules import Kind, check
from condense.io.replace import Sink, replacing
from condense.io.schema import (
    ATTRIBUTES,
    CHECKSUM,
    COMPRESS_ABOVE,
    EDGE_INDEX,
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
    relation_key,
)


def save(path: str | os.PathLike[str], graph: MultimodalGraph | CondensedGraph) -> None:
    """Write `graph` to `path`, replacing a file there only once the new one is complete.

    Args:
        path: of the HDF5 file; its folder must exist. A symbolic link is followed.
        graph: a whole graph, or a condensed one with its provenance.

    Raises:
        GraphError: the graph breaks a rule.
        FileError: the file cannot be written; what was at `path` is untouched.
    """
    kind: Kind = "condensed" if isinstance(graph, CondensedGraph) else "whole"
    if isinstance(graph, CondensedGraph):
        contents, provenance = graph.graph, graph.provenance.to_json()
    else:
        contents, provenance = graph, ""
    check(contents, kind)
    header = Header.of(contents, kind)

    with replacing(path) as sink, h5py.File(sink, "w", libver=LIBVER) as file:
        _write(file, contents, header, provenance, sink)


def _write(
    file: h5py.File, graph: MultimodalGraph, header: Header, provenance: str, sink: Sink
) -> None:
    for name, value in header.attributes().items():
        file.attrs[name] = value if isinstance(value, int) else fixed_strings(value)
    digest = Digest()
    nodes, edges = file.create_group(NODES), file.create_group(EDGES)
    for node_type in graph.node_types:
        store = graph[node_type]
        group = nodes.create_group(node_type)
        group.attrs[NUM_NODES] = int(store.num_nodes)
        digest.record(nodes_record(node_type, int(store.num_nodes), _array_names(store)))
        _write_store(group, store, digest, sink)
    for relation in graph.edge_types:
        key = relation_key(relation)
        digest.record(edges_record(key, _array_names(graph[relation])))
        _write_store(edges.create_group(key), graph[relation], digest, sink)
    if provenance:
        file.create_dataset(PROVENANCE, data=fixed_strings(provenance))
    file.attrs[CHECKSUM] = fixed_strings(checksum(header, digest.hexdigest(), provenance))
    file.flush()


def _write_store(group: h5py.Group, store: BaseStorage, digest: Digest, sink: Sink) -> None:
    names = _array_names(store)
    group.attrs[ATTRIBUTES] = fixed_strings(names)
    for name in names:
        _write_array(group, name, store[name], digest, sink)


def _write_array(group: h5py.Group, name: str, tensor: Tensor, digest: Digest, sink: Sink) -> None:
    """Write and hash `tensor` in one pass, piece by piece."""
    dtype = dtype_name(tensor, f"{group.name}/{name}")
    # Node indices below 2³¹ are stored in half the bytes; they are hashed and read back as int64.
    narrow = name == EDGE_INDEX and (tensor.numel() == 0 or int(tensor.max()) < 2**31)
    stored = np.dtype("int32" if narrow else dtype)
    shape = tuple(tensor.shape)
    dataset = group.create_dataset(name, shape, stored, **_compression(shape, stored.itemsize))

    def blocks() -> Iterator[np.ndarray]:
        for slab in slabs(shape, stored.itemsize):
            block = numpy_block(tensor, slab)
            dataset[slab] = block.astype(stored, copy=False)
            sink.check()
            yield block

    digest.array(name, dtype, shape, blocks())


def _compression(shape: tuple[int, ...], itemsize: int) -> dict[str, Any]:
    """Options of a dataset: chunks equal the pieces that are written, so each is packed once."""
    if itemsize * int(np.prod(shape)) <= COMPRESS_ABOVE:
        return {}
    first = next(slabs(shape, itemsize))
    chunks = tuple(part.stop - part.start for part in first) + shape[len(first) :]
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 1, "shuffle": True}


def _array_names(store: BaseStorage) -> list[str]:
    return [key for key in store if key != NUM_NODES]
