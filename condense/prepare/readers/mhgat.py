"""Folders in the layout of MHGAT's sets (Jia et al., 2022): DOUBAN, AMAZON, IMDB, and others.

    *rdf.npy                   integers [e, 3]: source, destination, relation; the nodes of all types are
                               numbered in one row, the target's first
    features_<k>.npz           text of type k: a scipy matrix, an archive with `feature`, or a plain array
    *img_feature*.npz          images of the target: `feature`, and `mask` where some have none
    labels.npy                 the class of each target node
    train_val_test_idx*.npz    train_idx, val_idx, test_idx
    node_types.npy             the type of each node; it may be missing where all types have features

Such are the folders of MHGAT's repository (jiaxiangen/MHGAT, process.py), which HGNN-IMA reads too. There,
DOUBAN's and AMAZON's files of features have names in place of numbers: which file belongs to which type
follows from the numbers of their rows. Triples have their reverses, as relations of their own.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import HeteroData

from condense.datasets import imdb
from condense.datasets.arrays import OWN, archive_keys, read_archive, read_array, read_sparse
from condense.datasets.heco import read_labels
from condense.datasets.mhgat import read_triples, relations_of
from condense.datasets.splits import NAMES
from condense.errors import FileError
from condense.prepare.masks import Rows, masks_of
from condense.prepare.node_types import types_of
from condense.prepare.raw import RawGraph

FILMS = imdb.NODE_TYPES, tuple(name for _, name, _ in imdb.RELATIONS)
WORDS = {
    (4278, 2081, 5257): FILMS,
    (1888, 1472, 3267): FILMS,
    (6158, 7031): (("item", "review"), ("linked_to", "rev_linked_to", "has", "rev_has")),
}
"""The numbers of nodes of IMDB, DOUBAN and AMAZON -> their types and relations."""
LABELS, SPLITS = "labels.npy", "train_val_test_idx*.npz"


def recognises(source: Path) -> bool:
    """A folder with triples and labels, or features, of these names."""
    return (
        source.is_dir()
        and any(source.glob("*rdf.npy"))
        and ((source / LABELS).is_file() or any(source.glob("feature*.np?")))
    )


def read(source: Path) -> RawGraph:
    """The graph in a folder; types and relations of other sets than MHGAT's are called by their numbers.

    Raises:
        FileError: a file is missing or damaged, or two of them disagree.
    """
    path = _only(source, "*rdf.npy")
    triples = read_triples(path)
    labels = read_labels(source / LABELS, OWN, None, "each target node; save it again")
    features = {file: _matrix(file) for file in sorted(source.glob("feature*.np?"))}
    sizes, of_type = types_of(source, features, triples, len(labels))
    kinds, names = WORDS.get(tuple(sizes), ((), ()))
    kinds = kinds or tuple(f"type{i}" for i in range(len(sizes)))
    if len(labels) != sizes[0]:
        raise FileError(
            f"{source / LABELS} (got {len(labels)} labels) must have {sizes[0]}, one for each node of type 0"
        )
    data = HeteroData()
    for i, kind in enumerate(kinds):
        data[kind].num_nodes = sizes[i]
        if i in of_type:
            data[kind].x_text = of_type[i]
    for found in relations_of(triples, sizes, path):
        known = found.number in range(len(names))
        name = names[found.number] if known else f"rel{found.number}"
        ends = kinds[found.source], name, kinds[found.destination]
        data[ends].edge_index = torch.from_numpy(found.ends)
    target = kinds[0]
    data[target].y = labels
    split, splits = masks_of(_splits(source), sizes[0], target)
    notes: tuple[str, ...] = ()
    if any(source.glob("*img_feature*.npz")):
        notes = _set_image(data[target], _only(source, "*img_feature*.npz"), sizes[0])
    return RawGraph(data, target=target, split=split, split_names=splits, notes=notes)


def _only(folder: Path, pattern: str) -> Path:
    """The one file of this form."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        got = ", ".join(path.name for path in found) or "none"
        raise FileError(f"{folder} (got {got}) must have one file {pattern}; keep one there")
    return found[0]


def _matrix(path: Path) -> Any:
    """Features [n, width], sparse or dense."""
    if not zipfile.is_zipfile(path):
        x = read_array(path)
    elif "feature" in archive_keys(path):
        x = read_archive(path, OWN, ["feature"])["feature"]
    else:
        return read_sparse(path)
    if x.ndim != 2 or x.dtype.kind not in "biuf":
        got = f"{x.dtype} {list(x.shape)}"
        raise FileError(f"{path} (got {got}) must be numbers [nodes, width]; save it again")
    return x


def _splits(folder: Path) -> dict[str, Rows]:
    keys = [f"{part}_idx" for part in NAMES]
    splits = {}
    for path in sorted(folder.glob(SPLITS)):
        rows = read_archive(path, OWN, keys)
        splits[path.stem] = {part: (path, rows[f"{part}_idx"]) for part in NAMES}
    return splits


def _set_image(store: Any, path: Path, n: int) -> tuple[str, ...]:
    """Set the images and which nodes have one; a sentence where that is read off the rows."""
    x = _matrix(path)
    if x.shape[0] != n:
        raise FileError(
            f"{path} (got {x.shape[0]} rows) must have {n}, one for each label of {LABELS}; take both from "
            "one set"
        )
    store.x_image = x
    if "mask" in archive_keys(path):
        there = read_archive(path, OWN, ["mask"])["mask"]
        if there.shape != (n,) or there.dtype.kind not in "biu":
            got = f"{there.dtype} {list(there.shape)}"
            raise FileError(f"{path} (got a mask {got}) must have a mask bool [{n}]; save it again")
        store.has_image = there
        return ()
    there = np.asarray((x != 0).sum(axis=1)).ravel() > 0
    if there.all():
        return ()
    store.has_image = there
    return (f"{path.name}: {int((~there).sum())} rows of zeros count as nodes without an image",)
