"""Masks and labels of a public split."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from condense.data.graph import MultimodalGraph
from condense.datasets.splits import NAMES, draw_counts, draw_shares, mask_of, set_splits
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


@pytest.mark.parametrize(
    "values",
    [
        np.array([False, True, True, False, False]),
        np.array([2, 1]),
        np.array([[1], [2]], dtype=np.uint8),
        np.array([[1.0, 2.0]]),
    ],
)
def test_masks_and_numbers_give_a_mask(values: np.ndarray) -> None:
    assert mask_of(Path("f"), values, 5).tolist() == [False, True, True, False, False]


def test_masks_of_several_splits_stay() -> None:
    several = np.array([[True, False], [False, True], [True, True]])
    assert mask_of(Path("f"), several, 3).tolist() == several.tolist()
    assert mask_of(Path("f"), np.zeros(0), 3).tolist() == [False] * 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1, 5]), r"f: train names paper 5, which must lie in 0 … 4; count the papers"),
        (np.array([-1]), r"names paper -1"),
        (
            np.array([0.5]),
            r"f: train \(got float64 \[1\]\) must hold numbers of papers, or a mask of 5",
        ),
        (np.array([np.nan]), r"float64 \[1\]"),
        (np.array(["a"]), r"<U1 \[1\]"),
        (np.ones((2, 2), dtype=int), r"int64 \[2, 2\]"),
        (np.ones(4, dtype=bool), r"bool \[4\]"),
    ],
)
def test_what_is_no_part_of_a_split(values: np.ndarray, message: str) -> None:
    with pytest.raises(FileError, match=message):
        mask_of("f: train", values, 5, "paper")
