"""Products with a sparse matrix whose gradient is needed at all candidate pairs."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor

from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from models.propagation.sparse import csr, product, row_starts, sampled_products, transpose

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
            forward = csr(row_starts(rows, height), columns, values, (height, width))
            backward = transpose(forward)
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
        at = self.matrix
        return product(
            x,
            lambda _: self.forward,
            lambda _: self.backward,
            at.values,
            # ∂L/∂A = grad xᵀ, and that of a transpose is its transpose.
            lambda grad, x: products_at(at.pairs, *((x, grad) if at.turned else (grad, x))),
        )


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
    return sampled_products(pairs.starts, pairs.columns, left, right)
