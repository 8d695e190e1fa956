"""IMDB without duplicate films.

In IMDB, 191 films form 93 groups that share an imdb id, and 55 ids have films in several splits: a model
may have seen a test film in training. Without the duplicates their effect can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from condense.data.graph import SPLITS, MultimodalGraph
from condense.datasets.arrays import read_array
from condense.datasets.imdb import load_imdb
from condense.errors import FileError


def load_imdb_unique(root: Path, modalities: Sequence[str] = ("text", "image")) -> MultimodalGraph:
    """Load IMDB from `root`/imdb with one film per imdb id.

    Of the films of one id a training film is kept, else a validation film, else a test film, and of
    several such films the first; the training set loses only duplicates within itself. The other films
    are removed with their edges. All directors and actors stay, and features are those of `imdb`:
    directors' and actors' keywords remain means over all their films, and the figures of `tabular` are
    imputed and scaled with all training films.

    Args:
        root: as for `load_imdb`, with imdb/imdb_id.npy in addition.
        modalities: as for `load_imdb`.

    Raises:
        UserError: an unknown modality.
        FileError: a file is missing or damaged.
    """
    graph = load_imdb(root, modalities)
    movie, path = graph["movie"], root / "imdb" / "imdb_id.npy"
    ids = read_array(path, "IMDB")
    if ids.shape != (movie.num_nodes,):
        raise FileError(
            f"{path} (got shape {list(ids.shape)}) must give one id to each of {movie.num_nodes} "
            "films; put IMDB's file there"
        )
    # 0 for training, 1 for validation, 2 for test, 3 for none of these.
    rank = np.full(len(ids), len(SPLITS))
    for i, split in enumerate(SPLITS):
        rank[movie[split].numpy()] = i
    order = np.lexsort((np.arange(len(ids)), rank))
    _, first = np.unique(ids[order], return_index=True)  # The first of each id in `order`.
    graph = graph.subgraph({"movie": torch.from_numpy(np.sort(order[first]))})
    graph.name = "imdb-unique"
    return graph
