"""Masks and labels of a public split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from condense.data.graph import MultimodalGraph
from condense.datasets.splits import set_splits
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
