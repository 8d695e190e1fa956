"""Makes a multimodal graph of a condensed homogeneous one."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.assembly import empty_like
from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses
from condense.errors import UserError
from condense.methods.homogeneous.graph import HomogeneousGraph
from models.schema import FEATURE_PREFIX, MASK_PREFIX, features, modality_names, present


def condensed_graph(
    whole: MultimodalGraph,
    view: HomogeneousGraph,
    x: Float[Tensor, "k d"],
    y: Int[Tensor, " k"],
    adjacency: Float[Tensor, "k k"] | None = None,
) -> MultimodalGraph:
    """A graph of the schema of `whole` with these target nodes, and no node of any other type.

    Args:
        whole: the graph that was condensed.
        view: the same as a homogeneous graph.
        x: features of the condensed nodes, in scaled units.
        y: their classes.
        adjacency: A', symmetric and not negative, without self-loops; None for no edges. It becomes the
            relation that `only_relation` names.
    """
    small, target = empty_like(whole), whole.target
    for node_type in whole.node_types:
        if node_type == target:
            small[target].num_nodes = len(x)
            for modality, part in view.split(x, target).items():
                small[target][FEATURE_PREFIX + modality] = part
            small[target].y = y
            continue
        small[node_type].num_nodes = 0
        for modality in modality_names(whole[node_type]):
            store = whole[node_type]
            small[node_type][FEATURE_PREFIX + modality] = features(store, modality)[:0]
            if not bool(present(store, modality).all()):
                small[node_type][MASK_PREFIX + modality] = present(store, modality)[:0]
    for relation in whole.edge_types:
        small[relation].edge_index = y.new_zeros(2, 0)
    if adjacency is not None:
        relation = only_relation(whole)
        dst, src = adjacency.nonzero().T
        edges, weight = torch.stack([src, dst]), adjacency[dst, src].to(torch.float32)
        for one in {relation, reverses(whole).get(relation, relation)}:
            small[one].edge_index, small[one].edge_weight = edges, weight
    return small


def only_relation(whole: MultimodalGraph, method: str = "") -> EdgeType:
    """The one relation among target nodes, to which the edges of a condensed homogeneous graph belong.

    Args:
        whole: the graph to condense.
        method: who asks, for the error.

    Raises:
        UserError: the graph has none, or several that are not each other's reverse.
    """
    target = whole.target
    among = [r for r in primary(whole) if (r[0], r[2]) == (target, target)]
    if len(among) != 1 or len(primary(whole)) != 1:
        raise UserError(
            f"method {method or 'without a name'} makes edges of one relation, among nodes of type "
            f"{target!r}, but the graph has {len(primary(whole))} relations; take a method without edges, "
            "such as gcondx, or one for several relations, such as srgm"
        )
    return among[0]
