"""The explicit graph of one meta-path, of bounded degree."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from models.propagation.metapath_product import (
    MetaPathProduct,
    WeightedEdges,
    entries_of,
    row_blocks,
    strongest,
)
from models.propagation.metapaths import MetaPath
from models.propagation.sparse import edge_weights


def metapath_graph(graph: HeteroData, path: MetaPath, neighbours: int) -> WeightedEdges:
    """A_p = A_{r₁} Â_{r₂} ⋯ Â_{r_k}, of each row the `neighbours` greatest entries; the others are dropped.

    The weights are those of `UnionOperator`: the first relation counts edges, and each node on the way shares
    out its edge evenly, so a hub is one neighbour and not a thousand. The ways back to the node itself are
    among them. Of equal weights those of the lower columns stay.

    Args:
        graph: its edges, weights as multiplicities.
        path: from the target type back to it, see `returning_paths`.
        neighbours: k. Without a bound products can be nearly full (DBLP's authors who meet at a
            conference: 1,750 a node); attention on them costs time and memory in proportion.
    """
    count = int(graph[path[0][2]].num_nodes)
    first = edge_weights(graph, path[0])
    degree = first.new_zeros(count).index_add_(0, graph[path[0]].edge_index[1], first)
    walks = MetaPathProduct(graph, path, counted=False, halved=False)
    index, weight = [first.new_zeros(2, 0, dtype=torch.long)], [first.new_zeros(0)]
    for start, stop in row_blocks([walks], count, first.device):
        block = entries_of(walks.rows(start, stop), start)
        kept = strongest(block, count, neighbours, left_out="dropped")
        index.append(torch.stack([kept.column, kept.row]))
        weight.append(kept.weight * degree[kept.row])
    return WeightedEdges(torch.cat(index, dim=1), torch.cat(weight))
