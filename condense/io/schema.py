"""The layout of a graph file, shared by reader and writer; specified in docs/format.md.

/                                 attributes: those of `Header`, and checksum
/nodes/<type>                     attributes: num_nodes, attributes
/nodes/<type>/<attribute>         dataset [num_nodes, …]
/nodes/<type>/x_<modality>        or a group, of a sparse matrix; attributes: shape
/nodes/<type>/x_<modality>/…      datasets indptr [num_nodes + 1], indices [entries], values [entries]
/nodes/<type>/x_<modality>        or a group, of a matrix in eight bits; no attributes
/nodes/<type>/x_<modality>/…      datasets codes [num_nodes, width], low [width], high [width]
/edges/<source>:<name>:<dest>     attributes: attributes
/edges/…/edge_index               dataset [2, edges]
/edges/…/<attribute>              dataset [edges, …]
/spread                           attributes: places, basis_types, basis_numbers, attributes
/spread/<array>                   dataset, or a group as of a matrix in eight bits
/provenance                       JSON text, in condensed graphs only

All names are `encoded`, in the attributes that list them too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from condense.data.graph import MultimodalGraph, Source
from condense.data.levels import in_eight_bits
from condense.data.rules.check import Kind
from condense.data.spread.spread import spread_of
from condense.errors import GraphError
from condense.io.names import encoded, relation_key
from condense.io.scan import TEXT

FORMAT = "multimodal-graph"
VERSION = 2
COMPACT = 3
READABLE = (1, 2, 3)
"""Versions that are read. Version 1 had no seal; version 3 is written only for graphs with a spread or in
eight bits, so that older readers refuse them, and do not leave a spread out."""

NODES = "nodes"
EDGES = "edges"
PLACES = "places"
BASIS_TYPES = "basis_types"
BASIS_NUMBERS = "basis_numbers"
PROVENANCE = "provenance"
CHECKSUM = "checksum"
NUM_NODES = "num_nodes"
ATTRIBUTES = "attributes"
EDGE_INDEX = "edge_index"

LIBVER = ("v110", "v110")
"""The layout of HDF5 1.10: every current h5py reads it, and the file's metadata are checksummed."""
COMPRESS_ABOVE = 64 * 1024
"""Datasets larger than this many bytes are chunked and compressed; smaller ones would only grow."""


@dataclass(frozen=True)
class Header:
    """The root attributes of a file, except format, version and checksum.

    Attributes:
        kind: "whole" or "condensed".
        name: the name of the data set.
        source: "real" or "simulated".
        target: the node type that is classified, encoded.
        num_classes: C.
        node_types: in the graph's order, encoded.
        relations: in the graph's order, each as `relation_key` has it.
        version: of the file.
    """

    kind: Kind
    name: str
    source: Source
    target: str
    num_classes: int
    node_types: tuple[str, ...]
    relations: tuple[str, ...]
    version: int = VERSION

    @classmethod
    def of(cls, graph: MultimodalGraph, kind: Kind) -> Header:
        """The header under which `graph` is stored."""
        return cls(
            kind=kind,
            name=graph.name,
            source=graph.source,
            target=encoded(graph.target),
            num_classes=int(graph.num_classes),
            node_types=tuple(map(encoded, graph.node_types)),
            relations=tuple(relation_key(relation) for relation in graph.edge_types),
            version=COMPACT if in_eight_bits(graph) or spread_of(graph) else VERSION,
        )

    def attributes(self) -> dict[str, Any]:
        """The root attributes, except the checksum, which covers them."""
        return {
            "format": FORMAT,
            "version": self.version,
            "kind": self.kind,
            "name": self.name,
            "source": self.source,
            "target": self.target,
            "num_classes": self.num_classes,
            "node_types": list(self.node_types),
            "relations": list(self.relations),
        }


def fixed_strings(value: str | list[str]) -> np.ndarray:
    """One string, or a list of strings, as HDF5 strings of fixed length in UTF-8.

    HDF5 keeps strings of variable length in a heap without a checksum, and reading a damaged heap can
    loop for ever.

    Raises:
        GraphError: a list is longer than any that is read back.
    """
    encoded = [text.encode() for text in ([value] if isinstance(value, str) else value)]
    longest = max([1, *map(len, encoded)])
    if isinstance(value, list) and len(value) * longest > TEXT:
        where = f"the name {max(encoded, key=len)[:32].decode(errors='ignore')!r}…"
        rule = (
            f"must be shorter: a file lists it with {len(value) - 1:,} others, each padded to the longest, "
            f"in at most {TEXT:,} bytes"
        )
        raise GraphError.of(where, f"{longest:,} bytes", rule, "rename it")
    dtype = h5py.string_dtype("utf-8", longest)
    return np.array(encoded[0] if isinstance(value, str) else encoded, dtype=dtype)


def nodes_record(node_type: str, num_nodes: int, attributes: list[str]) -> list[Any]:
    """The record that precedes a node group's arrays in the data digest."""
    return [NODES, node_type, num_nodes, attributes]


def edges_record(relation: str, attributes: list[str]) -> list[Any]:
    """The record that precedes an edge group's arrays in the data digest."""
    return [EDGES, relation, attributes]


def checksum(header: Header, data_digest: str, provenance: str) -> str:
    """SHA-256 of three lines: root attributes as JSON, data digest, provenance ("" for a whole graph)."""
    attributes = json.dumps(header.attributes(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{attributes}\n{data_digest}\n{provenance}".encode()).hexdigest()
