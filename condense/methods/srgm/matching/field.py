"""The gradient field of the relay on the condensed graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.edges.sparse_product import StraightThroughMatrix
from models.propagation.metapaths import MetaPath, endpoint

Adjacencies = Mapping[EdgeType, Tensor | StraightThroughMatrix]


def path_products(
    adjacency: Adjacencies, paths: Sequence[MetaPath], p: Float[Tensor, "n C"]
) -> dict[MetaPath, Tensor]:
    """Â_pᵀ P for every meta-path, each from the path that is one relation shorter.

    Args:
        adjacency: relation -> Â_r [n_dst, n_src].
        paths: every path's prefix must be among them, shorter ones first.
        p: one row a target node.

    Returns:
        path -> [nodes at the path's end, C].
    """
    found: dict[MetaPath, Tensor] = {(): p}
    for length in range(1, max(map(len, paths)) + 1):
        layer = [path for path in paths if len(path) == length]
        for relation in dict.fromkeys(path[-1] for path in layer):
            # One product for all paths that end in this relation.
            these = [path for path in layer if path[-1] == relation]
            before = torch.cat([found[path[:-1]] for path in these], dim=1)
            moved = adjacency[relation].T @ before
            found.update(zip(these, moved.split(p.size(1), dim=1), strict=True))
    return {path: found[path] for path in paths}


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
        adjacency: relation -> Â_r [n_dst, n_src]; may require a gradient.
        blocks: (meta-path, modality) pairs.
        weights: W_{p,m} of each block.
        p: the gradient at the first layer's output; (softmax(f) − Y)/n′ over all condensed target nodes
            where that is the only one.
        target: the target type.

    Returns:
        (node type, modality) -> [n'_t, r].
    """
    products = path_products(adjacency, list(dict.fromkeys(path for path, _ in blocks)), p)
    into: dict[tuple[str, str], list[tuple[Tensor, Tensor]]] = {}
    for (path, modality), weight in zip(blocks, weights, strict=True):
        into.setdefault((endpoint(path, target), modality), []).append((products[path], weight))
    # The sum over the paths of a key is one product of what lies side by side.
    return {
        key: torch.cat([x for x, _ in terms], dim=1) @ torch.cat([w for _, w in terms], dim=1).T
        for key, terms in into.items()
    }
