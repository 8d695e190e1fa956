"""Makes sparse features dense for condensers and models: wide ones in fewer columns."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.sparse import WIDEST, Csr, is_sparse, visible_entries
from condense.errors import UserError
from models.schema import FEATURE_PREFIX, modality_names

RANK = 256
"""Columns in place of a wide modality's."""
ROUNDS = 4
"""Subspace iterations; the spectra of words fall slowly."""
NEGLIGIBLE = 1e-7
"""A direction is left out if X varies along it by less than this share of the largest."""
AGREE = 1e-2
"""Largest difference of the probes of one basis that two machines computed; those of two bases differ by
about the root of the rank."""
ROWS = 1 << 14

ReductionKey = tuple[str, int]  # (modality, width)


@dataclass(frozen=True)
class ColumnBasis:
    """V [width, r] by its rows of columns that occur; all others are zero, however wide X is.

    Attributes:
        columns: of X, in order [k].
        rows: V's rows of these [k, r].
    """

    columns: Int[NDArray, " k"]
    rows: Float[NDArray, "k r"]

    def project(self, matrix: Csr) -> Float[NDArray, "n r"]:
        """X V of a matrix X [n, width]; entries in columns that V lacks have no part in it."""
        if not len(self.columns):
            return np.zeros((matrix.shape[0], self.rows.shape[1]))
        return packed(matrix, self.columns) @ self.rows

    @property
    def probe(self) -> float:
        """gᵀ V h of two fixed vectors: one number that changes with any column of V.

        g is cos(j) for column j, so that nothing of X's width is allocated.
        """
        h = np.random.RandomState(1).standard_normal(self.rows.shape[1])
        return float(np.sqrt(2) * np.cos(self.columns) @ self.rows @ h)


@dataclass(frozen=True)
class SparseReduction:
    """X ↦ X V for sparse modalities wider than WIDEST; V's columns are an orthonormal basis [width, r].

    The span of V is that of X's r ≤ RANK leading right singular vectors, up to the error of randomised
    subspace iteration (Halko, Martinsson & Tropp, SIAM Review 53, 2011, algorithm 4.4). Its columns are
    those of the last QR step, turned at random, and not the singular vectors, for two reasons. Where
    singular values are close, as in one-hot features, singular vectors depend on rounding, and a condensed
    graph would fit its whole graph on one machine alone. And a few of them hold most of the norm, so that
    dropout and Adam, which act on single columns, do worse: on Cora at rank 256 and with six rounds SGC
    scores .706 before turning and .766 after (.723 on all 1,433 words).

    Node types that share a modality's name and width share V, so that their features can still be compared.
    Labels are not read. Dense modalities are never changed, however wide.

    Attributes:
        basis: (modality, width) -> V.
        kept: (modality, width) -> ‖X V‖² ÷ ‖X‖², of the graph that V was fitted on.
    """

    basis: Mapping[ReductionKey, ColumnBasis] = field(default_factory=dict)
    kept: Mapping[ReductionKey, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, graph: MultimodalGraph) -> SparseReduction:
        """Fit V to all nodes of `graph` that have the modality."""
        found: dict[ReductionKey, list[Csr]] = {}
        for node_type, modality, width in sparse_modalities(graph):
            if width > WIDEST:
                entries = visible_entries(graph[node_type], modality)
                found.setdefault((modality, width), []).append(entries)
        basis, kept = {}, {}
        for key, parts in found.items():
            matrix: Csr = sp.csr_array(sp.vstack(parts)).astype(np.float64)
            basis[key], kept[key] = leading_basis(matrix, RANK)
        return cls(basis, kept)

    def apply(self, graph: MultimodalGraph) -> MultimodalGraph:
        """A copy of `graph` with dense features for sparse ones; a graph without any is returned itself."""
        sparse = sparse_modalities(graph)
        if not sparse:
            return graph
        reduced = copy.copy(graph)
        for node_type, modality, width in sparse:
            matrix = visible_entries(graph[node_type], modality)
            v = self.basis[modality, width] if width > WIDEST else None
            key = FEATURE_PREFIX + modality
            wide = graph[node_type][key].dtype == torch.float64
            dtype = torch.float64 if wide else torch.float32
            reduced[node_type][key] = _dense(matrix, v, dtype)
        return reduced

    def record(self) -> dict[str, Any]:
        """What provenance says of each reduced modality: columns before and after, share kept, probe."""
        return {
            f"{modality}:{width}": {
                "columns": width,
                "dimensions": v.rows.shape[1],
                "kept": self.kept[modality, width],
                "probe": v.probe,
            }
            for (modality, width), v in self.basis.items()
        }

    def check_record(self, then: Mapping[str, Any]) -> None:
        """Check that a condensed graph's features are in the dimensions of this reduction.

        Args:
            then: `record` of the reduction with which it was condensed, from its provenance.

        Raises:
            UserError: they are in other dimensions.
        """
        for name, now in self.record().items():
            before = then.get(name)
            if not isinstance(before, Mapping) or not (
                before.get("dimensions") == now["dimensions"]
                and abs(before.get("probe", np.inf) - now["probe"]) <= AGREE
            ):
                raise UserError(
                    f"condensed graph: the dimensions of {name.rpartition(':')[0]} (got {before}) are not "
                    f"those in which its {now['columns']} sparse columns are read here, {now}; condense again"
                )


def sparse_modalities(graph: MultimodalGraph) -> list[tuple[str, str, int]]:
    """Node type, name and width of each sparse modality, in the graph's order."""
    return [
        (node_type, modality, graph[node_type][FEATURE_PREFIX + modality].size(1))
        for node_type in graph.node_types
        for modality in modality_names(graph[node_type])
        if is_sparse(graph[node_type][FEATURE_PREFIX + modality])
    ]


def leading_basis(matrix: Csr, rank: int) -> tuple[ColumnBasis, float]:
    """V of `matrix` [n, width], and the share ‖X V‖² ÷ ‖X‖² that it keeps.

    An empty matrix gives one column of zeros, which keeps nothing.
    """
    from sklearn.utils.extmath import randomized_range_finder

    used = np.unique(matrix.indices)
    if not len(used):
        return ColumnBasis(used, np.zeros((0, 1))), 0.0
    # Empty columns have no part in any direction, and wide matrices have many.
    x = packed(matrix, used)
    # One thread: BLAS's threads wait for each other by spinning, which takes twenty times as long where
    # other processes run, and their number would show in the last digits. A limit holds for libraries that
    # are loaded, so scikit-learn is imported before.
    with threadpool_limits(1, user_api="blas"):
        q: Any = randomized_range_finder(
            x.T,
            size=min(rank, *x.shape),
            n_iter=ROUNDS,
            power_iteration_normalizer="QR",
            random_state=np.random.RandomState(0),
        )  # [used, r]
        squares = np.square(x @ q).sum(axis=0)  # [r]
        # Beyond X's rank the directions are noise, and would let unseen rows in by chance.
        q = q[:, squares > NEGLIGIBLE**2 * squares.max()]
        turn, _ = np.linalg.qr(np.random.RandomState(2).standard_normal((q.shape[1], q.shape[1])))
        rows = q @ turn  # [used, r]
    return ColumnBasis(used, rows), float(squares.sum() / np.square(x.data).sum())


def packed(matrix: Csr, columns: Int[NDArray, " k"]) -> Csr:
    """The columns `columns`, in order, of a matrix [n, width], as a matrix [n, k]."""
    place = np.minimum(np.searchsorted(columns, matrix.indices), len(columns) - 1)
    known = columns[place] == matrix.indices
    data = matrix.data if bool(known.all()) else np.where(known, matrix.data, 0)
    return sp.csr_array((data, place, matrix.indptr), shape=(matrix.shape[0], len(columns)))


def _dense(matrix: Csr, v: ColumnBasis | None, dtype: torch.dtype) -> Tensor:
    """X V, or X itself, in blocks of rows so that nothing larger than the result exists."""
    n, width = matrix.shape
    dense = torch.empty(n, width if v is None else v.rows.shape[1], dtype=dtype)
    for start in range(0, n, ROWS):
        block = matrix[start : start + ROWS]
        rows = block.toarray() if v is None else v.project(block)
        dense[start : start + ROWS] = torch.from_numpy(np.asarray(rows))
    return dense
