"""Planetoid's files (Yang et al., 2016): ind.<name>.x, tx, allx, y, ty, ally, graph and test.index.

The layout is that of github.com/kimiyoung/planetoid and of the readers in GCN (Kipf and Welling, 2017) and
PyG: allx has the features of the nodes 0 … m − 1, of which the first, x, train; tx has those of the nodes in
test.index, in its order; graph maps a node to its neighbours. Nodes that test.index skips, as in Citeseer,
have neither features nor a label.
"""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from condense.datasets.gnn_benchmark import undirected
from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.plain_pickle import read_pickle
from condense.prepare.raw import RawGraph

PICKLES = ("x", "tx", "allx", "y", "ty", "ally", "graph")
VAL = 500
"""Nodes after those of y that validate."""


def recognises(source: Path) -> bool:
    """A folder with ind.<name>.allx, or one with it in raw/."""
    return source.is_dir() and bool(_names(source) or _names(source / "raw"))


def read(source: Path) -> RawGraph:
    """The graph in a folder, with both directions of each edge, without self-loops, and the public split.

    Raises:
        FileError: a file is missing or damaged, holds other objects, or does not fit the others; or the
            folder has several graphs.
    """
    folder = source if _names(source) else source / "raw"
    names = _names(folder)
    if len(names) != 1:
        got = f"those of {', '.join(names)}" if names else "none"
        raise FileError(
            f"{source} (got {got}) must hold the files ind.<name>.allx, ind.<name>.graph, … of one graph; "
            "put each graph into a folder of its own"
        )
    start = f"ind.{names[0]}."
    parts = {part: read_pickle(folder / f"{start}{part}") for part in PICKLES}
    for part in PICKLES[:-1]:
        _check_matrix(folder / f"{start}{part}", parts[part])
    for x, y in (("x", "y"), ("tx", "ty"), ("allx", "ally")):
        _check_fit(folder / f"{start}{y}", parts[y], folder / f"{start}{x}", parts[x], 0)
    for part, other in (("x", "allx"), ("tx", "allx"), ("y", "ally"), ("ty", "ally")):
        _check_fit(
            folder / f"{start}{part}", parts[part], folder / f"{start}{other}", parts[other], 1
        )
    path = folder / f"{start}test.index"
    m, trained = parts["allx"].shape[0], parts["y"].shape[0]
    test = _test_index(path, m, parts["tx"].shape[0])
    n = max(m, int(test.max(initial=-1)) + 1)
    edges = _edges(folder / f"{start}graph", parts["graph"], n)

    data = Data(edge_index=torch.from_numpy(edges))
    data["x"], data["y"] = (
        _joined(parts[a], parts[b], test, n) for a, b in (("allx", "tx"), ("ally", "ty"))
    )
    ends = trained, min(trained + VAL, m)
    numbers = {"train": np.arange(trained), "val": np.arange(*ends), "test": test}
    for part, rows in numbers.items():
        data[f"{part}_mask"] = mask_of(folder, rows, n)
    notes = []
    if skipped := n - m - len(test):
        notes.append(f"{path.name} skips {skipped} nodes, which have no features and no label")
    if ends[1] - ends[0] < VAL:
        notes.append(f"{ends[1] - ends[0]} nodes validate, not {VAL}, since allx has {m} rows")
    return RawGraph(data, notes=tuple(notes))


def _names(folder: Path) -> list[str]:
    """The graphs of which a folder has ind.<name>.allx."""
    try:
        found = (re.fullmatch(r"ind\.(.+)\.allx", path.name) for path in folder.iterdir())
        return sorted(match[1] for match in found if match)
    except OSError:
        return []


def _check_matrix(path: Path, matrix: Any) -> None:
    numeric = sp.issparse(matrix) or (
        isinstance(matrix, np.ndarray) and matrix.dtype.kind in "biuf"
    )
    if not numeric or matrix.ndim != 2:
        got = f"shape {list(matrix.shape)}" if numeric else type(matrix).__name__
        raise FileError(
            f"{path} (got {got}) must hold a matrix, a row a node; put the published file there"
        )


def _check_fit(path: Path, matrix: Any, other: Path, than: Any, axis: int) -> None:
    if matrix.shape[axis] != than.shape[axis]:
        what = ("rows", "columns")[axis]
        raise FileError(
            f"{path} (got {matrix.shape[axis]} {what}) must have the {than.shape[axis]} of {other.name}; "
            "put the files of one graph there"
        )


def _test_index(path: Path, m: int, count: int) -> NDArray[np.int64]:
    """The numbers of the nodes in tx: different, and after the m of allx."""
    try:
        lines = path.read_text(encoding="ascii").split()
        test = np.array([int(line) for line in lines], dtype=np.int64)
    except FileNotFoundError:
        raise FileError(f"{path} is missing; put it there") from None
    except (ValueError, OverflowError, OSError) as error:
        raise FileError(f"{path} (got {error}) must hold a whole number a line") from None
    wrong = test[(test < m) | (test >= m + 10 * count + 1000)]
    if len(wrong):
        raise FileError(
            f"{path} (got {wrong[0]}) must hold the numbers of test nodes, which follow the {m} of allx "
            "without large gaps; put the files of one graph there"
        )
    if len(test) != count or len(np.unique(test)) != count:
        raise FileError(
            f"{path} (got {len(np.unique(test))} different numbers) must hold {count}, one for each row of "
            "tx; put the files of one graph there"
        )
    return test


def _joined(first: Any, last: Any, test: NDArray[np.int64], n: int) -> sp.csr_matrix:
    """The rows of `first` [m, c], and those of `last` at the places `test`; other rows are 0 [n, c]."""
    first, last = sp.csr_matrix(first), sp.csr_matrix(last)
    m, count = first.shape[0], len(test)
    ones = np.ones(count, dtype=last.dtype)
    place = sp.csr_matrix((ones, (test - m, np.arange(count))), shape=(n - m, count))
    return sp.csr_matrix(sp.vstack([first, place @ last]))


def _edges(path: Path, graph: Any, n: int) -> NDArray[np.int64]:
    """The edges of a dictionary from nodes to lists of neighbours [2, e]."""
    rows = list(graph.items()) if isinstance(graph, dict) else None
    if rows is None or any(not isinstance(near, list) for _, near in rows):
        raise FileError(
            f"{path} must map each node to a list of neighbours; put the published file there"
        )
    counts = [len(near) for _, near in rows]
    if sum(counts) > path.stat().st_size:  # Lists that are named again and again.
        raise FileError(f"{path} declares {sum(counts):,} neighbours; put the published file there")
    ends = [node for node, _ in rows], list(chain.from_iterable(near for _, near in rows))
    for node in chain(*ends):
        if not isinstance(node, int) or not 0 <= node < n:
            raise FileError(
                f"{path} (got node {node!r}) must hold numbers of nodes, 0 … {n - 1}; put the files of one "
                "graph there"
            )
    source = np.repeat(np.array(ends[0], dtype=np.int64), counts)
    destination = np.array(ends[1], dtype=np.int64)
    links = np.ones(len(source), dtype=bool)
    return undirected(sp.csr_matrix((links, (source, destination)), shape=(n, n)))
