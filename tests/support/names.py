"""Graphs with other names, and names that have broken software."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from hypothesis import strategies as st
from torch import nn

from condense.data.graph import GRAPH_ATTRIBUTES, OWN_NAMES, MultimodalGraph
from models.schema import FEATURE_PREFIX, MASK_PREFIX

NASTY = tuple(
    dict.fromkeys(
        [
            *OWN_NAMES,
            *("a.b", "a#b", "a·b", "a/b", "a:b", "a%b", "a__b", "b__c", "a___b", "b c", "a|b"),
            *(".", "..", "/", ":", "%", "%2e", "%2E", "__", "_", " ", "#", "<", "<items>", "a\0"),
            *(
                "%41",
                "x_text",
                "has_text",
                "Movie",
                "MOVIE",
                "\x1b[31m",
                "\x7f",
                "\x9b",
                "\u202e",
                "\r",
            ),
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


@st.composite
def namings_of(draw: st.DrawFn, graph: MultimodalGraph) -> dict[str, str]:
    """New names for those of `graph`, unique among types, among relations and among modalities."""
    any_name = st.text(min_size=1, max_size=8) | st.sampled_from(NASTY)
    names: dict[str, str] = {}
    for group in names_of(graph):
        new = draw(st.lists(any_name, min_size=len(group), max_size=len(group), unique=True))
        names |= dict(zip(group, new, strict=True))
    return names
