"""A few coordinates per modality: the directions in which its features vary most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data.graph import MultimodalGraph
from models.schema import features, modality_names, present

FeatureKey = tuple[str, str]  # (node type, modality)


@dataclass(frozen=True)
class Reduction:
    """X ≈ H Bᵀ with orthonormal columns of B, for each node type and modality.

    A linear relay on H matches the same gradients as one on X, less what lies outside the span, and
    the condensed features keep to directions in which real features vary.

    Attributes:
        basis: (node type, modality) -> B [width, r], r ≤ rank.
    """

    basis: Mapping[FeatureKey, Tensor]

    @classmethod
    def fit(cls, graph: MultimodalGraph, rank: int, generator: torch.Generator) -> Reduction:
        """Fit B: the leading right singular vectors of each (centred, scaled) feature matrix."""
        basis = {}
        for node_type in graph.node_types:
            store = graph[node_type]
            for modality in modality_names(store):
                x = features(store, modality)[present(store, modality)]
                basis[node_type, modality] = leading_directions(x, rank, generator)
        return cls(basis)

    def encode(self, graph: MultimodalGraph) -> dict[FeatureKey, Tensor]:
        """H = X B [n_t, r], zero where the modality is missing."""
        return {(t, m): features(graph[t], m) @ b for (t, m), b in self.basis.items()}

    def decode(self, key: FeatureKey, h: Float[Tensor, "n r"]) -> Float[Tensor, "n d"]:
        """Features H Bᵀ from coordinates H."""
        return h @ self.basis[key].T


def leading_directions(
    x: Float[Tensor, "n d"], rank: int, generator: torch.Generator, rounds: int = 4
) -> Float[Tensor, "d r"]:
    """The `rank` leading right singular vectors, by randomised subspace iteration.

    Halko, Martinsson & Tropp, SIAM Review 53 (2011), algorithm 4.4. Columns beyond min(n, d) do not
    exist, but there is always one; the sign of each column is arbitrary but reproducible.
    """
    rank = min(rank, *x.shape)
    if len(x) == 0:
        return torch.eye(x.size(1), 1, dtype=x.dtype, device=x.device)  # Nothing varies.
    if rank == x.size(1):
        return torch.eye(rank, dtype=x.dtype, device=x.device)
    width = min(rank + 8, *x.shape)  # A few spare directions make the leading ones accurate.
    q = torch.randn(x.size(1), width, generator=generator, dtype=x.dtype, device=x.device)
    for _ in range(rounds):
        q, _ = torch.linalg.qr(x.T @ (x @ q))
    _, _, vt = torch.linalg.svd(x @ q, full_matrices=False)
    return (q @ vt.T)[:, :rank]


def directions_of_gram(
    gram: Float[Tensor, "d d"], rank: int, rows: int, generator: torch.Generator, rounds: int = 4
) -> Float[Tensor, "d r"]:
    """The same as `leading_directions` of X from XᵀX alone; columns may have the other sign.

    Args:
        gram: XᵀX.
        rank: at most so many directions.
        rows: of X.
        generator: for the start.
        rounds: of the iteration.
    """
    size = gram.size(0)
    rank = min(rank, rows, size)
    if rows == 0:
        return torch.eye(size, 1, dtype=gram.dtype, device=gram.device)
    if rank == size:
        return torch.eye(size, dtype=gram.dtype, device=gram.device)
    width = min(rank + 8, rows, size)
    q = torch.randn(size, width, generator=generator, device=gram.device).to(gram.dtype)
    for _ in range(rounds):
        q, _ = torch.linalg.qr(gram @ q)
    _, vectors = torch.linalg.eigh(q.T @ gram @ q)
    return (q @ vectors.flip(1))[:, :rank]
