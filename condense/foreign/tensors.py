"""Reads and checks features, adjacency and labels; errors name the file and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.errors import FileError
from condense.foreign.edges import KeptEdges, kept_edges
from condense.foreign.tensor_file import load_tensor


def read_features(path: Path, widths: Mapping[str, int]) -> Float[Tensor, "n d"]:
    """The features [n' ≥ 1, sum of the modalities' widths]."""
    x = load_tensor(path)
    total = sum(widths.values())
    if x.dim() != 2 or x.layout != torch.strided or not x.is_floating_point():
        raise FileError(f"{path} (got {_shape(x)}) must be dense float [nodes, {total}]")
    if x.size(1) != total or not len(x):
        raise FileError(
            f"{path} (got {_shape(x)}) must have {total} columns, {spelled_widths(widths)}, and one row per "
            "node; give its --modalities in order, and declare the graph that has them"
        )
    return _finite(path, x.float())


def read_edges(path: Path | None, count: int, threshold: float) -> KeptEdges:
    """The edges of an adjacency over `count` nodes; none if there is no file."""
    if path is None:
        index, size = torch.zeros(2, 0, dtype=torch.long), (count, count)
        empty = torch.sparse_coo_tensor(index, torch.zeros(0), size, check_invariants=True)
        return kept_edges(empty, threshold)
    adjacency = load_tensor(path)
    if adjacency.shape != (count, count) or adjacency.is_complex():
        raise FileError(
            f"{path} (got {_shape(adjacency)}) must be [{count}, {count}], for {count} nodes; "
            "give the --adj that belongs to --feat"
        )
    _finite(path, adjacency if adjacency.layout == torch.strided else adjacency._values())
    return kept_edges(adjacency, threshold)


def read_labels(path: Path, count: int, classes: int) -> Int[Tensor, " n"]:
    """The classes of `count` nodes, each in 0 … `classes` − 1."""
    y = load_tensor(path)
    whole_numbers = not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool)
    if y.shape != (count,) or y.layout != torch.strided or not whole_numbers:
        raise FileError(
            f"{path} (got {_shape(y)}) must hold {count} integers, one class per node; give the "
            "--label that belongs to --feat"
        )
    y = y.long()
    if not 0 <= int(y.min()) <= int(y.max()) < classes:
        raise FileError(
            f"{path} (got classes {int(y.min())} … {int(y.max())}) must lie in 0 … {classes - 1}; declare "
            "the graph that has these classes"
        )
    return y


def _shape(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _finite(path: Path, values: Tensor) -> Tensor:
    bad = int((~torch.isfinite(values)).sum())
    if bad:
        raise FileError(
            f"{path} (got {bad} values that are not finite) must be finite; save finite values"
        )
    return values


def spelled_widths(widths: Mapping[str, int]) -> str:
    """The widths in the form that `--modalities` takes, such as text:512 image:512."""
    return " ".join(f"{modality}:{width}" for modality, width in widths.items())
