"""ACM and DBLP with the splits of HeCo (Wang et al., KDD 2021), which HGMAE and HetCRF use too.

    acm   paper (target, 3 classes), author, subject
    dblp  author (target, 4 classes), paper, term, conference

Bags of words are row-normalised, as HeCo does. HeCo itself reads the target's features alone and
gives the other types one-hot vectors; here each type has the features that its file holds. Subjects
and conferences have none; `condense.data.features.complete` gives them their papers' means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.features import normalise_rows
from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import check_range, read_array, read_pairs, read_sparse
from condense.datasets.splits import NAMES, set_splits
from condense.errors import FileError

PER_CLASS = (60, 40, 20)
"""Training nodes a class; the first is what a data set's plain name means."""


@dataclass(frozen=True)
class Layout:
    """What the files of one graph hold.

    Attributes:
        target: the type of labels.npy.
        text: node type -> its file of a bag of words, a scipy matrix.
        embedding: node type -> its file of dense vectors, a plain .npy array despite its name.
        bare: types without features; the greatest number in their relation counts them.
        relations: edge list -> relation from its first column to its second.
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
    """ACM or DBLP from `root`/heco/`name`, each relation with its reverse.

    y is −1 on the target nodes outside the split (per_class · classes train, 1,000 validate, 1,000
    test), so that nothing can learn from them.

    Args:
        root: the data folder.
        name: a key of LAYOUTS.
        per_class: training nodes a class, out of PER_CLASS; it chooses the files of the split.

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
    labels = read_array(folder / "labels.npy", owner)  # ACM's are whole numbers in float64.
    numeric = labels.dtype.kind in "iuf" and labels.shape == (store.num_nodes,)
    if not numeric or not np.array_equal(labels, np.rint(labels)):
        raise FileError(
            f"{folder / 'labels.npy'} (got {labels.dtype} {list(labels.shape)}) must give one class, "
            f"a whole number, to each of {store.num_nodes} {layout.target}s; put {owner}'s file there"
        )
    files = {split: folder / f"{split}_{per_class}.npy" for split in NAMES}
    rows = {split: read_array(path, owner) for split, path in files.items()}
    set_splits(store, labels, rows, folder / f"*_{per_class}.npy", layout.target)
    graph.target, graph.num_classes = layout.target, int(labels.max()) + 1
    graph.name = name if per_class == PER_CLASS[0] else f"{name}-{per_class}"
    graph.source = "real"
    return graph


def _set_features(graph: MultimodalGraph, node_type: str, modality: str, x: Tensor) -> None:
    graph[node_type].num_nodes = x.size(0)
    graph[node_type][f"x_{modality}"] = x


def _join(
    graph: MultimodalGraph, relation: EdgeType, path: Path, owner: str, bare: tuple[str, ...]
) -> None:
    """Set `relation` and its reverse; a bare type's nodes are counted by it."""
    source, name, destination = relation
    ends = read_pairs(path, owner)  # [2, edges]
    if destination in bare:
        graph[destination].num_nodes = int(ends[1].max(initial=-1)) + 1
    for end, numbers in zip((source, destination), ends, strict=True):
        check_range(path, numbers, int(graph[end].num_nodes), end)
    edges = torch.from_numpy(ends)
    graph[relation].edge_index = edges
    graph[destination, f"rev_{name}", source].edge_index = edges.flip(0).contiguous()
