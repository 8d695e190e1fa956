"""How far around a node a model looks, so that it can classify nodes of a graph of which it sees a part.

A model reaches k edges if its logits of a node depend only on the nodes that lead there over at most k edges,
and on the edges into those that are nearer than k.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema

Reach = Callable[[GraphSchema, Any], int]


def _union(schema: GraphSchema, settings: Any) -> int:
    """The edges of one step over the union of the returning meta-paths."""
    paths = returning_paths(schema.relations, schema.target, settings.hops)
    return max(map(len, paths), default=0)


def _normalised(steps: int, schema: GraphSchema, settings: Any) -> int:
    """Of `steps` products with D^{-1/2} A D^{-1/2}, which needs the degrees of the nodes at the rim."""
    return (steps + 1) * _union(schema, settings)


def _sgc(schema: GraphSchema, settings: Any) -> int:
    return _normalised(settings.steps, schema, settings) if settings.steps else settings.hops


def _gcn(schema: GraphSchema, settings: Any) -> int:
    if settings.paths == "learned":  # Means over meta-paths need no degrees of neighbours.
        return settings.layers * _union(schema, settings)
    return _normalised(settings.layers, schema, settings)


def _layers(schema: GraphSchema, settings: Any) -> int:
    return settings.layers


def _union_layers(schema: GraphSchema, settings: Any) -> int:
    return settings.layers * _union(schema, settings)


def _hops(schema: GraphSchema, settings: Any) -> int:
    return settings.hops


REACH: Mapping[str, Reach] = {
    "mlp": lambda schema, settings: 0,
    "sgc": _sgc,
    "gcn": _gcn,
    "graphsage": _union_layers,
    "gat": _union_layers,
    "appnp": lambda schema, settings: _normalised(settings.steps, schema, settings),
    "chebnet": lambda schema, settings: _normalised(
        settings.layers * settings.order, schema, settings
    ),
    "hgt": _layers,
    "hgt_late": _layers,
    "sehgnn": _hops,
    "sehgnn_late": _hops,
    "mhgat": _layers,
    "mmgcn": _layers,
    "hgnn_ima": _layers,
}
"""Name in `MODELS` -> (schema, settings) -> its reach. The others read all nodes: attention across meta-paths
that is averaged over nodes, random walks, clusters or likenesses of all nodes, or losses on them."""
