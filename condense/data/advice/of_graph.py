"""All warnings about a whole graph."""

from __future__ import annotations

from condense.data.advice.attributes import edge_attributes, node_attributes
from condense.data.advice.classes import rare_classes
from condense.data.advice.columns import columns
from condense.data.advice.relations import relations
from condense.data.graph import MultimodalGraph


def advice(graph: MultimodalGraph) -> list[str]:
    """What the user of a whole graph should know before it is condensed or evaluated.

    Where no edge leads to the target or comes back from it, which nodes no edge reaches, which attributes
    nothing reads, which features say nothing or drown the others of their modality, and which classes have
    one training node.

    Args:
        graph: obeys the rules of a whole graph.

    Returns:
        A sentence for each finding, none for most graphs: how many, an example, and what to do.
    """
    messages = [*relations(graph), *edge_attributes(graph)]
    for node_type in graph.node_types:
        messages += [*node_attributes(graph, node_type), *columns(graph, node_type)]
    return [*messages, *rare_classes(graph)]
