"""Files of HAN's authors (Wang et al., 2019): ACM3025, DBLP4057 and IMDB5K in .mat, and others so laid out.

The layout is that of `ex_acm3025.py` in github.com/Jhy1993/HAN and of DGL's copies of the data: `feature`
or `features` [n, d]; `label` [n, C], one-hot; square matrices [n, n] over meta-paths, such as PAP or net_APA;
and `train_idx`, `val_idx` and `test_idx` [1, k], which count from 0. The diagonals are not read, as in HAN.
MAT-files of version 5 hold no code, and objects and functions in them are not read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from scipy.io.matlab import matfile_version
from torch_geometric.data import HeteroData

from condense.data.pyg.labels import SPELLINGS
from condense.data.pyg.stores import NODE
from condense.datasets.declared import check_dense
from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.raw import RawGraph

FEATURES, LABELS = ("feature", "features"), ("label", "labels")
NUMERIC = re.compile(r"u?int(8|16|32|64)|single|double|logical|sparse")
"""MATLAB's classes that are read."""
NEEDED = (
    "feature [n, d], label [n, classes], and a square matrix [n, n] for each meta-path, such as PAP"
)


def recognises(source: Path) -> bool:
    """A .mat file."""
    return source.is_file() and source.suffix.lower() == ".mat"


def read(source: Path) -> RawGraph:
    """The graph of one node type in a .mat file, with a relation for each meta-path.

    An entry in row i and column j is an edge from i to j; entries other than 1 are its weights.

    Raises:
        FileError: the file is damaged, of another version, or lacks a part, or its parts disagree.
    """
    shapes = _shapes(source)
    features = next((name for name in FEATURES if name in shapes), None)
    labels = next((name for name in LABELS if name in shapes), None)
    if features is None or labels is None:
        raise _lacking(source, shapes)
    n = shapes[features][0]
    squares = [
        name for name, shape in shapes.items() if shape == (n, n) and name not in (features, labels)
    ]
    if not squares:
        raise FileError(
            f"{source} (got {_listed(shapes)}) has no matrix [{n}, {n}] for the {n} rows of {features}; save "
            "the matrix of each meta-path, such as PAP"
        )
    y = _array(source, labels)
    y = y.reshape(-1) if 1 in y.shape else y
    if len(y) != n:
        raise FileError(
            f"{source}: {labels} (got {list(shapes[labels])}) must have a row for each of the {n} rows of "
            f"{features}; save both from the same nodes"
        )
    data = HeteroData()
    data[NODE].x, data[NODE].y = _array(source, features), y
    loops = 0
    for name in squares:
        matrix = sp.coo_matrix(_array(source, name))
        ends, values = np.stack([matrix.row, matrix.col]).astype(np.int64), matrix.data
        kept = (ends[0] != ends[1]) & (values != 0)
        order = np.lexsort(ends[::-1][:, kept])
        loops += int(((ends[0] == ends[1]) & (values != 0)).sum())
        data[NODE, name, NODE].edge_index = torch.from_numpy(ends[:, kept][:, order])
        if (values[kept] != 1).any():
            data[NODE, name, NODE].edge_weight = values[kept][order]
    parts = {}
    for mask, spellings in SPELLINGS.items():
        if key := next((spelling for spelling in spellings if spelling in shapes), None):
            data[NODE][mask] = mask_of(f"{source}: {key}", _array(source, key), n)
            parts[key] = mask
    left = [name for name in shapes if name not in (features, labels, *squares, *parts)]
    notes = [f"{loops:,} entries on diagonals: left out, as HAN does"] if loops else []
    if left:
        notes.append(f"{', '.join(left)}: left out, since they are no part of HAN's layout")
    return RawGraph(data, notes=tuple(notes))


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the numeric matrices in a file, by name; they fit into the memory."""
    try:
        version = matfile_version(str(path), appendmat=False)[0]
        declared = scipy.io.whosmat(str(path), appendmat=False) if version == 1 else []
        shapes = {name: shape for name, shape, kind in declared if NUMERIC.fullmatch(kind)}
        for name, shape, kind in declared:
            if name in shapes and kind != "sparse":
                check_dense(shape)
    except Exception as error:  # A damaged file may raise anything in scipy.
        raise _damaged(path, error) from None
    if version != 1:
        got = "7.3" if version == 2 else "4"
        raise FileError(
            f"{path} (got MATLAB's version {got}) must be a MAT-file of version 5 to "
            "7; save it with save('…', '-v7') in MATLAB, or with scipy.io.savemat"
        )
    return shapes


def _array(path: Path, name: str) -> Any:
    """A matrix of numbers, dense or sparse [rows, columns]."""
    try:
        array: Any = scipy.io.loadmat(str(path), appendmat=False, variable_names=[name])[name]
        if sp.issparse(array):
            array = sp.csc_matrix(array)
            array.check_format(full_check=True)  # Otherwise scipy may read out of bounds.
    except Exception as error:
        raise _damaged(path, error) from None
    return _real(path, name, array)


def _real(path: Path, name: str, array: Any) -> NDArray | sp.csc_matrix:
    if array.dtype.kind not in "biuf":
        raise FileError(f"{path}: {name} (got {array.dtype}) must hold real numbers; save it again")
    return array


def _damaged(path: Path, error: Exception) -> FileError:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return FileError(f"{path} cannot be read ({said}); save it again")


def _lacking(path: Path, shapes: dict[str, tuple[int, ...]]) -> FileError:
    """What to do about a file without features or labels."""
    if any(re.fullmatch(r"[A-Z]+vs[A-Z]+", name) for name in shapes):
        return FileError(
            f"{path} (got {_listed(shapes)}) holds relations such as PvsA without labels, which each paper "
            "derives in its own way; give ACM3025.mat of HAN's authors, or build a HeteroData with your "
            "labels and save it with torch.save"
        )
    return FileError(
        f"{path} (got {_listed(shapes)}) must hold {NEEDED}; save them under these names"
    )


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    shown = ", ".join(f"{name} {list(shape)}" for name, shape in list(shapes.items())[:8])
    return (shown + (", …" if len(shapes) > 8 else "")) or "nothing numeric"
