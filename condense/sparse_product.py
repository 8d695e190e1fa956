"""Products with a matrix of few edges whose gradient is wanted for all pairs."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

DENSEST = 0.1
"""Above this share of non-zero entries the product is dense."""


class StraightThroughMatrix:
    """A [m, n] with few non-zero entries; A x costs as much as these, forward and for the gradient in x.

    The gradient in A is that of the dense product, entries that are zero included: through it an edge
    that is not there can come in.

    Args:
        dense: A, possibly with a gradient.
    """

    def __init__(self, dense: Float[Tensor, "m n"]) -> None:
        values = dense.detach()
        sparse = int(torch.count_nonzero(values)) <= DENSEST * values.numel()
        with warnings.catch_warnings():
            # CSR is "in beta"; these indices come from torch itself.
            warnings.simplefilter("ignore", UserWarning)
            forward = values.to_sparse_csr() if sparse else values
            self._set(dense, forward, _transposed(forward) if sparse else values.T)

    def _set(self, dense: Tensor, forward: Tensor, backward: Tensor) -> None:
        self.dense, self.forward, self.backward = dense, forward, backward

    @property
    def T(self) -> StraightThroughMatrix:
        """Aᵀ."""
        turned = StraightThroughMatrix.__new__(StraightThroughMatrix)
        turned._set(self.dense.T, self.backward, self.forward)
        return turned

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """A x."""
        found = _Product.apply(self.dense, x, self)
        assert isinstance(found, Tensor)
        return found


def _transposed(matrix: Tensor) -> Tensor:
    """Aᵀ as CSR: the columns of A's CSC, sought among its non-zero entries only."""
    csc = matrix.to_sparse_csc()
    return torch.sparse_csr_tensor(
        csc.ccol_indices(),
        csc.row_indices(),
        csc.values(),
        matrix.shape[::-1],
        check_invariants=False,
    )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dense: Tensor, x: Tensor, matrix: StraightThroughMatrix) -> Tensor:  # pyright: ignore
        ctx.matrix = matrix
        ctx.save_for_backward(x)
        return matrix.forward @ x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore
        (x,) = ctx.saved_tensors
        to_matrix, to_x, _ = ctx.needs_input_grad
        return (
            grad @ x.T if to_matrix else None,
            ctx.matrix.backward @ grad if to_x else None,
            None,
        )
