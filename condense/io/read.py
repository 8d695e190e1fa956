"""Reads graph files: every fault has a message, a checksum finds changed bits, no code is executed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.levels import EIGHT_BITS
from condense.data.rules.check import check
from condense.errors import FileError, GraphError
from condense.io.arrays import read_array
from condense.io.contents import Contents
from condense.io.eight_bits import StoredLevels
from condense.io.members import OpenFile, opened
from condense.io.names import decoded
from condense.io.sparse import StoredSparse, read_sparse


def load(path: str | os.PathLike[str]) -> MultimodalGraph | CondensedGraph:
    """The graph at `path`: a `CondensedGraph` or a `MultimodalGraph`, as the file declares.

    Raises:
        FileError: the file is missing, damaged, not a graph file, of another version, or its graph
            breaks a rule of the data type.
    """
    loaded = _read(Path(path))
    contents = loaded.contents
    try:
        check(loaded.graph, contents.header.kind)
        if contents.header.kind == "whole":
            return loaded.graph
        return CondensedGraph(loaded.graph, Provenance.from_json(contents.provenance))
    except (GraphError, FileError) as error:
        raise breaks_a_rule(path, error) from error


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


def breaks_a_rule(path: str | os.PathLike[str], error: Exception) -> FileError:
    """The error of a sound file whose graph is not what a graph must be."""
    return FileError(f"{path} breaks a rule of the data type: {error}")


@dataclass(frozen=True)
class _Loaded:
    contents: Contents
    graph: MultimodalGraph
    digest: str


def _read(path: Path) -> _Loaded:
    """The graph in a file; its checksum is verified."""
    with opened(path) as file:
        return _read_open(file)


def _read_open(file: OpenFile) -> _Loaded:
    contents = Contents.of(file)
    header, version, spread = contents.header, contents.header.version, contents.spread
    graph, digest = MultimodalGraph(), Digest()
    for store in contents.stores:
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
    arrays = [
        array for part in (*contents.stores, spread) if part for array in part.arrays.values()
    ]
    if any(isinstance(array, StoredLevels) for array in arrays):
        setattr(graph, EIGHT_BITS, True)
    graph.target, graph.num_classes = decoded(header.target, version), header.num_classes
    graph.name, graph.source = header.name, header.source
    contents.check(digest.hexdigest())
    return _Loaded(contents, graph, digest.hexdigest())
