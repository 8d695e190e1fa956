"""Products with a matrix of few edges whose gradient is wanted for all candidate pairs."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs, row_starts

DENSEST = 0.1
"""Above this share of non-zero entries the product is dense."""
SAMPLED = 0.25
"""Below this share of candidates their gradient is computed pair by pair: a dense product takes a quarter of
the time for each pair."""


class StraightThroughMatrix:
    """A [m, n] with few non-zero entries; A x costs as much as these, forward and for the gradient in x.

    The gradient in A is that of the dense product at all candidate pairs, those included where A is zero:
    through it an edge that is not there can come in.

    Args:
        matrix: A, possibly with a gradient.
    """

    def __init__(self, matrix: PairMatrix) -> None:
        upright = matrix.T if matrix.turned else matrix
        height, width = upright.shape
        if len(matrix.kept) <= DENSEST * height * width:
            rows, columns = upright.places()
            values = upright.values.detach()[upright.kept]
            forward = _csr(row_starts(rows, height), columns, values, (height, width))
            backward = _transposed(forward)
        else:
            forward = upright.dense().detach()
            backward = forward.T
        self._set(matrix, *((backward, forward) if matrix.turned else (forward, backward)))

    def _set(self, matrix: PairMatrix, forward: Tensor, backward: Tensor) -> None:
        self.matrix, self.forward, self.backward = matrix, forward, backward

    @property
    def T(self) -> StraightThroughMatrix:
        """Aᵀ."""
        turned = StraightThroughMatrix.__new__(StraightThroughMatrix)
        turned._set(self.matrix.T, self.backward, self.forward)
        return turned

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """A x."""
        found = _Product.apply(self.matrix.values, x, self)
        assert isinstance(found, Tensor)
        return found


def products_at(
    pairs: Pairs, left: Float[Tensor, "h d"], right: Float[Tensor, "w d"]
) -> Float[Tensor, " k"]:
    """⟨left_i, right_j⟩ of each pair (i, j).

    Without a matrix of all pairs, where these are many more.
    """
    if pairs.grid is not None:
        return (left[pairs.grid.rows] @ right[pairs.grid.columns].T).flatten()
    if len(pairs) >= SAMPLED * math.prod(pairs.shape):
        return (left @ right.T).flatten()[pairs.place]
    pattern = _csr(pairs.starts, pairs.columns, left.new_zeros(len(pairs)), pairs.shape)
    return torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0).values()


def _csr(
    starts: Int[Tensor, " _"],
    columns: Int[Tensor, " e"],
    values: Float[Tensor, " e"],
    shape: tuple[int, int],
) -> Tensor:
    with warnings.catch_warnings():
        # CSR is "in beta"; these indices are in order.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(starts, columns, values, shape, check_invariants=False)


def _transposed(matrix: Tensor) -> Tensor:
    """Aᵀ as CSR: the columns of A's CSC, sought among its non-zero entries only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        csc = matrix.to_sparse_csc()
    height, width = matrix.shape
    return _csr(csc.ccol_indices(), csc.row_indices(), csc.values(), (width, height))


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, x: Tensor, matrix: StraightThroughMatrix) -> Tensor:  # pyright: ignore
        ctx.matrix = matrix
        ctx.save_for_backward(x)
        return matrix.forward @ x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore
        (x,) = ctx.saved_tensors
        to_values, to_x, _ = ctx.needs_input_grad
        at: PairMatrix = ctx.matrix.matrix
        # ∂L/∂A = grad xᵀ, and that of a transpose is its transpose.
        ends = (x, grad) if at.turned else (grad, x)
        return (
            products_at(at.pairs, *ends) if to_values else None,
            ctx.matrix.backward @ grad if to_x else None,
            None,
        )
