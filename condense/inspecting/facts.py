"""The contents of a graph as plain data, which `inspect` prints as lines and `--json` as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from condense.data.condensed import CondensedGraph
from condense.data.graph import SPLITS, MultimodalGraph, display_name, num_bytes
from condense.data.levels import in_eight_bits
from condense.data.rules.kind import check_target
from condense.data.spread.spread import spread_of
from condense.edges.statistics import density, effective_edges, pairs_of
from condense.methods.spec import label
from models.propagation.sparse import edge_weights
from models.schema import FEATURE_PREFIX, modality_names, present


def facts(loaded: MultimodalGraph | CondensedGraph) -> dict[str, Any]:
    """Types, counts, modalities, relations, classes, splits, bytes; for a condensed graph its provenance.

    Returns:
        Plain JSON values, except that numbers may be NaN or infinite.

    Raises:
        GraphError: not a heterogeneous graph with a target.
    """
    graph = loaded.graph if isinstance(loaded, CondensedGraph) else loaded
    check_target(graph)
    store = graph[graph.target]
    contents = {
        "kind": "condensed" if isinstance(loaded, CondensedGraph) else "whole",
        "name": graph.name,
        "source": graph.source,
        "title": display_name(graph.name, graph.source),
        "target": graph.target,
        "node_types": {t: _nodes(graph, t) for t in graph.node_types},
        "relations": [_edges(graph, relation) for relation in graph.edge_types],
        "classes": torch.bincount(store.y[store.y >= 0], minlength=graph.num_classes).tolist(),
        "splits": {s.removesuffix("_mask"): int(store[s].sum()) for s in SPLITS if s in store},
        "bytes": num_bytes(graph),
    }
    if (spread := spread_of(graph)) is not None:
        contents["spread"] = {
            "places": [[list(relation) for relation in place] for place in spread.places],
            "factors": spread.factor.size(0),
            "bytes": spread.num_bytes(in_eight_bits(graph)),
        }
    if isinstance(loaded, CondensedGraph):
        p = loaded.provenance
        contents["label"] = label(p.method, p.settings)
        contents["condense_seconds"] = p.condense_seconds
        contents["provenance"] = dataclasses.asdict(p)
    return contents


def _nodes(graph: MultimodalGraph, node_type: str) -> dict[str, Any]:
    store = graph[node_type]
    return {
        "nodes": int(store.num_nodes),
        "modalities": {
            modality: {
                "width": store[FEATURE_PREFIX + modality].size(1),
                "present": float(present(store, modality).double().mean())
                if store.num_nodes
                else 0.0,
            }
            for modality in modality_names(store)
        },
    }


def _edges(graph: MultimodalGraph, relation: tuple[str, str, str]) -> dict[str, Any]:
    """One relation's counts; sums of weights only if its edges have weights."""
    store = graph[relation]
    count = store.edge_index.size(1)
    counts: dict[str, Any] = {
        "relation": list(relation),
        "edges": count,
        "density": density(count, pairs_of(graph, relation)),
    }
    if count and "edge_weight" in store:
        counts["total_weight"] = float(store.edge_weight.sum())
        counts["effective_edges"] = effective_edges(edge_weights(graph, relation))
    return counts
