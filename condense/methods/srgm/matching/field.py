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
    """Â_pᵀ P of every meta-path p, each from the product of the path that is one relation shorter.

    Args:
        adjacency: relation -> Â_r [n_dst, n_src].
        paths: the meta-paths, shorter ones first; the prefix of each must be among them.
        p: P, one row a target node.

    Returns:
        path -> [nodes at the path's end, C].
    """
    products: dict[MetaPath, Tensor] = {(): p}
    for length in range(1, max(map(len, paths)) + 1):
        layer = [path for path in paths if len(path) == length]
        for relation in dict.fromkeys(path[-1] for path in layer):
            # One product for all paths that end in this relation.
            ending = [path for path in layer if path[-1] == relation]
            before = torch.cat([products[path[:-1]] for path in ending], dim=1)
            after = adjacency[relation].T @ before
            products.update(zip(ending, after.split(p.size(1), dim=1), strict=True))
    return {path: products[path] for path in paths}


def gradient_field(
    adjacency: Adjacencies,
    blocks: Sequence[tuple[MetaPath, str]],
    weights: Sequence[Float[Tensor, "_ C"]],
    p: Float[Tensor, "n C"],
    target: str,
) -> dict[tuple[str, str], Tensor]:
    """G^m = ∂L/∂Hᵐ = Σ_{p → t} Â_pᵀ P W_{p,m}ᵀ, one row a node, for each node type and modality.

    For a relay with hidden units, W_{p,m} are the first layer's blocks and P is the gradient at that layer's
    output.

    Args:
        adjacency: relation -> Â_r [n_dst, n_src]; may require a gradient.
        blocks: (meta-path, modality) pairs.
        weights: W_{p,m} of each block.
        p: the gradient at the first layer's output; for a linear relay (softmax(f) − Y)/n′ over all
            condensed target nodes.
        target: the target type.

    Returns:
        (node type, modality) -> [n'_t, r].
    """
    products = path_products(adjacency, list(dict.fromkeys(path for path, _ in blocks)), p)
    into: dict[tuple[str, str], list[tuple[Tensor, Tensor]]] = {}
    for (path, modality), weight in zip(blocks, weights, strict=True):
        into.setdefault((endpoint(path, target), modality), []).append((products[path], weight))
    # One product of concatenated factors sums over the paths of a key.
    return {
        key: torch.cat([x for x, _ in terms], dim=1) @ torch.cat([w for _, w in terms], dim=1).T
        for key, terms in into.items()
    }
