"""The explicit graph of one meta-path, of bounded degree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.propagation.metapaths import MetaPath
from models.propagation.row_ranks import row_ranks
from models.propagation.sparse import edge_weights, mean_adjacency

BLOCK = 2**23
"""Entries of a product that are held at once, at most: about 200 MB."""


@dataclass(frozen=True)
class MetaPathGraph:
    """Edges among target nodes; an edge of weight w means w parallel edges.

    Attributes:
        index: source and destination of each edge.
        weight: w > 0.
    """

    index: Int[Tensor, "2 e"]
    weight: Float[Tensor, " e"]


def metapath_graph(graph: HeteroData, path: MetaPath, neighbours: int) -> MetaPathGraph:
    """A_p = A_{r₁} Â_{r₂} ⋯ Â_{r_k}, at most `neighbours` entries a row, the greatest.

    The weights are those of `UnionOperator`: the first relation counts edges, each node on the way shares
    out its edge evenly, so a hub is one neighbour and not a thousand. The ways back to the node itself are
    among them. Of equal weights at the bound those of the lower column stay.

    Args:
        graph: its edges, weights as multiplicities.
        path: from the target type back to it, see `returning_paths`.
        neighbours: k. Without a bound products can be nearly full (DBLP's authors who meet at a
            conference: 1,750 a node); attention on them costs time and memory in proportion.
    """
    count = int(graph[path[0][2]].num_nodes)
    out = edge_weights(graph, path[0])
    degree = out.new_zeros(count).index_add_(0, graph[path[0]].edge_index[1], out)
    index, weight = [torch.zeros(2, 0, dtype=torch.long, device=out.device)], [out.new_zeros(0)]
    for rows, walks in walk_blocks(graph, path):
        at, value = _greatest(walks, neighbours)
        row = rows[at[0]]
        index.append(torch.stack([at[1], row]))
        weight.append(value * degree[row])
    return MetaPathGraph(torch.cat(index, dim=1), torch.cat(weight))


def walk_blocks(graph: HeteroData, path: MetaPath) -> Iterator[tuple[Int[Tensor, " b"], Tensor]]:
    """The chances of a random walk along `path`, Â_{r₁} ⋯ Â_{r_k}, some rows at a time.

    Products are those of COO matrices: of CSR ones torch's CPU build leaks the result (seen in 2.13).

    Args:
        graph: its edges, weights as multiplicities.
        path: from the target type, at least one relation.

    Yields:
        Target nodes, in ascending order, and their rows [b, n], sparse COO and coalesced.
    """
    first, *others = path
    count = int(graph[first[2]].num_nodes)
    later = [mean_adjacency(graph, r).to_sparse_coo() for r in others]
    # A single relation is no product, and its entries are there already.
    height = max(1, BLOCK // max(count, 1)) if later else max(count, 1)
    device = graph[first].edge_index.device
    for rows in torch.arange(count, device=device).split(height):
        product = mean_adjacency(graph, first, rows).to_sparse_coo()
        for matrix in later:
            product = torch.sparse.mm(product, matrix)
        yield rows, product.coalesce()


def _greatest(matrix: Tensor, count: int) -> tuple[Int[Tensor, "2 e"], Float[Tensor, " e"]]:
    """Place and value of the `count` greatest entries of each row of a coalesced matrix."""
    at, value = matrix.indices(), matrix.values()
    kept = row_ranks(at[0], value, matrix.size(0)) < count
    return at[:, kept], value[kept]
