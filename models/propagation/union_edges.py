"""The union of the meta-paths that lead back to the target type, as a list of edges."""

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
from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema


@torch.no_grad()
def union_edges(
    graph: HeteroData, schema: GraphSchema, hops: int, neighbours: int, device: torch.device
) -> WeightedEdges:
    """The entries of I + A, which `UnionOperator` normalises; at most k a row besides the loop.

    Of more than k neighbours those with the k greatest weights stay, of equals the lower-numbered. Their
    weights are scaled up to what all neighbours had together, so that a node's own share, its self-loop
    with its ways back, does not depend on how many were left out.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        hops: the longest meta-path.
        neighbours: k ≥ 1.
        device: where the graph is.
    """
    count = int(graph[schema.target].num_nodes)
    products = [
        MetaPathProduct(graph, path, counted=True, halved=True)
        for path in returning_paths(schema.relations, schema.target, hops)
    ]
    index, weight = [], []
    for start, stop in row_blocks(products, count, device):
        own = torch.arange(start, stop, device=device)
        identity = torch.sparse_coo_tensor(
            torch.stack([own - start, own]),
            torch.ones(stop - start, device=device),
            (stop - start, count),
            check_invariants=False,
        )
        union = entries_of(_added([identity, *(p.rows(start, stop) for p in products)]), start)
        loop = union.row == union.column
        loops = union.where(loop)
        kept = strongest(union.where(~loop), count, neighbours, left_out="shared")
        index += [torch.stack([part.column, part.row]) for part in (loops, kept)]
        weight += [loops.weight, kept.weight]
    return WeightedEdges(torch.cat(index, dim=1), torch.cat(weight))


def _added(blocks: list[torch.Tensor]) -> torch.Tensor:
    """The sum of sparse COO matrices of one size, coalesced."""
    index = torch.cat([block._indices() for block in blocks], dim=1)
    value = torch.cat([block._values() for block in blocks])
    return torch.sparse_coo_tensor(index, value, blocks[0].shape, check_invariants=False).coalesce()
