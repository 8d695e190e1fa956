"""Row-normalised adjacencies and their products with dense features."""

from __future__ import annotations

import warnings

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType


def edge_weights(graph: HeteroData, relation: EdgeType) -> Float[Tensor, " e"]:
    """The multiplicity of each edge of `relation`: its `edge_weight`, or ones; as `features` typed."""
    store = graph[relation]
    weight = store.get("edge_weight")
    if weight is None:
        return torch.ones(store.edge_index.size(1), device=store.edge_index.device)
    return weight.to(torch.get_default_dtype())


def mean_adjacency(graph: HeteroData, relation: EdgeType, rows: Tensor | None = None) -> Tensor:
    """Â_r = D⁻¹A_r, which averages a node's in-neighbours under `relation` by multiplicity.

    Args:
        graph: edge_index [2, e] runs from source to destination.
        relation: (source type, name, destination type).
        rows: keep only these destination nodes, in this order; all of them by default.

    Returns:
        Sparse CSR [n_dst or len(rows), n_src]; the row of a node without in-edges is zero.
    """
    source, _, destination = relation
    src, dst = graph[relation].edge_index
    weight = edge_weights(graph, relation)
    height = int(graph[destination].num_nodes)
    degree = torch.zeros(height, dtype=weight.dtype, device=weight.device).index_add_(
        0, dst, weight
    )
    value = weight / degree[dst].clamp_min(torch.finfo(weight.dtype).tiny)
    if rows is not None:
        place = torch.full((height,), -1, dtype=torch.long, device=dst.device)
        place[rows] = torch.arange(len(rows), device=dst.device)
        kept = place[dst] >= 0
        src, dst, value, height = src[kept], place[dst][kept], value[kept], len(rows)
    size = (height, int(graph[source].num_nodes))
    index = torch.stack([dst, src])
    with warnings.catch_warnings():
        # CSR is "in beta" and unchecked by default; the indices are checked at the graph's border.
        warnings.simplefilter("ignore", UserWarning)
        coo = torch.sparse_coo_tensor(index, value, size, check_invariants=False)
        return coo.coalesce().to_sparse_csr()
