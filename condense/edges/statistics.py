"""Edge mass, density and effective edges: three numbers that show a vanishing structure.

A condensed graph can lose its structure without losing an edge, when nearly all weight gathers on a few
of them; so the number of edges alone is not enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from models.propagation.sparse import edge_weights

EDGES = 1 << 20
"""Edges whose entropy is added up at a time."""


def effective_edges(weight: Float[Tensor, " e"]) -> float:
    """exp(−Σ p ln p) with p = w / Σ w: the number of edges of equal weight with the same entropy.

    Args:
        weight: positive; without an edge the answer is 0.
    """
    if not len(weight):
        return 0.0
    total, entropy = weight.sum(), weight.new_zeros(())
    for part in weight.split(EDGES):
        share = part / total
        entropy = entropy - (share * share.log()).sum()
    return float(torch.exp(entropy))


def density(edges: int, pairs: int) -> float:
    """Edges ÷ pairs of nodes that could be joined; 0 without any pair."""
    return edges / pairs if pairs else 0.0


def edge_numbers(weights: Mapping[EdgeType, PairMatrix]) -> dict[str, float]:
    """The sum of weights, edges ÷ pairs and the sum of effective edges over all relations.

    Args:
        weights: of each relation [n'_dst, n'_src].
    """
    pairs = sum(math.prod(w.shape) for w in weights.values())
    return _numbers([w.entries()[2] for w in weights.values()], pairs)


def edge_numbers_of(graph: MultimodalGraph) -> dict[str, float]:
    """The numbers of `edge_numbers` for a graph; an edge without a weight has weight 1."""
    pairs = sum(pairs_of(graph, relation) for relation in graph.edge_types)
    return _numbers([edge_weights(graph, relation) for relation in graph.edge_types], pairs)


def pairs_of(graph: MultimodalGraph, relation: EdgeType) -> int:
    """The number of pairs of nodes that the relation could join."""
    return int(graph[relation[0]].num_nodes) * int(graph[relation[2]].num_nodes)


def _numbers(weights: Sequence[Float[Tensor, " _"]], pairs: int) -> dict[str, float]:
    return {
        "edge_mass": sum((float(w.sum()) for w in weights), 0.0),
        "density": density(sum(map(len, weights)), pairs),
        "effective_edges": sum(map(effective_edges, weights), 0.0),
    }
