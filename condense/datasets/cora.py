"""Cora: a citation graph of papers with bags of words, with the public split of Planetoid.

The single-modality reference data set of the condensation literature: 2,708 papers, 7 classes, 140 training,
500 validation and 1,000 test nodes.
"""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import read_archive
from condense.datasets.gnn_benchmark import read_graph
from condense.datasets.splits import NAMES, set_splits


def load_cora(root: Path) -> MultimodalGraph:
    """Load Cora from `root`/planetoid/cora.npz.

    y is −1 on the 1,068 papers outside the split, so that no method can learn from their labels.

    Raises:
        FileError: the file is missing or damaged.
    """
    path = root / "planetoid" / "cora.npz"
    graph, labels = read_graph(path, "Cora", ("paper", "cites", "paper"))
    rows = read_archive(path, "Cora", [f"{split}_idx" for split in NAMES])
    splits = {split: rows[f"{split}_idx"] for split in NAMES}
    set_splits(graph["paper"], labels, splits, path, "paper")
    graph.name = "cora"
    return graph
