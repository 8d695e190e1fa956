"""Scattered rows of matrices and relations on disk, through memory maps that are held for a moment only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.columns import Columns, RowMatrix

AT_ONCE = 4096
"""Rows read through one map. The system counts 16 pages for each that is touched as resident."""
FEW = 8
"""Scattered rows are read one by one where fewer than one in so many are asked for."""


def taken(path: Path, kind: type[np.generic], rows: np.ndarray, width: int = 1) -> np.ndarray:
    """Rows [k, width] of a matrix in a file of numbers of one kind, row by row.

    Args:
        path: the file.
        kind: of its numbers.
        rows: which, int64 [k].
        width: of the matrix.
    """
    found = np.empty((len(rows), width), kind)
    for first in range(0, len(rows), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        mapped = np.memmap(path, kind, "r").reshape(-1, width)
        found[part] = mapped[rows[part]]
        del mapped  # Unmapped, so that its pages no longer count.
    return found


def rows_at(x: RowMatrix, rows: Int[Tensor, " k"], block: int) -> Float[Tensor, "k width"]:
    """`RowMatrix.at`, faster for scattered rows of a matrix in files."""
    if not isinstance(x, Columns) or len(rows) * FEW >= x.height:
        return x.at(rows, block)
    found = torch.empty(len(rows), x.width)
    for number, columns in enumerate(x.slabs):
        path = x.folder / f"columns-{number:04d}.f32"
        part = taken(path, np.float32, rows.numpy(), columns.stop - columns.start)
        found[:, columns] = torch.from_numpy(part)
    return found


def degrees_at(edges: Adjacency, nodes: Int[Tensor, " k"]) -> tuple[Tensor, Tensor]:
    """Where the edges into some destinations begin, and how many pairs each has; int64 [k] both."""
    ends = torch.stack([nodes, nodes + 1], dim=1).flatten().numpy()
    both = torch.from_numpy(taken(edges.folder / "starts.i64", np.int64, ends)).view(-1, 2)
    return both[:, 0], both[:, 1] - both[:, 0]


def edges_at(
    edges: Adjacency, places: Int[Tensor, " e"]
) -> tuple[Int[Tensor, " e"], Float[Tensor, " e"]]:
    """Sources and weights of the edges at some places of the sorted relation."""
    at = places.numpy()
    src = torch.from_numpy(taken(edges.folder / "sources.i32", np.int32, at)[:, 0]).long()
    if not edges.weighted:
        return src, torch.ones(len(src))
    return src, torch.from_numpy(taken(edges.folder / "weights.f32", np.float32, at)[:, 0])
