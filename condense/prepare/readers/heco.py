"""Folders in the layout of HeCo's sets (Wang et al., KDD 2021): ACM, DBLP, AMiner, Freebase, and others.

    labels.npy                       the class of each target node
    {train,val,test}_{20,40,60}.npy  target nodes of three splits, by training nodes a class
    <x><y>.txt                       lines "node of type x, node of type y": pa.txt joins papers and authors
    <x>_feat.npz                     features of type x: a scipy matrix, or a plain array despite its name

Such is the data folder of HeCo's repository (liun-online/HeCo). Its meta-path matrices, pickled lists of
neighbours and positive pairs follow from these files and are not read. Relations get their reverses, as
meta-paths need them, and bags of words are row-normalised, as in HeCo. AMiner and Freebase have no features:
HeCo gives each node a one-hot vector, here each has its degrees.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch_geometric.data import HeteroData

from condense.data.sparse import Csr, dense_blocks
from condense.datasets.arrays import OWN, check_range, read_array, read_pairs, read_sparse
from condense.datasets.heco import numbered, read_labels
from condense.datasets.splits import NAMES
from condense.errors import FileError
from condense.prepare.degrees import add_degrees
from condense.prepare.masks import Rows, masks_of
from condense.prepare.raw import RawGraph

LABELS = "labels.npy"
WORDS = {
    frozenset({"pa", "ps"}): {
        "p": "paper", "a": "author", "s": "subject", "pa": "written_by", "ps": "about", "target": "p",
    },
    frozenset({"pa", "pc", "pt"}): {
        "a": "author", "p": "paper", "t": "term", "c": "conference",
        "pa": "written_by", "pc": "published_in", "pt": "mentions", "target": "a",
    },
    frozenset({"pa", "pr"}): {
        "p": "paper", "a": "author", "r": "reference", "pa": "written_by", "pr": "cites", "target": "p",
    },
    frozenset({"ma", "md", "mw"}): {
        "m": "movie", "a": "actor", "d": "director", "w": "writer",
        "ma": "features", "md": "directed_by", "mw": "written_by", "target": "m",
    },
}  # fmt: skip
"""The edge lists of HeCo's four sets -> what the letters and pairs of letters mean."""


def recognises(source: Path) -> bool:
    """A folder with labels, a split and an edge list of these names."""
    return (
        source.is_dir()
        and (source / LABELS).is_file()
        and any(source.glob("train_*.npy"))
        and bool(_edge_lists(source))
    )


def read(source: Path) -> RawGraph:
    """The graph in a folder; types of other sets than HeCo's are called by their letters.

    Raises:
        FileError: a file is missing or damaged, or two of them disagree.
    """
    names = _edge_lists(source)
    if not names:
        raise FileError(f"{source} has no edge list; put files such as pa.txt there")
    words = WORDS.get(frozenset(names), {})
    pairs = {name: read_pairs(source / f"{name}.txt") for name in names}
    labels = read_labels(source / LABELS, OWN, None, "each target node; save it again")
    letters = [x for x in words if len(x) == 1] or sorted(set("".join(names)))
    found = {x: _features(source / f"{x}_feat.npz") for x in letters}
    features = {x: matrix for x, matrix in found.items() if matrix is not None}
    counts = _counts(source, pairs, features, words)
    target = words.get("target") or _target(source, counts, len(labels))
    if target not in features:
        counts[target] = len(labels)
    elif counts[target] != len(labels):
        raise FileError(
            f"{source / LABELS} (got {len(labels)} labels) must have {counts[target]}, one for each row of "
            f"{target}_feat.npz; take both from one set"
        )
    data = HeteroData()
    for x in letters:
        data[words.get(x, x)].num_nodes = counts[x]
    for x, matrix in features.items():
        kind = "text" if sp.issparse(matrix) else "embedding"
        data[words.get(x, x)][f"x_{kind}"] = matrix
    for name, ends in pairs.items():
        for x, numbers in zip(name, ends, strict=True):
            check_range(source / f"{name}.txt", numbers, counts[x], words.get(x, x))
        _join(data, name, ends, words, reverse=name[::-1] not in pairs)
    kind = words.get(target, target)
    data[kind].y = labels
    split, names = masks_of(_splits(source), len(labels), kind)
    notes: tuple[str, ...] = ()
    if any(sp.issparse(matrix) for matrix in features.values()):
        notes += ("x_text: rows divided by their sums, as in HeCo",)
    if not features:
        notes += (add_degrees(data),)
    return RawGraph(data, target=kind, split=split, split_names=names, notes=notes)


def _edge_lists(folder: Path) -> list[str]:
    """The names of the edge lists, without .txt."""
    return sorted(
        path.stem for path in folder.glob("??.txt") if re.fullmatch("[a-z]{2}", path.stem)
    )


def _features(path: Path) -> Csr | NDArray | None:
    """A bag of words with rows that sum to one, or dense vectors [n, width]; None without the file."""
    if not path.exists():
        return None
    if zipfile.is_zipfile(path):
        words = sp.csr_array(read_sparse(path).astype(np.float32))
        # Dense rows are added up as `normalise_rows` does, so that the data set of that name has equal bytes.
        parts = [torch.from_numpy(rows).sum(dim=1) for rows in dense_blocks(words, 1024)]
        total = torch.cat([torch.zeros(0), *parts]).numpy()
        rows = np.repeat(np.arange(len(total)), np.diff(words.indptr))
        words.data /= np.where(total == 0, 1, total)[rows]
        return words
    vectors = read_array(path)
    if vectors.ndim != 2 or vectors.dtype.kind not in "biuf":
        got = f"{vectors.dtype} {list(vectors.shape)}"
        raise FileError(f"{path} (got {got}) must be numbers [n, width]; save it again")
    return vectors


def _counts(
    folder: Path,
    pairs: Mapping[str, NDArray[np.int64]],
    features: Mapping[str, Csr | NDArray],
    words: Mapping[str, str],
) -> dict[str, int]:
    """Letter -> number of nodes: its rows of features, else one more than the largest number in its lists."""
    counts = {x: matrix.shape[0] for x, matrix in features.items()}
    for name, ends in pairs.items():
        for x, numbers in zip(name, ends, strict=True):
            if x not in features:
                count = numbered(folder / f"{name}.txt", numbers, words.get(x, x))
                counts[x] = max(counts.get(x, 0), count)
    return counts


def _target(folder: Path, counts: Mapping[str, int], n: int) -> str:
    """The letter of the type with n nodes; of several, the one at both ends of the meta-path matrices."""
    fits = [x for x, count in counts.items() if count == n]
    if len(fits) != 1:
        loops = (re.fullmatch(r"([a-z])[a-z]+\1", path.stem) for path in folder.glob("*.npz"))
        ends = {loop[1] for loop in loops if loop}
        fits = sorted(ends.intersection(fits or (x for x, count in counts.items() if count <= n)))
    if len(fits) != 1:
        have = ", ".join(f"{x}: {count}" for x, count in sorted(counts.items()))
        raise FileError(
            f"{folder / LABELS} (got {n} labels) must fit one node type ({have} nodes); give it as many "
            "labels as the type has nodes, and name a meta-path matrix after it, such as pap.npz"
        )
    return fits[0]


def _join(
    data: HeteroData, name: str, ends: NDArray[np.int64], words: Mapping[str, str], reverse: bool
) -> None:
    """Set the relation of an edge list [2, e], and its reverse."""
    source, destination = (words.get(x, x) for x in name)
    relation, edges = words.get(name, name), torch.from_numpy(ends)
    data[source, relation, destination].edge_index = edges
    if reverse:
        data[destination, f"rev_{relation}", source].edge_index = edges.flip(0).contiguous()


def _splits(folder: Path) -> dict[str, Rows]:
    """The splits, the one with most training nodes first."""
    found = (re.fullmatch(r"train_(\d+)", path.stem) for path in folder.glob("train_*.npy"))
    splits = {}
    for size in sorted((int(match[1]) for match in found if match), reverse=True):
        files = {part: folder / f"{part}_{size}.npy" for part in NAMES}
        splits[str(size)] = {part: (path, read_array(path)) for part, path in files.items()}
    return splits
