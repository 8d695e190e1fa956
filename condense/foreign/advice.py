"""What a user of an imported graph should be warned of."""

from __future__ import annotations

from collections.abc import Iterator

from condense.data.condensed import CondensedGraph
from condense.foreign.graph import FOREIGN

MUCH = 0.5  # Of the adjacency's mass.
APART = 3.0  # Times as large, or as small.


def advice(found: CondensedGraph) -> Iterator[str]:
    """Sentences about edges and feature scale; none for a graph that was condensed here."""
    made = found.provenance
    if not made.method.startswith(FOREIGN):
        return
    threshold, largest = made.settings.get("threshold"), made.measures.get("largest_entry", 0.0)
    edges = sum(found.graph[r].edge_index.size(1) for r in found.graph.edge_types)
    lost = made.measures.get("dropped_mass", 0.0)
    if not edges and largest > 0:
        yield (
            f"the largest entry of the adjacency is {largest:.2g}: edgeless for any threshold above, and for "
            f"this one, {threshold:g}; models learn from features alone"
        )
    elif not edges:
        yield "the adjacency has no entry off its diagonal: edgeless; models learn from features alone"
    elif lost > MUCH:
        yield f"entries up to the threshold {threshold:g} held {lost:.0%} of the adjacency's mass"
    if not made.measures.get("symmetric", True):
        yield "the adjacency is not symmetric: messages go from column to row"
    for modality, scale in made.measures.get("feature_scale", {}).items():
        if not 1 / APART <= scale <= APART:
            yield (
                f"{modality} features are {scale:.3g} times as large as the whole graph's: if they were "
                "condensed from normalised ones, declare a whole graph that holds these"
            )
