"""The part that node types play around the target type: fathers and leaves, in FreeHGC's words."""

from __future__ import annotations

from condense.clustering.clusters import by_distance
from models.schema import GraphSchema


def fathers_and_leaves(schema: GraphSchema) -> tuple[list[str], list[str]]:
    """The types other than the target, nearer ones first: fathers, and leaves.

    A leaf has relations with types nearer to the target only, as directors and actors have with films;
    a father leads further, as papers do from authors to terms, or has relations with its like.
    """
    distance = {schema.target: 0}
    for layer, node_types in enumerate(by_distance(schema), start=1):
        distance |= dict.fromkeys(node_types, layer)
    leaves = []
    for node_type, far in distance.items():
        ends = [r for r in schema.relations if node_type in (r[0], r[2])]
        nearer = [min(distance[r[0]], distance[r[2]]) < far for r in ends]
        beyond = [max(distance[r[0]], distance[r[2]]) > far for r in ends]
        if ends and all(nearer) and not any(beyond):
            leaves.append(node_type)
    others = [t for t in distance if t != schema.target]
    return [t for t in others if t not in leaves], leaves
