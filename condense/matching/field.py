"""The gradient field of the relay on the condensed graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from models.metapaths import MetaPath, endpoint

Adjacencies = Mapping[EdgeType, Tensor]


def path_products(
    adjacency: Adjacencies, paths: Sequence[MetaPath], p: Float[Tensor, "n C"]
) -> dict[MetaPath, Tensor]:
    """Â_pᵀ P for every meta-path, each from the path that is one relation shorter.

    Args:
        adjacency: relation -> Â_r [n_dst, n_src], dense.
        paths: every path's prefix must be among them, shorter ones first.
        p: one row a target node.

    Returns:
        path -> [nodes at the path's end, C].
    """
    found: dict[MetaPath, Tensor] = {(): p}
    for path in paths:
        if path:
            found[path] = adjacency[path[-1]].T @ found[path[:-1]]
    return found


def gradient_field(
    adjacency: Adjacencies,
    blocks: Sequence[tuple[MetaPath, str]],
    weights: Sequence[Float[Tensor, "_ C"]],
    p: Float[Tensor, "n C"],
    target: str,
) -> dict[tuple[str, str], Tensor]:
    """G^m = ∂L/∂Hᵐ = Σ_{p → t} Â_pᵀ P W_{p,m}ᵀ, one row a node, for each node type and modality.

    Of a relay with hidden units W are the first layer's blocks, and B stands for P.

    Args:
        adjacency: relation -> Â_r [n_dst, n_src], dense; may require a gradient.
        blocks: (meta-path, modality) pairs.
        weights: W_{p,m} of each block.
        p: the gradient at the first layer's output; (softmax(f) − Y)/n′ over all condensed target nodes
            where that is the only one.
        target: the target type.

    Returns:
        (node type, modality) -> [n'_t, r].
    """
    products = path_products(adjacency, list(dict.fromkeys(path for path, _ in blocks)), p)
    field: dict[tuple[str, str], Tensor] = {}
    for (path, modality), weight in zip(blocks, weights, strict=True):
        key = (endpoint(path, target), modality)
        share = products[path] @ weight.T
        field[key] = field[key] + share if key in field else share
    return field
