"""Reading a graph: faults are named, changed bits are found, nothing is executed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.storage import BaseStorage

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import DTYPES, Digest, slabs
from condense.data.graph import MultimodalGraph
from condense.data.rules import check
from condense.errors import FileError, GraphError
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
    text,
)

LOST = "restore a copy"
RESTORE = f"the file is damaged: {LOST}, or make it again"


def load(path: str | os.PathLike[str]) -> MultimodalGraph | CondensedGraph:
    """The graph at `path`: a `CondensedGraph` if the file says so, else a `MultimodalGraph`.

    Raises:
        FileError: no file, no graph file, another version, a damaged file, or a graph that breaks a
            rule; the message names path, fault and remedy.
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
    """The graph at `path`, whole or condensed, without provenance. Raises as `load`."""
    loaded = load(path)
    return loaded.graph if isinstance(loaded, CondensedGraph) else loaded


def load_condensed(path: str | os.PathLike[str]) -> CondensedGraph:
    """The condensed graph at `path`. Raises as `load`, and for a whole graph."""
    loaded = load(path)
    if not isinstance(loaded, CondensedGraph):
        raise FileError(f"{path} holds a whole graph, not a condensed one; condense it first")
    return loaded


def data_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of nodes and edges alone, as 64 hexadecimal digits. Raises as `load`, but for rules.

    Two runs with the same seed give the same digest; their checksums differ, for provenance holds
    seconds.
    """
    return _read(Path(path)).digest


@dataclass(frozen=True)
class _Contents:
    header: Header
    graph: MultimodalGraph
    provenance: str
    digest: str


def _read(path: Path) -> _Contents:
    """All of a file, its checksum verified; the one place where h5py's errors become ours."""
    if not path.exists():
        raise FileError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileError(f"{path} is no file; name the .h5 file itself")
    try:
        with path.open("rb"):  # is_hdf5 takes a file it may not read for one of another format
            pass
        if not h5py.is_hdf5(path):
            raise FileError(
                f"it is no HDF5 file, or it lost its beginning; name another, or {LOST}"
            )
        with h5py.File(path, "r") as file:
            return _read_open(file)
    except FileError as error:
        raise FileError(f"{path}: {error}") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read ({error}); change its permissions") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        fault = "is truncated" if "truncated" in str(error) else "cannot be read"
        raise FileError(f"{path} {fault} ({error}); {RESTORE}") from error


def _read_open(file: h5py.File) -> _Contents:
    header = _read_header(file)
    graph, digest = MultimodalGraph(), Digest()
    for node_type in header.node_types:
        group = _member(file, f"{NODES}/{node_type}", h5py.Group)
        count, names = _attribute(group, NUM_NODES, int), _strings(group, ATTRIBUTES)
        graph[node_type].num_nodes = count
        digest.record(nodes_record(node_type, count, names))
        _read_store(group, names, count, graph[node_type], digest)
    for relation in header.relations:
        group = _member(file, f"{EDGES}/{relation}", h5py.Group)
        count, names = _num_edges(group), _strings(group, ATTRIBUTES)
        digest.record(edges_record(relation, names))
        source, name, destination = relation.split(":")
        _read_store(group, names, count, graph[source, name, destination], digest)
    graph.target, graph.num_classes = header.target, header.num_classes
    graph.name, graph.source = header.name, header.source

    provenance = ""
    if header.kind == "condensed":
        provenance = _member(file, PROVENANCE, h5py.Dataset).asstr()[()]
    if _attribute(file, CHECKSUM, str) != checksum(header, digest.hexdigest(), provenance):
        raise _damaged("its contents do not match its checksum")
    return _Contents(header, graph, provenance, digest.hexdigest())


def _read_header(file: h5py.File) -> Header:
    found = text(file.attrs.get("format"))
    if found != FORMAT:
        raise FileError(
            f"attribute 'format' (got {found!r}) must be {FORMAT!r}; "
            "it is an HDF5 file of another kind, name a graph file"
        )
    version = _attribute(file, "version", int)
    if version > VERSION:
        raise FileError(f"version (got {version}) is newer than {VERSION}; update this package")
    if version < VERSION:
        raise FileError(f"version (got {version}) is older than {VERSION}; make the file again")
    header = Header(
        kind=_attribute(file, "kind", str),
        name=_attribute(file, "name", str),
        source=_attribute(file, "source", str),
        target=_attribute(file, "target", str),
        num_classes=_attribute(file, "num_classes", int),
        node_types=tuple(_strings(file, "node_types")),
        relations=tuple(_strings(file, "relations")),
    )
    if header.kind not in ("whole", "condensed"):
        raise _damaged(f"attribute 'kind' (got {header.kind!r}) must be 'whole' or 'condensed'")
    for relation in header.relations:
        parts = relation.split(":")
        if len(parts) != 3:
            raise _damaged(f"relation {relation!r} must have the form source:name:destination")
        for end in (parts[0], parts[2]):
            if end not in header.node_types:
                known = ", ".join(header.node_types)
                raise _damaged(f"relation {relation!r} joins type {end!r}, which is not in {known}")
    return header


def _read_store(
    group: h5py.Group, names: list[str], rows: int, store: BaseStorage, digest: Digest
) -> None:
    """Fill `store` with the datasets `names` of `group`, each with `rows` rows but edge_index."""
    for name in names:
        dataset = _member(group, name, h5py.Dataset)
        shape = dataset.shape
        if name != EDGE_INDEX and (not shape or shape[0] != rows):
            raise _damaged(f"dataset {dataset.name} (got shape {shape}) must have {rows} rows")
        store[name] = _read_array(dataset, name, digest)


def _read_array(dataset: h5py.Dataset, name: str, digest: Digest) -> Tensor:
    """Read and hash `dataset` in one pass, piece by piece, into one tensor."""
    narrow = name == EDGE_INDEX and dataset.dtype == np.int32
    dtype = "int64" if narrow else dataset.dtype.name
    if dtype not in DTYPES:
        raise _damaged(f"dataset {dataset.name} (got {dtype}) must be one of {', '.join(DTYPES)}")
    tensor = torch.empty(dataset.shape, dtype=DTYPES[dtype])
    array = tensor.numpy()  # shares its memory

    def blocks() -> Iterator[np.ndarray]:
        for slab in slabs(dataset.shape, dataset.dtype.itemsize):
            dataset.read_direct(array, slab, slab)
            yield array[slab]

    digest.array(name, dtype, dataset.shape, blocks())
    return tensor


def _num_edges(group: h5py.Group) -> int:
    shape = _member(group, EDGE_INDEX, h5py.Dataset).shape
    if shape is None or len(shape) != 2 or shape[0] != 2:
        raise _damaged(f"dataset {group.name}/{EDGE_INDEX} (got shape {shape}) must be [2, edges]")
    return shape[1]


def _member(parent: h5py.Group, name: str, kind: type) -> Any:
    """The group or dataset `name` of `parent`."""
    where = f"{parent.name}/{name}".replace("//", "/")
    if name not in parent:
        raise _damaged(f"{kind.__name__.lower()} {where} is missing")
    member = parent[name]
    if not isinstance(member, kind):
        raise _damaged(f"{where} (got a {type(member).__name__}) must be a {kind.__name__}")
    return member


def _attribute(holder: h5py.Group, name: str, kind: type) -> Any:
    """The string or integer attribute `name` of `holder`."""
    value = text(_required(holder, name))
    if not isinstance(value, str if kind is str else (int, np.integer)):
        raise _damaged(f"attribute {name!r} of {holder.name} (got {value!r}) must be {kind}")
    return kind(value)


def _strings(holder: h5py.Group, name: str) -> list[str]:
    """The list-of-strings attribute `name` of `holder`, in its order."""
    found = np.asarray(_required(holder, name)).tolist()
    values = [text(value) for value in found] if isinstance(found, list) else [found]
    if not isinstance(found, list) or not all(isinstance(value, str) for value in values):
        raise _damaged(f"attribute {name!r} of {holder.name} (got {found!r}) must list strings")
    return values


def _required(holder: h5py.Group, name: str) -> Any:
    if name not in holder.attrs:
        raise _damaged(f"attribute {name!r} of {holder.name} is missing")
    return holder.attrs[name]


def _damaged(fault: str) -> FileError:
    return FileError(f"{fault}; {RESTORE}")
