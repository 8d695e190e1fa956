"""The single files of OGB's data sets: counts, labels, features, edges and splits, checked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.datasets.arrays import check_range
from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.delimited import read_numbers, read_words

AGAIN = "take it from OGB again"
PARTS = {"train_mask": "train", "val_mask": "valid", "test_mask": "test"}
SEVERAL_LABELS = "several labels per node (multi-label classification) are not supported"


def count(path: Path) -> int:
    """The number of nodes or edges of the one graph.

    Raises:
        FileError: the file is missing, damaged, or of several graphs.
    """
    numbers = read_numbers(path, "int64", columns=1)
    if len(numbers) != 1 or numbers[0, 0] < 0:
        raise FileError(
            f"{path} (got {len(numbers)} lines, first {numbers[0, 0]}) must hold one number, not negative, "
            "since one graph is read; keep one graph"
        )
    return int(numbers[0, 0])


def counts(path: Path) -> dict[str, int]:
    """Node type -> number of nodes, from a line of types and a line of numbers.

    Raises:
        FileError: the file is missing, damaged, or has other lines.
    """
    lines = read_words(path)
    fits = len(lines) == 2 and len(lines[0]) == len(lines[1]) == len(set(lines[0]))
    if not fits or not all(word.isdecimal() and len(word) < 16 for word in lines[1]):
        raise FileError(
            f"{path} (got {len(lines)} lines) must be a line of node types and a line with the number of "
            f"nodes of each, in one graph; {AGAIN}"
        )
    return dict(zip(lines[0], map(int, lines[1]), strict=True))


def relations(path: Path, nodes: dict[str, int]) -> list[EdgeType]:
    """The relations, in the order that OGB gives them.

    Args:
        path: the file with a line for each.
        nodes: node type -> number of nodes.

    Raises:
        FileError: the file is missing, damaged, or names another type.
    """
    found = []
    for words in read_words(path):
        if len(words) != 3 or words[0] not in nodes or words[2] not in nodes:
            raise FileError(
                f"{path} (got {','.join(words)[:60]}) must have lines of head, relation, tail, with the "
                f"types {', '.join(nodes)}; correct it"
            )
        found.append((words[0], words[1], words[2]))
    return sorted(found)


def labels(path: Path, nodes: int) -> Tensor:
    """One class per node [nodes]: long, or float64 with NaN where some are unknown.

    Raises:
        FileError: the file is missing or damaged, has another number of lines, or several labels per node.
    """
    y = read_numbers(path, "float64", rows=nodes, per="one per node")
    if y.shape[1] != 1:
        raise FileError(
            f"{path} (got {y.shape[1]} columns): {SEVERAL_LABELS}; keep the column of one task"
        )
    y = y[:, 0]
    unknown = np.isnan(y)
    wrong = np.flatnonzero(~unknown & ((np.rint(y) != y) | (np.abs(y) >= 2**53)))
    if len(wrong):
        raise FileError(
            f"{path}, line {wrong[0] + 1} (got {y[wrong[0]]:g}) must be a class, a whole number, or nothing "
            "where it is unknown; correct it"
        )
    return torch.from_numpy(y if unknown.any() else y.astype(np.int64))


def node_attributes(folder: Path, nodes: int) -> Iterator[tuple[str, Tensor]]:
    """The features x [nodes, width] and node_year [nodes, columns], as far as a folder has them."""
    for key, name, dtype in (("x", "node-feat", "float32"), ("node_year", "node_year", "int64")):
        path = folder / f"{name}.csv.gz"
        if path.exists():
            rows = read_numbers(path, dtype, rows=nodes, per="one per node")
            yield key, torch.from_numpy(rows)


def edge_attributes(
    folder: Path, types: tuple[str, str], nodes: tuple[int, int], both: bool = False
) -> Iterator[tuple[str, Tensor]]:
    """The ends edge_index [2, edges], and edge_attr [edges, width] if the folder has it.

    Args:
        folder: of the relation.
        types: of sources and destinations.
        nodes: how many there are of each.
        both: whether each edge is followed by its reverse.

    Raises:
        FileError: a file is missing or damaged, or does not fit the others.
    """
    edges, path = count(folder / "num-edge-list.csv.gz"), folder / "edge.csv.gz"
    ends = read_numbers(path, "int64", columns=2, rows=edges, per="one per edge").T
    for numbers, limit, node_type in zip(ends, nodes, types, strict=True):
        check_range(path, numbers, limit, node_type)
    if both:
        ends = np.stack([ends, ends[::-1]], axis=2).reshape(2, -1)  # [2, 2 · edges]
    yield "edge_index", torch.from_numpy(np.ascontiguousarray(ends))
    path = folder / "edge-feat.csv.gz"
    if path.exists():
        x = torch.from_numpy(read_numbers(path, "float32", rows=edges, per="one per edge"))
        yield "edge_attr", x.repeat_interleave(2, dim=0) if both else x


def masks(folder: Path, nodes: int, node_type: str) -> Iterator[tuple[str, Tensor]]:
    """train_mask, val_mask and test_mask, bool [nodes], from lists of node numbers.

    Raises:
        FileError: a list is missing or damaged, or a number is not that of a node.
    """
    for mask, name in PARTS.items():
        path = folder / f"{name}.csv.gz"
        yield mask, mask_of(path, read_numbers(path, "int64", columns=1), nodes, node_type)
