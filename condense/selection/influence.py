"""How much nodes of another type influence a set of target nodes, by personalised PageRank."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from condense.data.sparse import Csr

TOLERANCE = 1e-8
"""Of the residual, relative to that of zero."""


def influence(field: Csr, sources: Int[NDArray, " s"], restart: float) -> Float[NDArray, " n_end"]:
    """The PageRank that random walks from target nodes S give to the nodes at the end of a meta-path.

    With B = [[I, N], [Nᵀ, I]] of the receptive fields N, S_B = D^{-1/2} B D^{-1/2} and 1_S the sum over S,

        π = α (I − (1 − α) S_B)⁻¹ 1_S,

    of which the entries of the end type are returned. The matrix is symmetric with eigenvalues in
    [α, 2 − α], so conjugate gradients need some 1/√α products.

    Args:
        field: N, boolean CSR [n_target, n_end].
        sources: S.
        restart: α in (0, 1].
    """
    ahead = field.astype(np.float64)
    back = ahead.T.tocsr()
    height = field.shape[0]
    scale_target = (1.0 + np.diff(ahead.indptr)) ** -0.5
    scale_end = (1.0 + np.diff(back.indptr)) ** -0.5
    scale = np.concatenate([scale_target, scale_end])

    def product(x: NDArray) -> NDArray:
        x = x.ravel()
        scaled = scale * x
        joined = scaled + np.concatenate([ahead @ scaled[height:], back @ scaled[:height]])
        return x - (1 - restart) * scale * joined

    size = sum(field.shape)
    start = np.zeros(size)
    start[sources] = restart
    matrix = LinearOperator((size, size), matvec=product, dtype=np.float64)  # pyright: ignore
    found, _ = cg(matrix, start, rtol=TOLERANCE)
    return found[height:]
