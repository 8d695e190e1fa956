"""Graphs with other names, and names that have broken software."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from torch import nn

from condense.data.graph import GRAPH_ATTRIBUTES, MultimodalGraph
from models.schema import FEATURE_PREFIX, MASK_PREFIX

NASTY = tuple(
    dict.fromkeys(
        [
            *GRAPH_ATTRIBUTES,
            *("a.b", "a#b", "a·b", "a/b", "a:b", "a%b", "a__b", "b__c", "a___b", "b c", "a|b"),
            *(".", "..", "/", ":", "%", "%2e", "%2E", "__", "_", " ", "#", "<", "<items>", "a\0"),
            *("\0", "ä", "a\u0308", "日本", "😀", "<b>", "$x$", "$a$ $b$", "&amp;", "x" * 300),
            *(
                "\n",
                "\t",
                '"',
                "'",
                "\\",
                "None",
                "0",
                "-1",
                "x_",
                "has_",
                "y",
                "num_nodes",
                "edge",
            ),
            *("index", "edge_index", "adj", "batch", "isolated_nodes", "x_dict", "_global_store"),
            *keyword.kwlist,
            *(
                name
                for of in (nn.Module, nn.ModuleDict, nn.ParameterDict, dict)
                for name in dir(of)
            ),
            *vars(nn.Module()),
        ]
    )
)
"""Names that collide with something, need escaping somewhere, or are simply not Latin."""


def renamed(graph: MultimodalGraph, names: Mapping[str, str]) -> MultimodalGraph:
    """The same tensors in the same order; types, relations' names and modalities as `names` has them."""
    other = MultimodalGraph()
    for node_type in graph.node_types:
        store = other[names[node_type]]
        for key, value in graph[node_type].items():
            for prefix in (FEATURE_PREFIX, MASK_PREFIX):
                if key.startswith(prefix):
                    key = prefix + names[key.removeprefix(prefix)]
            store[key] = value
    for relation in graph.edge_types:
        source, name, destination = (names[part] for part in relation)
        for key, value in graph[relation].items():
            other[source, name, destination][key] = value
    for key in GRAPH_ATTRIBUTES:
        setattr(other, key, getattr(graph, key))
    other.target = names[graph.target]
    return other


def names_of(graph: MultimodalGraph) -> tuple[list[str], list[str], list[str]]:
    """The names of types, of relations, and of modalities."""
    modalities = [
        k.removeprefix(FEATURE_PREFIX)
        for t in graph.node_types
        for k in graph[t]
        if k.startswith(FEATURE_PREFIX)
    ]
    return (
        graph.node_types,
        list(dict.fromkeys(r[1] for r in graph.edge_types)),
        list(dict.fromkeys(modalities)),
    )
