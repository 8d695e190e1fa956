"""Masks and labels of a public split."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from condense.data.graph import MultimodalGraph
from condense.datasets.splits import NAMES, draw_counts, draw_shares, set_splits
from condense.errors import FileError


def store(rows):
    graph = MultimodalGraph()
    graph["paper"].num_nodes = 6
    numbers = {name: np.array(numbers) for name, numbers in rows.items()}
    set_splits(graph["paper"], np.array([0, 1, 2, 0.0, 1, 2]), numbers, Path("f"), "paper")
    return graph["paper"]


def test_labels_outside_the_split_are_hidden() -> None:
    split = store({"train": [4, 0], "val": [1], "test": [5]})
    assert split.train_mask.nonzero().flatten().tolist() == [0, 4]
    assert split.val_mask.nonzero().flatten().tolist() == [1]
    assert split.test_mask.nonzero().flatten().tolist() == [5]
    assert split.y.tolist() == [0, 1, -1, -1, 1, 2]


def test_a_number_outside_the_nodes() -> None:
    with pytest.raises(FileError, match=r"f names paper 6, which must lie in 0 … 5"):
        store({"train": [0], "val": [1], "test": [6]})


def test_a_split_is_random_within_each_class() -> None:
    labels = np.arange(400) % 2
    rows = draw_counts(labels, 20, 30)["train"]
    assert len(np.unique(rows)) == 40
    assert rows.max() > 200  # Not merely the first nodes of each class.


def test_drawn_splits_are_pinned() -> None:
    """A new numpy could draw other numbers from the same seed; results would silently move."""
    sha = hashlib.sha256()
    for seed in range(5):
        for rows in draw_counts(np.arange(600) % 8, 20, 30, seed).values():
            sha.update(rows.astype("<i8").tobytes())
    assert sha.hexdigest() == "785c5a021d472d3f14faaf9ee1c57f1e9e8b72cd8cdda617f571572be9c88097"


def test_shares_are_of_the_labelled_nodes_and_disjoint() -> None:
    labels = np.where(np.arange(1000) % 5 == 0, -1, np.arange(1000) % 3)
    rows = draw_shares(labels, train=0.5, val=0.25)
    assert [len(rows[name]) for name in NAMES] == [400, 200, 200]
    assert np.array_equal(np.sort(np.concatenate(list(rows.values()))), np.flatnonzero(labels >= 0))
    assert not np.array_equal(rows["train"], draw_shares(labels, 0.5, 0.25, seed=1)["train"])
