"""What may be seen of a whole graph before its test nodes are: everything, or its training nodes alone.

In the "transductive" setting test nodes are there from the start, without their labels. In the
"inductive" one they do not exist until models are tested: what is condensed, and what the whole-graph
model trains on, is the sub-graph of the training nodes; what selects scores validation nodes in the
sub-graph of training and validation nodes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from models.choices import nearest

Setting = Literal["transductive", "inductive"]
SETTINGS: tuple[Setting, ...] = ("transductive", "inductive")


@dataclass(frozen=True)
class SubGraph:
    """A whole graph, or a sub-graph of one.

    Attributes:
        graph: the nodes that are seen, with the edges among them.
        nodes: node type -> the whole graph's numbers of these nodes, ascending; None for all of them.
    """

    graph: MultimodalGraph
    nodes: Mapping[str, Int[Tensor, " n_t"]] | None = None

    def in_whole_numbers(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """A copy of a graph condensed from this part whose `origin` counts the whole graph's nodes."""
        if self.nodes is None:
            return condensed
        renumbered = copy.copy(condensed)
        for node_type, nodes in self.nodes.items():
            if "origin" in condensed[node_type]:
                origin = condensed[node_type].origin
                known = nodes.to(origin.device)[origin.clamp_min(0)]
                renumbered[node_type].origin = torch.where(origin >= 0, known, -1)
        return renumbered


def training_part(graph: MultimodalGraph, setting: Setting) -> SubGraph:
    """What is condensed, and what whole-graph models train on.

    Raises:
        UserError: an unknown setting.
    """
    check_setting(setting)
    if setting == "transductive":
        return SubGraph(graph)
    return sub_graph(graph, graph[graph.target].train_mask)


def validation_part(graph: MultimodalGraph, setting: Setting) -> SubGraph:
    """Where validation nodes are scored.

    Raises:
        UserError: an unknown setting.
    """
    check_setting(setting)
    if setting == "transductive":
        return SubGraph(graph)
    store = graph[graph.target]
    return sub_graph(graph, store.train_mask | store.val_mask)


def check_setting(setting: str) -> None:
    """Raise for anything that is not in SETTINGS.

    Raises:
        UserError: likewise.
    """
    if setting not in SETTINGS:
        raise UserError(f"setting (got {setting!r}) is unknown; {nearest(str(setting), SETTINGS)}")


def sub_graph(graph: MultimodalGraph, keep: Bool[Tensor, " n"]) -> SubGraph:
    """The `keep` [n] target nodes, the nodes of other types that they lead to, and the edges among all these.

    Types are visited from the target outwards. A node stays if an edge, in either direction, joins it to
    a node that stays of a type visited before; so a paper whose authors are all left out goes, and with
    it a term of such papers only, whatever else these nodes are joined to. Types that no relation joins
    to the target stay as they are.
    """
    kept = {graph.target: keep}
    while True:
        seen = set(kept)
        layer = [t for t in graph.node_types if t not in seen and _relations(graph, t, seen)]
        if not layer:
            break
        reached = {t: _reached(graph, t, kept) for t in layer}
        kept |= reached  # Only now: types of one layer do not look at each other.
    nodes = {
        t: kept[t].nonzero().flatten()
        if t in kept
        else torch.arange(int(graph[t].num_nodes), device=keep.device)
        for t in graph.node_types
    }
    found = graph.subgraph(nodes)
    assert isinstance(found, MultimodalGraph)
    for node_type, rows in nodes.items():
        found[node_type].num_nodes = len(rows)
    return SubGraph(found, nodes)


def _relations(
    graph: MultimodalGraph, node_type: str, seen: set[str]
) -> list[tuple[str, str, str]]:
    """The relations between a type and those seen, in either direction."""
    ends = [(r, {r[0], r[2]}) for r in graph.edge_types]
    return [r for r, both in ends if node_type in both and both & seen]


def _reached(
    graph: MultimodalGraph, node_type: str, kept: Mapping[str, Bool[Tensor, " n"]]
) -> Bool[Tensor, " n"]:
    """Which nodes of a type an edge joins to a kept one."""
    mask = torch.zeros(
        int(graph[node_type].num_nodes), dtype=torch.bool, device=kept[graph.target].device
    )
    for relation in _relations(graph, node_type, set(kept)):
        src, dst = graph[relation].edge_index
        if relation[0] == node_type:
            mask[src[kept[relation[2]][dst]]] = True
        else:
            mask[dst[kept[relation[0]][src]]] = True
    return mask
