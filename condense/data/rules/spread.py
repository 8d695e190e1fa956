"""The rules of a condensed graph's spread."""

from __future__ import annotations

from typing import Any

import torch
from torch_geometric.data import HeteroData

from condense.data.rules.nodes import described
from condense.data.rules.remedies import FLOATS
from condense.data.spread.spread import SPREAD, Place, Spread, spread_of
from condense.errors import GraphError
from models.schema import GraphSchema

AGAIN = "condense again"


def check_spread(graph: HeteroData) -> None:
    """Raise unless the graph's spread, if it has one, fits its nodes, relations and features.

    Raises:
        GraphError: it does not.
    """
    spread = spread_of(graph)
    if spread is None:
        return
    if not isinstance(spread, Spread):
        raise _wrong("", type(spread).__name__, "must be a Spread")
    schema = GraphSchema.of(graph)
    _check_places(spread, schema)
    shapes = _shapes(spread, schema, int(graph[schema.target].num_nodes))
    for name, x in spread.arrays():
        shape = shapes[name]
        if x.dtype not in FLOATS or tuple(x.shape) != shape:
            raise _wrong(f".{name}", described(x), f"must be float {list(shape)}")
        if not bool(torch.isfinite(x).all()):
            raise _wrong(f".{name}", "infinite numbers or NaN", "must be finite")
    for name in ("present", "has"):
        x = getattr(spread, name)
        if bool((x < 0).any() | (x > 1).any()):
            raise _wrong(f".{name}", f"{float(x.min())} … {float(x.max())}", "must be shares")
    if bool((spread.degree <= 0).any()):
        raise _wrong(".degree", float(spread.degree.min()), "must be positive")


def _check_places(spread: Spread, schema: GraphSchema) -> None:
    """Raise unless the places lead away from the target, each after the one before it on its way."""
    known: set[Place] = {()}
    for number, place in enumerate(spread.places):
        where = f".places[{number}]"
        if not 1 <= len(place) <= 2 or place in known or place[:-1] not in known:
            raise _wrong(where, place, "must be new, and of one relation more than an earlier one")
        at = schema.target if len(place) == 1 else place[0][0]
        if place[-1] not in schema.relations or place[-1][2] != at:
            raise _wrong(where, place[-1], f"must be one of the graph's relations into {at!r}")
        if not 0 <= spread.basis_of.get(place[-1][0], -1) < len(spread.bases):
            raise _wrong(
                ".basis_of", dict(spread.basis_of), f"must name a basis for {place[-1][0]!r}"
            )
        known.add(place)
    for node_type in spread.basis_of:
        if node_type not in schema.node_types:
            raise _wrong(".basis_of", node_type, "must name node types of the graph")


def _shapes(spread: Spread, schema: GraphSchema, n: int) -> dict[str, tuple[int, ...]]:
    """The shape that each array must have, from those on which others depend."""
    places, rank, count = len(spread.places), spread.code.size(-1), spread.factor.size(0)
    b = spread.coordinates
    own = schema.modalities[schema.target]
    joint = sum(own.values()) + places * b
    shapes: dict[str, tuple[int, ...]] = {
        "code": (n, rank),
        "decoder": (rank, places * b),
        "centre": (places * b,),
        "factor": (count, joint),
        "rest": (joint,),
        "present": (n, places),
        "degree": (n, places),
        "has": (n, len(own)),
    }
    widths: dict[int, int] = {}
    for node_type, number in spread.basis_of.items():
        width = sum(schema.modalities[node_type].values())
        if widths.setdefault(number, width) != width:
            raise _wrong(".basis_of", dict(spread.basis_of), "must join types of one width only")
    for number in range(len(spread.bases)):
        width = widths.get(number, 0)
        for name, shape in {
            "mean": (width,),
            "rows": (b, width),
            "outside": (width,),
            "differ": (b, b),
            "apart": (width,),
        }.items():
            shapes[f"basis_{number}_{name}"] = shape
    return shapes


def _wrong(where: str, got: Any, rule: str) -> GraphError:
    return GraphError.of(f"graph.{SPREAD}{where}", got, rule, AGAIN)
