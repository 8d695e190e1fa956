"""The rules of a relation: its ends, its edges and their weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.fingerprint import dtype_name
from condense.data.graph import MultimodalGraph
from condense.data.rules.nodes import described
from condense.data.rules.remedies import FLOATS, as_edge_index, as_vector
from condense.data.rules.values import Ends, Multiplicity
from condense.errors import GraphError
from models.choices import nearest

EDGES = 1 << 20
"""Weights are checked in blocks of this many, to avoid temporaries of full size."""


def check_edges(graph: MultimodalGraph, relation: EdgeType) -> None:
    """Raise unless `relation` joins existing nodes and each attribute has one row per edge."""
    store, where = graph[relation], f"graph[{relation!r}]"
    for end in (relation[0], relation[2]):
        if end not in graph.node_types:
            rule, remedy = "joins a node type that the graph lacks", nearest(end, graph.node_types)
            raise GraphError.of(where, f"type {end!r}", rule, remedy)
    _check_index(graph, relation)
    for key, value in store.items():
        if key != "edge_index":
            _check_rows(f"{where}.{key}", value, store.edge_index.size(1))
    if "edge_weight" in store:
        _check_weight(f"{where}.edge_weight", store.edge_weight)


def _check_index(graph: MultimodalGraph, relation: EdgeType) -> None:
    where, index = f"graph[{relation!r}].edge_index", graph[relation].get("edge_index")
    long = isinstance(index, Tensor) and index.dtype == torch.long
    if not long or index.dim() != 2 or index.size(0) != 2:
        got = described(index) if isinstance(index, Tensor) else type(index).__name__
        remedy = "set the source and destination node of each edge"
        remedy = as_edge_index(index) if isinstance(index, Tensor) else remedy
        raise GraphError.of(
            where, "nothing" if index is None else got, "must be long [2, edges]", remedy
        )
    dtype_name(index, where)
    for row, end in enumerate((relation[0], relation[2])):
        if not index.is_meta:
            ends = Ends(where, row, end, int(graph[end].num_nodes))
            ends.add(0, index[row])
            ends.check()


def _check_rows(where: str, value: object, count: int) -> None:
    if not isinstance(value, Tensor) or value.dim() == 0 or value.size(0) != count:
        got = f"shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        rule, remedy = f"must have {count} rows, one per edge", "set it for every edge or delete it"
        raise GraphError.of(where, got, rule, remedy)
    dtype_name(value, where)


def _check_weight(where: str, weight: Tensor) -> None:
    if weight.dtype not in FLOATS or weight.dim() != 1:
        remedy = as_vector(weight, "" if weight.dtype in FLOATS else ".float()")
        raise GraphError.of(where, described(weight), "must be float [edges]", remedy)
    if not weight.is_meta:
        multiplicity = Multiplicity(where)
        for start in range(0, len(weight), EDGES):
            multiplicity.add(start, weight[start : start + EDGES])
        multiplicity.check()
