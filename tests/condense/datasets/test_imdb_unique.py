"""IMDB without duplicates: a tiny IMDB by hand, and the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.data.rules.check import check
from condense.datasets.imdb import load_imdb
from condense.datasets.imdb_unique import load_imdb_unique
from condense.errors import FileError
from tests.support.shared_data import DATA, needs_imdb

IDS = [10, 20, 30, 20, 40, 10, 50, 30, 30, 60]
LABELS = [0, 1, 2, 0, 1, 1, 0, 2, 0, 2]
SPLIT = {"test_idx": [0, 2, 4, 7], "train_idx": [3, 5, 9], "val_idx": [1, 6, 8]}
KEPT = [3, 4, 5, 6, 8, 9]  # 10: trains as 5. 20: trains as 3. 30: validates as 8.


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten films of six ids, two directors, one actor."""
    mhgat = tmp_path / "imdb" / "mhgat"
    mhgat.mkdir(parents=True)
    np.save(mhgat / "node_types.npy", np.repeat([0, 1, 2], [10, 2, 1]))
    directed = [(i, 10 + i % 2, 0) for i in range(10)]
    played = [(i, 12, 2) for i in range(0, 10, 3)]
    back = [(b, a, r + 1) for a, b, r in directed + played]
    np.save(mhgat / "rdf.npy", np.array(directed + played + back, dtype=np.int32))
    for i, n in enumerate((10, 2, 1)):
        sp.save_npz(mhgat / f"features_{i}.npz", sp.csr_matrix(np.arange(n * 3).reshape(n, 3)))
    np.save(mhgat / "labels.npy", np.array(LABELS))
    np.savez(mhgat / "train_val_test_idx1.npz", **SPLIT)
    np.save(tmp_path / "imdb" / "imdb_id.npy", np.array(IDS, dtype=np.int32))
    return tmp_path


def test_a_training_film_is_kept_before_a_validation_film_before_a_test_film(root: Path) -> None:
    graph, whole = load_imdb_unique(root, ["text"]), load_imdb(root, ["text"])
    check(graph)
    assert graph.name == "imdb-unique"
    assert whole.name == "imdb"
    movie = graph["movie"]
    assert movie.num_nodes == len(KEPT)
    assert torch.equal(movie.x_text, whole["movie"].x_text[KEPT])
    assert movie.y.tolist() == [LABELS[i] for i in KEPT]
    assert [KEPT[i] for i in movie.train_mask.nonzero().flatten()] == [3, 5, 9]
    assert [KEPT[i] for i in movie.val_mask.nonzero().flatten()] == [6, 8]
    assert [KEPT[i] for i in movie.test_mask.nonzero().flatten()] == [4]
    edges = graph["movie", "directed_by", "director"].edge_index
    assert [KEPT[i] for i in edges[0]] == KEPT
    assert edges[1].tolist() == [i % 2 for i in KEPT]
    assert torch.equal(graph["director", "rev_directed_by", "movie"].edge_index, edges.flip(0))
    assert [KEPT[i] for i in graph["movie", "features", "actor"].edge_index[0]] == [3, 6, 9]
    assert (graph["director"].num_nodes, graph["actor"].num_nodes) == (2, 1)


def test_among_films_of_one_split_the_first_is_kept(root: Path) -> None:
    np.save(root / "imdb" / "imdb_id.npy", np.array([1, 2, 3, 4, 1, 5, 6, 1, 7, 8]))
    movie = load_imdb_unique(root, ["text"])["movie"]
    assert torch.equal(movie.x_text[0], load_imdb(root, ["text"])["movie"].x_text[0])
    assert movie.num_nodes == 8


def test_wrong_ids(root: Path) -> None:
    np.save(root / "imdb" / "imdb_id.npy", np.arange(9))
    with pytest.raises(FileError, match=r"imdb_id.npy \(got shape \[9\]\) .* each of 10 films"):
        load_imdb_unique(root, ["text"])
    (root / "imdb" / "imdb_id.npy").unlink()
    with pytest.raises(FileError, match=r"imdb_id.npy is missing; put IMDB's files below"):
        load_imdb_unique(root, ["text"])


@needs_imdb
def test_real_counts() -> None:
    graph = load_imdb_unique(DATA, ("text", "image", "tabular"))
    check(graph)
    ids = np.load(DATA / "imdb" / "imdb_id.npy")
    movie = graph["movie"]
    # 191 films in 93 groups: 98 fewer.
    assert movie.num_nodes == len(np.unique(ids)) == 4278 - 98
    assert graph["movie", "directed_by", "director"].edge_index.size(1) == movie.num_nodes
    assert (graph["director"].num_nodes, graph["actor"].num_nodes) == (2081, 5257)
    # The training set loses only duplicates within itself.
    train = np.load(DATA / "imdb" / "mhgat" / "train_val_test_idx1.npz")["train_idx"]
    assert int(movie.train_mask.sum()) == len(np.unique(ids[train]))
