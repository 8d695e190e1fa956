"""Photo: camera products on Amazon with words of their reviews, linked if often bought together.

The Photo graph of Shchur et al. (2018), 7,650 products in 8 classes. It has no public split; as in that
paper, 20 training and 30 validation nodes per class are drawn at random, for each of five seeds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from condense.data.graph import MultimodalGraph
from condense.datasets.gnn_benchmark import read_graph
from condense.datasets.splits import set_splits
from condense.errors import FileError

TRAIN, VAL = 20, 30  # Per class; the rest is for testing.


def load_photo(root: Path, seed: int = 0) -> MultimodalGraph:
    """Load Photo from `root`/amazon/amazon_electronics_photo.npz.

    Args:
        root: the data folder.
        seed: the seed of the split, which is part of the name: photo for 0, photo-1, photo-2, …

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
    set_splits(graph["product"], labels, draw_split(labels, seed), path, "product")
    graph.name = "photo" if seed == 0 else f"photo-{seed}"
    return graph


def draw_split(labels: NDArray, seed: int) -> dict[str, NDArray]:
    """TRAIN and VAL random nodes of each class, and the rest for testing; one seed gives one split."""
    # The bit generator is explicit, because a later numpy may change that of `default_rng`.
    rng = np.random.Generator(np.random.PCG64(seed))
    shuffled = [rng.permutation(np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    cuts = {
        "train": slice(TRAIN),
        "val": slice(TRAIN, TRAIN + VAL),
        "test": slice(TRAIN + VAL, None),
    }
    return {split: np.concatenate([c[cut] for c in shuffled]) for split, cut in cuts.items()}
