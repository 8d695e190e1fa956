"""Sparse adjacencies, and their products with dense features."""

from __future__ import annotations

import warnings
from typing import Any

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
    return _csr(torch.stack([dst, src]), value, (height, int(graph[source].num_nodes)))


def adjacency(graph: HeteroData, relation: EdgeType) -> Tensor:
    """A_r, sparse CSR [n_dst, n_src]: the multiplicity of the edges from source to destination."""
    source, _, destination = relation
    size = (int(graph[destination].num_nodes), int(graph[source].num_nodes))
    return _csr(graph[relation].edge_index.flip(0), edge_weights(graph, relation), size)


def _csr(index: Tensor, value: Tensor, size: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        # CSR is "in beta" and unchecked by default; the indices are checked at the graph's border.
        warnings.simplefilter("ignore", UserWarning)
        coo = torch.sparse_coo_tensor(index, value, size, check_invariants=False)
        return coo.coalesce().to_sparse_csr()


class SparseMap:
    """x ↦ A x for a constant sparse A; its transpose is kept, so backward is one product as well.

    Autograd's own backward of a sparse product transposes A at every step.
    """

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            self.transposed = matrix.to_sparse_coo().T.coalesce().to_sparse_csr()

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """A x, differentiable in x."""
        found = _SparseProduct.apply(x, self)
        assert isinstance(found, Tensor)
        return found


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, by: SparseMap) -> Tensor:  # pyright: ignore
        ctx.by = by
        return by.matrix @ x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore
        return ctx.by.transposed @ grad, None
