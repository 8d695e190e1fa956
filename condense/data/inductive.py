"""The part of a whole graph that is visible during training, in the two evaluation settings.

In the "transductive" setting the whole graph is visible, but not the labels of the test nodes. In the
"inductive" setting test nodes do not exist until models are tested: condensers and whole-graph models
use the sub-graph of the training nodes, and model selection scores the validation nodes in the sub-graph
of training and validation nodes.
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
from condense.data.sparse import is_sparse, select_rows
from condense.errors import UserError
from models.choices import nearest

Setting = Literal["transductive", "inductive"]
SETTINGS: tuple[Setting, ...] = ("transductive", "inductive")


@dataclass(frozen=True)
class SubGraph:
    """A whole graph, or a sub-graph of one.

    Attributes:
        graph: the visible nodes, with the edges among them.
        nodes: node type -> the whole graph's numbers of these nodes, ascending; None for all of them.
    """

    graph: MultimodalGraph
    nodes: Mapping[str, Int[Tensor, " n_t"]] | None = None

    def in_whole_numbers(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """A copy of a graph condensed from this part, with `origin` in the whole graph's numbering."""
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
    """The part that is condensed and that whole-graph models train on.

    Raises:
        UserError: an unknown setting.
    """
    check_setting(setting)
    if setting == "transductive":
        return SubGraph(graph)
    return sub_graph(graph, graph[graph.target].train_mask)


def validation_part(graph: MultimodalGraph, setting: Setting) -> SubGraph:
    """The part in which validation nodes are scored.

    Raises:
        UserError: an unknown setting.
    """
    check_setting(setting)
    if setting == "transductive":
        return SubGraph(graph)
    store = graph[graph.target]
    return sub_graph(graph, store.train_mask | store.val_mask)


def check_setting(setting: str) -> None:
    """Check that `setting` is in SETTINGS.

    Raises:
        UserError: it is not.
    """
    if setting not in SETTINGS:
        raise UserError(f"setting (got {setting!r}) is unknown; {nearest(str(setting), SETTINGS)}")


def sub_graph(graph: MultimodalGraph, keep: Bool[Tensor, " n"]) -> SubGraph:
    """The target nodes `keep` [n], the nodes of other types reached from them, and all edges among these.

    Types are visited from the target outwards. A node stays if an edge, in either direction, joins it to
    a remaining node of a type visited earlier. So a paper whose authors are all removed is removed too, and
    so is a term that occurs only in such papers, whatever other edges these nodes have. Types without a
    path of relations to the target are not changed.
    """
    kept = {graph.target: keep}
    while True:
        seen = set(kept)
        layer = [t for t in graph.node_types if t not in seen and _relations(graph, t, seen)]
        if not layer:
            break
        reached = {t: _reached(graph, t, kept) for t in layer}
        kept |= reached  # After the whole layer, so that its types do not depend on each other.
    nodes = {
        t: kept[t].nonzero().flatten()
        if t in kept
        else torch.arange(int(graph[t].num_nodes), device=keep.device)
        for t in graph.node_types
    }
    part = _without_sparse(graph).subgraph(nodes)
    assert isinstance(part, MultimodalGraph)
    for node_type, rows in nodes.items():
        part[node_type].num_nodes = len(rows)
        for key, value in graph[node_type].items():
            if is_sparse(value):
                part[node_type][key] = select_rows(value, rows)
    return SubGraph(part, nodes)


def _without_sparse(graph: MultimodalGraph) -> MultimodalGraph:
    """A copy with something in the place of sparse matrices that torch can index; it keeps their order."""
    plain = copy.copy(graph)
    for node_type in graph.node_types:
        for key, value in graph[node_type].items():
            if is_sparse(value):
                plain[node_type][key] = torch.zeros(value.size(0), 0)
    return plain


def _relations(
    graph: MultimodalGraph, node_type: str, seen: set[str]
) -> list[tuple[str, str, str]]:
    """The relations between a type and the types `seen`, in either direction."""
    ends = [(r, {r[0], r[2]}) for r in graph.edge_types]
    return [r for r, both in ends if node_type in both and both & seen]


def _reached(
    graph: MultimodalGraph, node_type: str, kept: Mapping[str, Bool[Tensor, " n"]]
) -> Bool[Tensor, " n"]:
    """Mask of the nodes of a type that an edge joins to a kept node."""
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
