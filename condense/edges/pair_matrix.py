"""A matrix with values at some pairs only, whose cost does not grow with its area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.edges.pairs import Pairs


@dataclass(frozen=True)
class PairMatrix:
    """A matrix A [height, width] that is zero except at a few of its candidate pairs.

    Attributes:
        values: at each pair; they may have a gradient, zeros included.
        pairs: where.
        kept: which of the pairs, ascending, have values that may differ from 0.
        turned: this is the transpose of the matrix that `pairs` tells of.
    """

    values: Float[Tensor, " k"]
    pairs: Pairs
    kept: Int[Tensor, " e"]
    turned: bool = False

    @classmethod
    def of(cls, dense: Float[Tensor, "h w"]) -> PairMatrix:
        """The pair matrix of a dense one."""
        values = dense.flatten()
        kept = values.detach().nonzero().flatten()
        return cls(values, Pairs.every(*dense.shape, device=dense.device), kept)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.pairs.shape
        return (width, height) if self.turned else (height, width)

    @property
    def T(self) -> PairMatrix:
        """The transpose, of the same values."""
        return replace(self, turned=not self.turned)

    def places(self) -> tuple[Int[Tensor, " e"], Int[Tensor, " e"]]:
        """Rows and columns of the kept values, in their order."""
        place, width = self.pairs.place[self.kept], max(self.pairs.shape[1], 1)
        rows, columns = place // width, place % width
        return (columns, rows) if self.turned else (rows, columns)

    def entries(self) -> tuple[Int[Tensor, " _"], Int[Tensor, " _"], Float[Tensor, " _"]]:
        """Rows, columns and values of all entries above 0, row by row."""
        rows, columns = self.places()
        values = self.values[self.kept]
        there = values > 0
        rows, columns, values = rows[there], columns[there], values[there]
        if self.turned:  # They lie column by column.
            rows, order = rows.sort(stable=True)
            columns, values = columns[order], values[order]
        return rows, columns, values

    def dense(self) -> Float[Tensor, "h w"]:
        """The whole matrix, differentiable."""
        flat = self.values
        if not self.pairs.all:
            height, width = self.pairs.shape
            flat = flat.new_zeros(height * width).index_put((self.pairs.place,), flat)
        found = flat.view(self.pairs.shape)
        return found.T if self.turned else found

    def times_rows(self, factor: Float[Tensor, " h"]) -> PairMatrix:
        """diag(factor) A."""
        return replace(self, values=(self._grid(self.values) * self._of_rows(factor)).flatten())

    def row_normalised(self) -> PairMatrix:
        """Â = D⁻¹A; a row without edges stays zero."""
        values = _RowNormalised.apply(self.values, self)
        assert isinstance(values, Tensor)
        return replace(self, values=values)

    def without_loops(self) -> PairMatrix:
        """A square matrix with its diagonal set to 0."""
        rows, columns = self.places()
        values = self.values.index_fill(0, self.pairs.loops, 0.0)
        return replace(self, values=values, kept=self.kept[rows != columns])

    def _grid(self, values: Tensor) -> Tensor:
        """Values of the pairs, as a matrix where they are a grid."""
        grid = self.pairs.grid
        return values if grid is None else values.view(grid.shape)

    def _of_rows(self, x: Float[Tensor, " h"]) -> Tensor:
        """X of the row of each pair, shaped to multiply what `_grid` gives."""
        grid = self.pairs.grid
        if grid is None:
            return x[self.pairs.columns if self.turned else self.pairs.rows]
        return x[grid.columns] if self.turned else x[grid.rows].unsqueeze(1)


class _RowNormalised(torch.autograd.Function):
    """a_ij = w_ij / d_i, d_i = Σ_kept w_ij, of which the kept ones alone are computed.

    With G = ∂L/∂a, ∂L/∂w_ij = (G_ij − Σ_kept G_ij a_ij) / d_i for all pairs, and 0 where d_i = 0.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, matrix: PairMatrix) -> Tensor:  # pyright: ignore
        rows, _ = matrix.places()
        kept = values[matrix.kept]
        degree = values.new_zeros(matrix.shape[0]).index_add_(0, rows, kept)
        positive = degree > 0
        inverse = torch.where(positive, 1.0 / torch.where(positive, degree, 1.0), 0.0)
        share = kept * inverse[rows]
        ctx.matrix = matrix
        ctx.save_for_backward(rows, share, inverse)
        return torch.zeros_like(values).index_copy_(0, matrix.kept, share)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore
        rows, share, inverse = ctx.saved_tensors
        matrix: PairMatrix = ctx.matrix
        felt = torch.zeros_like(inverse).index_add_(0, rows, grad[matrix.kept] * share)
        change = matrix._grid(grad) - matrix._of_rows(felt)
        return change.mul_(matrix._of_rows(inverse)).flatten(), None
