"""Sparse matrices whose values learn: a fixed pattern, and products with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.propagation.sparse import csr, product, row_starts, sampled_products


class Pattern:
    """Where an [m, n] matrix A may be non-zero; its order by columns is kept, so backward is fast too.

    PyG's scatter forms one message of full width an edge; here an edge costs its value alone.

    Args:
        rows: row of each entry, ascending.
        columns: column of each entry.
        size: (m, n).
    """

    def __init__(
        self, rows: Int[Tensor, " e"], columns: Int[Tensor, " e"], size: tuple[int, int]
    ) -> None:
        self.rows, self.columns, self.size = rows, columns, size
        self.starts = row_starts(rows, size[0])
        self.turn = torch.argsort(columns, stable=True)  # Ascending columns, and rows within them.
        self.turned_starts = row_starts(columns[self.turn], size[1])
        self.turned_columns = rows[self.turn]

    def product(self, values: Float[Tensor, " e"], x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """A x, differentiable in the values of A and in x."""
        return product(
            x, self.matrix, self.transposed, values, lambda u, v: self.sampled(u.contiguous(), v)
        )

    def inner(self, u: Float[Tensor, "m d"], v: Float[Tensor, "n d"]) -> Float[Tensor, " e"]:
        """⟨u_i, v_j⟩ at each entry (i, j), differentiable in u and v."""
        products = _Inner.apply(u, v, self)
        assert isinstance(products, Tensor)
        return products

    def edge_index(self) -> Int[Tensor, "2 e"]:
        """(source, destination) as PyG has it: column, row."""
        return torch.stack([self.columns, self.rows])

    def matrix(self, values: Float[Tensor, " e"]) -> Tensor:
        """A, sparse CSR."""
        return csr(self.starts, self.columns, values, self.size)

    def transposed(self, values: Float[Tensor, " e"]) -> Tensor:
        """Aᵀ, sparse CSR."""
        return csr(self.turned_starts, self.turned_columns, values[self.turn], self.size[::-1])

    def sampled(self, u: Tensor, v: Tensor) -> Tensor:
        """`inner` without a gradient."""
        return sampled_products(self.starts, self.columns, u, v)


class _Inner(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, v: Tensor, at: Pattern) -> Tensor:  # pyright: ignore
        ctx.at = at
        ctx.save_for_backward(u, v)
        return at.sampled(u, v)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # pyright: ignore
        u, v = ctx.saved_tensors
        return ctx.at.matrix(grad) @ v, ctx.at.transposed(grad) @ u, None


@dataclass(frozen=True)
class WeightedPattern:
    """The edges of one relation or meta-path graph; an edge of weight w means w parallel edges.

    Attributes:
        pattern: row i holds the edges from the neighbours of node i.
        weight: w.
    """

    pattern: Pattern
    weight: Float[Tensor, " e"]

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.pattern.size[0]

    def mean(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """Â x, the weighted mean over each node's neighbours, zero without any; differentiable in x."""
        return self.pattern.product(self.shares, x)

    @cached_property
    def shares(self) -> Float[Tensor, " e"]:
        """The values of Â: each weight over the sum of its row."""
        rows = self.pattern.rows
        total = self.weight.new_zeros(self.count).index_add_(0, rows, self.weight)
        return self.weight / total[rows]

    def without(self, share: float, *, keep_loops: bool) -> WeightedPattern:
        """Each edge dropped with probability `share`, except self-loops on request; weights stay."""
        rows, columns = self.pattern.rows, self.pattern.columns
        keep = torch.rand(len(rows), device=rows.device) >= share
        if keep_loops:
            keep = keep | (rows == columns)
        pattern = Pattern(rows[keep], columns[keep], self.pattern.size)
        return WeightedPattern(pattern, self.weight[keep])
