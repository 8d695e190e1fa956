"""Sparse adjacencies, and the product with a sparse matrix that all models and methods use.

product            A x, differentiable in x and, where A's values learn, in these
sampled_products   ⟨u_i, v_j⟩ at some pairs (i, j): the gradient of such values
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType


def edge_weights(graph: HeteroData, relation: EdgeType) -> Float[Tensor, " e"]:
    """The multiplicity of each edge of `relation`: its `edge_weight`, or ones; in torch's default dtype."""
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
        rows: the destination nodes to keep, in this order; by default all.

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
    return _adding_up(torch.stack([dst, src]), value, (height, int(graph[source].num_nodes)))


def adjacency(graph: HeteroData, relation: EdgeType) -> Tensor:
    """A_r, sparse CSR [n_dst, n_src]: the multiplicity of the edges from source to destination."""
    source, _, destination = relation
    size = (int(graph[destination].num_nodes), int(graph[source].num_nodes))
    return _adding_up(graph[relation].edge_index.flip(0), edge_weights(graph, relation), size)


def _adding_up(index: Tensor, value: Tensor, size: tuple[int, int]) -> Tensor:
    """Sparse CSR; values at the same place add up."""
    with warnings.catch_warnings():
        # CSR is "in beta" and unchecked by default; the indices are checked at the graph's border.
        warnings.simplefilter("ignore", UserWarning)
        coo = torch.sparse_coo_tensor(index, value, size, check_invariants=False)
        return coo.coalesce().to_sparse_csr()


def row_starts(rows: Int[Tensor, " e"], height: int) -> Int[Tensor, " _"]:
    """CSR's row pointers [height + 1]: where each row begins in an ascending list of rows, and its end."""
    return torch.searchsorted(rows, torch.arange(height + 1, device=rows.device))


def csr(
    starts: Int[Tensor, " _"],
    columns: Int[Tensor, " e"],
    values: Float[Tensor, " e"],
    size: tuple[int, ...],
) -> Tensor:
    """A sparse CSR matrix of parts that are in order already; nothing is copied or checked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # CSR is "in beta".
        return torch.sparse_csr_tensor(starts, columns, values, size, check_invariants=False)


def transpose(matrix: Tensor) -> Tensor:
    """Aᵀ of a sparse CSR matrix A, again CSR: the columns of A's CSC are the rows of Aᵀ."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        csc = matrix.to_sparse_csc()
    height, width = matrix.shape
    return csr(csc.ccol_indices(), csc.row_indices(), csc.values(), (width, height))


def sampled_products(
    starts: Int[Tensor, " _"],
    columns: Int[Tensor, " e"],
    u: Float[Tensor, "m d"],
    v: Float[Tensor, "n d"],
) -> Float[Tensor, " e"]:
    """⟨u_i, v_j⟩ at the pairs (i, j) of a CSR pattern, without a matrix of all pairs; no gradient."""
    pattern = csr(starts, columns, u.new_zeros(len(columns)), (u.size(0), v.size(0)))
    return torch.sparse.sampled_addmm(pattern, u, v.T, beta=0.0).values()


Matrix = Callable[[Any], Tensor]
Sampled = Callable[[Tensor, Tensor], Tensor]


def product(
    x: Float[Tensor, "n d"],
    matrix: Matrix,
    transposed: Matrix,
    values: Float[Tensor, " k"] | None = None,
    sampled: Sampled | None = None,
) -> Float[Tensor, "m d"]:
    """A x, differentiable in x and in the values of A.

    Autograd's own backward of a sparse product transposes A at every step, and forms a dense gradient for A.
    Here ∂L/∂x = Aᵀ ∂L/∂(Ax) with the Aᵀ that the caller keeps, and ∂L/∂a_ij = ⟨(∂L/∂(Ax))_i, x_j⟩ at the
    pairs (i, j) that the caller asks for.

    Args:
        x: dense.
        matrix: values -> A [m, n], sparse CSR or dense.
        transposed: values -> Aᵀ; called only where x needs a gradient.
        values: what A is made of; None where A is constant, and the product differentiable twice.
        sampled: (u [m, d], v [n, d]) -> ⟨u_i, v_j⟩ at the pair (i, j) of each value.
    """
    y = _Product.apply(values, x, matrix, transposed, sampled)
    assert isinstance(y, Tensor)
    return y


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(  # pyright: ignore
        ctx: Any,
        values: Tensor | None,
        x: Tensor,
        matrix: Matrix,
        transposed: Matrix,
        sampled: Sampled | None,
    ) -> Tensor:
        ctx.transposed, ctx.sampled = transposed, sampled
        if values is not None:
            ctx.save_for_backward(values, x)
        return matrix(values) @ x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        if ctx.sampled is None:
            return None, ctx.transposed(None) @ grad, None, None, None
        return _gradients(ctx, grad)


@torch.autograd.function.once_differentiable
def _gradients(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    """The gradients in the values and in x."""
    values, x = ctx.saved_tensors
    to_values, to_x, *_ = ctx.needs_input_grad
    return (
        ctx.sampled(grad, x) if to_values else None,
        ctx.transposed(values) @ grad if to_x else None,
        None,
        None,
        None,
    )


class SparseMap:
    """x ↦ A x for a constant sparse CSR matrix A, of which the transpose is kept for the gradient."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix, self.transposed = matrix, transpose(matrix)

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """A x, differentiable in x."""
        return product(x, lambda _: self.matrix, lambda _: self.transposed)
