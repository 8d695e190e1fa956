"""Whether gradient matching fits within a bound on memory, and how many whole-graph nodes it holds there."""

from __future__ import annotations

from dataclasses import dataclass

from condense.budget import Budget
from condense.clustering.propagation import affordable_rank
from condense.edges.candidates import PER_EDGE
from condense.edges.pairs import SMALL
from condense.errors import UserError
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import check_one_width
from condense.out_of_core.clusters import CHECKED
from condense.out_of_core.room import BASE, GIB, Room
from models.propagation.metapaths import blocks, endpoint
from models.schema import GraphSchema

SHARE = 0.75
"""Of the room, for the condensed graph and the relay; the rest is for rows of the whole graph."""
FEWEST = 16
"""Rows of each class without which gradients are not matched."""
COPIES = {"features": 8, "propagated": 6, "pairs": 12, "gradients": 6}
"""Float32 numbers that a step holds for one of each kind, from above: the value, its gradient, Adam's
moments, the start, the best snapshot, and what is kept for the gradient; a pair has its place and weights
besides. On planted graphs condensed to 1,000 and 6,000 nodes, steps took less than half as much."""


@dataclass(frozen=True)
class RowsHeld:
    """How many rows of Z are in memory, at most.

    Attributes:
        validation: of validation nodes.
        of_each_class: of the pool, for each class.
    """

    validation: int
    of_each_class: int


def rows_held(room: Room, width: int, classes: int, pool: int) -> RowsHeld:
    """As many as there is room for: a fifth for validation nodes, the others for the pool.

    Args:
        room: the bound.
        width: D.
        classes: C.
        pool: rows of each class that are asked for.
    """
    most = room.taught(width)
    return RowsHeld(min(CHECKED, most // 5), min(pool, 4 * most // 5 // classes))


def check_matching(schema: GraphSchema, budget: Budget, settings: SRGMSettings, room: Room) -> None:
    """Refuse what could not be matched, before anything is propagated.

    Args:
        schema: of the whole graph, features completed.
        budget: nodes and edges of the condensed graph.
        settings: of the method.
        room: the bound.

    Raises:
        UserError: the bound is too small, or the widths do not suit the settings.
    """
    if settings.frames == "identity":
        own = schema.modalities
        check_one_width({(t, m): w for t in own for m, w in own[t].items()})
    keys = blocks(schema, settings.hops)
    rank = affordable_rank(settings.rank, len(keys))
    reduced = {t: {m: min(w, rank) for m, w in own.items()} for t, own in schema.modalities.items()}
    width = sum(reduced[endpoint(path, schema.target)][m] for path, m in keys)
    needed = _bytes(schema, budget, settings, reduced, width) / SHARE
    held = rows_held(room, width, schema.num_classes, FEWEST)
    if held.of_each_class < FEWEST:  # A row takes 32 bytes a column, and the pool has four fifths.
        needed = max(needed, 40 * width * FEWEST * schema.num_classes)
    if needed > room.free:
        nodes, least = sum(budget.nodes.values()), (BASE + needed) / GIB
        raise UserError(
            f"memory (got {room.memory / GIB:.2g}GiB) must be about {least:,.1f}GiB to match gradients of "
            f"{nodes:,} condensed nodes in {schema.num_classes:,} classes and {width:,} coordinates; try "
            f"--memory {int(least) + 1}GiB, a smaller --rank or a smaller --ratio"
        )


def _bytes(
    schema: GraphSchema,
    budget: Budget,
    settings: SRGMSettings,
    reduced: dict[str, dict[str, int]],
    width: int,
) -> int:
    """About what the condensed graph and the relay take during a step."""
    features = sum(budget.nodes[t] * sum(own.values()) for t, own in reduced.items())
    walked = {
        (path[i:], modality, endpoint(path, schema.target)): path[i][2]
        for path, modality in blocks(schema, settings.hops)
        for i in range(len(path))
    }
    propagated = sum(budget.nodes[at] * reduced[end][m] for (_, m, end), at in walked.items())
    pairs = sum(
        min(budget.nodes[dst] * budget.nodes[src], max(SMALL, PER_EDGE * budget.edges[src, r, dst]))
        for src, r, dst in schema.relations
    )
    units = schema.num_classes if settings.relay == "linear" else settings.hidden
    gradients = schema.num_classes * width * units
    numbers = {
        "features": features,
        "propagated": propagated + budget.nodes[schema.target] * width,
        "pairs": pairs,
        "gradients": gradients,
    }
    return 4 * sum(COPIES[kind] * number for kind, number in numbers.items())
