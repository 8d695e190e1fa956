"""The explicit graph of one meta-path, of bounded degree."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.metapaths import MetaPath
from models.row_ranks import row_ranks
from models.sparse import edge_weights, mean_adjacency

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
    target = path[0][2]
    count = int(graph[target].num_nodes)
    out = edge_weights(graph, path[0])
    dst = graph[path[0]].edge_index[1]
    degree = out.new_zeros(count).index_add_(0, dst, out)
    later = [mean_adjacency(graph, r).to_sparse_coo() for r in path[1:]]
    none = torch.zeros(2, 0, dtype=torch.long, device=out.device)
    index, weight = [none], [out.new_zeros(0)]
    # A single relation is no product, and its entries are there already.
    height = max(1, BLOCK // max(count, 1)) if later else max(count, 1)
    for rows in torch.arange(count, device=out.device).split(height):
        product = mean_adjacency(graph, path[0], rows).to_sparse_coo()
        for matrix in later:
            product = torch.sparse.mm(product, matrix)
        at, value = _greatest(product.coalesce(), neighbours)
        row = rows[at[0]]
        index.append(torch.stack([at[1], row]))
        weight.append(value * degree[row])
    return MetaPathGraph(torch.cat(index, dim=1), torch.cat(weight))


def _greatest(matrix: Tensor, count: int) -> tuple[Int[Tensor, "2 e"], Float[Tensor, " e"]]:
    """Place and value of the `count` greatest entries of each row of a coalesced matrix."""
    at, value = matrix.indices(), matrix.values()
    kept = row_ranks(at[0], value, matrix.size(0)) < count
    return at[:, kept], value[kept]
