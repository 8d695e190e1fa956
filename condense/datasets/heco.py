"""ACM and DBLP with the splits of HeCo (Wang et al., KDD 2021), which HGMAE and HetCRF also use.

    acm   paper (target, 3 classes), author, subject
    dblp  author (target, 4 classes), paper, term, conference

Bags of words are row-normalised, as in HeCo. HeCo itself uses only the target's features and gives the
other types one-hot vectors; here each type has the features in its file. Subjects and conferences have
none; `condense.data.features.complete` gives them the means of their papers' features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.features import normalise_rows
from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import check_range, read_array, read_pairs, read_sparse
from condense.datasets.splits import NAMES, set_splits
from condense.errors import FileError

PER_CLASS = (60, 40, 20)
"""Training nodes per class; the data set's name without a suffix means the first."""


@dataclass(frozen=True)
class Layout:
    """The contents of one graph's files.

    Attributes:
        target: the node type of labels.npy.
        text: node type -> file of its bags of words, a scipy matrix.
        embedding: node type -> file of its dense vectors, a plain .npy array despite its suffix.
        bare: types without features; their number of nodes follows from the largest number in their
            relation.
        relations: edge list -> relation from its first to its second column.
    """

    target: str
    text: Mapping[str, str]
    embedding: Mapping[str, str]
    bare: tuple[str, ...]
    relations: Mapping[str, EdgeType]


LAYOUTS = {
    "acm": Layout(
        target="paper",
        text={"paper": "p_feat.npz", "author": "a_feat.npz"},
        embedding={},
        bare=("subject",),
        relations={
            "pa.txt": ("paper", "written_by", "author"),
            "ps.txt": ("paper", "about", "subject"),
        },
    ),
    "dblp": Layout(
        target="author",
        text={"author": "a_feat.npz", "paper": "p_feat.npz"},
        embedding={"term": "t_feat.npz"},
        bare=("conference",),
        relations={
            "pa.txt": ("paper", "written_by", "author"),
            "pc.txt": ("paper", "published_in", "conference"),
            "pt.txt": ("paper", "mentions", "term"),
        },
    ),
}


def load_heco(root: Path, name: str, per_class: int = PER_CLASS[0]) -> MultimodalGraph:
    """Load ACM or DBLP from `root`/heco/`name`; each relation gets its reverse.

    y is −1 on the target nodes outside the split (per_class · classes train, 1,000 validate, 1,000
    test), so that no method can learn from their labels.

    Args:
        root: the data folder.
        name: a key of LAYOUTS.
        per_class: training nodes per class, one of PER_CLASS; it selects the files of the split.

    Raises:
        FileError: a file is missing or damaged, or two of them disagree.
    """
    layout, folder, owner = LAYOUTS[name], root / "heco" / name, "HeCo"
    graph = MultimodalGraph()
    for node_type, file in layout.text.items():
        words = read_sparse(folder / file, owner).astype(np.float32).toarray()
        _set_features(graph, node_type, "text", normalise_rows(torch.from_numpy(words)))
    for node_type, file in layout.embedding.items():
        vectors = read_array(folder / file, owner).astype(np.float32)
        _set_features(graph, node_type, "embedding", torch.from_numpy(vectors))
    for file, relation in layout.relations.items():
        _join(graph, relation, folder / file, owner, layout.bare)

    store = graph[layout.target]
    whose = f"each of {store.num_nodes} {layout.target}s; put {owner}'s file there"
    labels = read_labels(folder / "labels.npy", owner, store.num_nodes, whose)
    files = {split: folder / f"{split}_{per_class}.npy" for split in NAMES}
    rows = {split: read_array(path, owner) for split, path in files.items()}
    set_splits(store, labels, rows, folder / f"*_{per_class}.npy", layout.target)
    graph.target, graph.num_classes = layout.target, int(labels.max()) + 1
    graph.name = name if per_class == PER_CLASS[0] else f"{name}-{per_class}"
    graph.source = "real"
    return graph


def read_labels(path: Path, owner: str, n: int | None, whose: str) -> NDArray:
    """The class of each node; ACM stores the integers as float64.

    Args:
        path: the file.
        owner: of the file, for messages.
        n: the number of nodes, if it is known.
        whose: to whom classes are given, and the remedy, for messages.

    Raises:
        FileError: they are not whole numbers [n].
    """
    labels = read_array(path, owner)
    numeric = labels.dtype.kind in "iuf" and labels.ndim == 1 and n in (None, len(labels))
    if not numeric or not np.isfinite(labels).all() or not np.array_equal(labels, np.rint(labels)):
        raise FileError(
            f"{path} (got {labels.dtype} {list(labels.shape)}) must give one class, a whole number, to "
            f"{whose}"
        )
    return labels


def numbered(path: Path, numbers: NDArray[np.int64], what: str) -> int:
    """One more than the largest number of a node of type `what`, which few edges cannot make large."""
    count = int(numbers.max(initial=-1)) + 1
    if count > 10 * len(numbers) + 1000:
        raise FileError(
            f"{path} names {what} {count - 1} in {len(numbers)} lines; number the {what}s from 0 without gaps"
        )
    return count


def _set_features(graph: MultimodalGraph, node_type: str, modality: str, x: Tensor) -> None:
    graph[node_type].num_nodes = x.size(0)
    graph[node_type][f"x_{modality}"] = x


def _join(
    graph: MultimodalGraph, relation: EdgeType, path: Path, owner: str, bare: tuple[str, ...]
) -> None:
    """Set `relation` and its reverse; it also determines the number of nodes of a bare type."""
    source, name, destination = relation
    ends = read_pairs(path, owner)  # [2, edges]
    if destination in bare:
        graph[destination].num_nodes = numbered(path, ends[1], destination)
    for end, numbers in zip((source, destination), ends, strict=True):
        check_range(path, numbers, int(graph[end].num_nodes), end)
    edges = torch.from_numpy(ends)
    graph[relation].edge_index = edges
    graph[destination, f"rev_{name}", source].edge_index = edges.flip(0).contiguous()
