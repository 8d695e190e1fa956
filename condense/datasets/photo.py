"""Photo: camera products on Amazon with words of their reviews, linked if often bought together.

The Photo graph of Shchur et al. (2018), 7,650 products in 8 classes. It has no public split; as in that
paper, 20 training and 30 validation nodes per class are drawn at random, for each of five seeds. With a
fifth of all nodes for training and a tenth for validation, as graphs with many labels have, it is photo-rich.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from condense.data.graph import MultimodalGraph
from condense.datasets.gnn_benchmark import read_graph
from condense.datasets.splits import draw_counts, draw_shares, set_splits
from condense.errors import FileError

TRAIN, VAL = 20, 30  # Per class; the rest is for testing.
TRAIN_SHARE, VAL_SHARE = 0.2, 0.1


def load_photo(root: Path, seed: int = 0, rich: bool = False) -> MultimodalGraph:
    """Load Photo from `root`/amazon/amazon_electronics_photo.npz.

    Args:
        root: the data folder.
        seed: the seed of the split, which is part of the name: photo for 0, photo-1, photo-2, …
        rich: split all nodes 20/10/70 in percent, with this seed.

    Raises:
        FileError: the file is missing or damaged, or a class is too small for the split.
    """
    path = root / "amazon" / "amazon_electronics_photo.npz"
    graph, labels = read_graph(path, "Photo", ("product", "also_bought", "product"))
    smallest = int(np.bincount(labels).min())
    if smallest <= TRAIN + VAL:
        raise FileError(
            f"{path} (got a class of {smallest}) must have more than {TRAIN + VAL} products in each "
            "class; put Photo's file there"
        )
    rows = (
        draw_shares(labels, TRAIN_SHARE, VAL_SHARE, seed)
        if rich
        else draw_counts(labels, TRAIN, VAL, seed)
    )
    set_splits(graph["product"], labels, rows, path, "product")
    graph.name = ("photo-rich" if rich else "photo") + (f"-{seed}" if seed else "")
    return graph
