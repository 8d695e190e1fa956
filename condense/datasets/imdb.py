"""IMDB: films with plot keywords, posters and tabular figures, their directors and actors.

The graph of MHGAT and HGNN-IMA: 4278 movies, 2081 directors and 5257 actors, three classes, split
855/855/2568. The poster features are recomputed descriptors, not those of the papers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from condense.data.features import impute
from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import read_archive, read_array, read_sparse
from condense.datasets.mhgat import read_triples, relations_of
from condense.datasets.splits import NAMES, set_splits
from condense.errors import UserError
from models.choices import nearest

NODE_TYPES = ("movie", "director", "actor")
RELATIONS = (
    ("movie", "directed_by", "director"),
    ("director", "rev_directed_by", "movie"),
    ("movie", "features", "actor"),
    ("actor", "rev_features", "movie"),
)
MODALITIES = ("text", "image", "tabular")
IMAGES = "img_feature_posters_744.npz"


def load_imdb(root: Path, modalities: Sequence[str] = ("text", "image")) -> MultimodalGraph:
    """Load IMDB from `root`/imdb.

    Args:
        root: the data folder, with imdb/mhgat/*, imdb/img_feature_posters_744.npz and, for
            `tabular`, imdb/tabular.npz.
        modalities: the movies' modalities, from text (3066 keywords), image (744, with mask) and tabular;
            directors and actors have only text.

    Raises:
        UserError: an unknown modality.
        FileError: a file is missing or damaged.
    """
    unknown = [m for m in modalities if m not in MODALITIES]
    if unknown or not modalities:
        raise UserError(
            f"modalities (got {list(modalities)}) must name some of IMDB's; "
            f"{nearest(str(unknown[:1]), MODALITIES)}"
        )
    folder = root / "imdb"
    mhgat = folder / "mhgat"
    node_types = read_array(mhgat / "node_types.npy", "IMDB")
    first = np.searchsorted(node_types, np.arange(len(NODE_TYPES) + 1))

    graph = MultimodalGraph()
    for i, node_type in enumerate(NODE_TYPES):
        graph[node_type].num_nodes = int(first[i + 1] - first[i])
        if node_type != "movie" or "text" in modalities:
            graph[node_type].x_text = _bag_of_words(mhgat / f"features_{i}.npz")
    if "image" in modalities:
        images = read_archive(folder / IMAGES, "IMDB", ("feature", "mask"))
        graph["movie"].x_image = torch.from_numpy(images["feature"])
        graph["movie"].has_image = torch.from_numpy(images["mask"])
    path = mhgat / "rdf.npy"
    sizes = np.diff(first).tolist()
    for found in relations_of(read_triples(path, "IMDB"), sizes, path):
        graph[RELATIONS[found.number]].edge_index = torch.from_numpy(found.ends)

    movie, path = graph["movie"], mhgat / "train_val_test_idx1.npz"
    labels = read_array(mhgat / "labels.npy", "IMDB")
    split = read_archive(path, "IMDB", [f"{name}_idx" for name in NAMES])
    set_splits(movie, labels, {name: split[f"{name}_idx"] for name in NAMES}, path, "film")
    if "tabular" in modalities:
        table = read_archive(folder / "tabular.npz", "IMDB", ("numeric", "cat_codes"))
        movie.x_tabular = _tabular(table, movie.train_mask)
    graph.target, graph.num_classes = "movie", 3
    graph.name, graph.source = "imdb", "real"
    return graph


def _tabular(table: Mapping[str, np.ndarray], train: Tensor) -> Tensor:
    """Figures as standardised log(1 + v), imputed from training nodes; categories as 0/1 columns.

    All 16 figures are non-negative, and most are heavy-tailed (votes, gross, likes). A missing category
    gives a row of zeros.
    """
    numeric = impute(torch.from_numpy(table["numeric"]).log1p(), train)
    spread = numeric[train].std(0)
    # An indicator that is constant on the training nodes must not be inflated elsewhere.
    numeric = (numeric - numeric[train].mean(0)) / torch.where(spread > 1e-6, spread, 1.0)
    codes = torch.from_numpy(table["cat_codes"].astype(np.int64))
    parts = [numeric]
    for column in codes.T:
        one_hot = torch.nn.functional.one_hot(column + 1)[:, 1:]  # [n, categories]
        parts.append(one_hot.to(numeric.dtype))
    return torch.cat(parts, dim=1).float()


def _bag_of_words(path: Path) -> Tensor:
    return torch.from_numpy(read_sparse(path, "IMDB").toarray().astype(np.float32))
