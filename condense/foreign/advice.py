"""Warnings about imported graphs."""

from __future__ import annotations

from collections.abc import Iterator

from condense.data.condensed import CondensedGraph
from condense.foreign.graph import FOREIGN

MUCH = 0.5  # Share of the adjacency's mass.
APART = 3.0  # Ratio of feature scales, in either direction.


def advice(condensed: CondensedGraph) -> Iterator[str]:
    """Warnings about edges and feature scale; none for a graph that this package condensed."""
    provenance, graph = condensed.provenance, condensed.graph
    if not provenance.method.startswith(FOREIGN):
        return
    measures, threshold = provenance.measures, provenance.settings.get("threshold")
    largest = measures.get("largest_entry", 0.0)
    edges = sum(graph[r].edge_index.size(1) for r in graph.edge_types)
    lost = measures.get("dropped_mass", 0.0)
    if not edges and largest > 0:
        yield (
            f"the largest entry of the adjacency is {largest:.2g}: the graph is edgeless for any threshold "
            f"above it, such as this one, {threshold:g}; models learn from features alone"
        )
    elif not edges:
        yield "the adjacency has no entry off its diagonal: models learn from features alone"
    elif lost > MUCH:
        yield f"entries up to the threshold {threshold:g} held {lost:.0%} of the adjacency's mass"
    if not measures.get("symmetric", True):
        yield "the adjacency is not symmetric: messages pass from column to row"
    for modality, scale in measures.get("feature_scale", {}).items():
        if not 1 / APART <= scale <= APART:
            yield (
                f"{modality} features are {scale:.3g} times as large as the whole graph's: if they were "
                "condensed from normalised features, declare a whole graph that holds those"
            )
