"""Labels that follow from class sizes, against counts by hand."""

from __future__ import annotations

import pytest
import torch

from condense.errors import UserError
from condense.foreign.labels import labels_by_size, ratio_in_name


def train(*sizes: int) -> torch.Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def test_ascending_class_size_and_the_largest_takes_the_rest() -> None:
    # ⌊59·.1⌋ = 5, ⌊4·.1⌋ = 0 raised to 1, ⌊37·.1⌋ = 3: 10 in all, the largest has 10 − 4.
    y = labels_by_size(train(59, 4, 37), 0.1, 10)
    assert y.tolist() == [1] + [2] * 3 + [0] * 6


def test_of_equal_classes_the_one_that_comes_first_is_the_smaller() -> None:
    y = labels_by_size(torch.tensor([2, 0, 1] * 10), 0.2, 6)
    assert y.tolist() == [2, 2, 0, 0, 1, 1]


def test_counts_fit_at_every_ratio() -> None:
    sizes = (977, 13, 402, 2, 5866)
    labels = train(*sizes)
    for ratio in (0.001, 0.003, 0.005, 0.05, 0.9, 1.0):
        count = max(int(sum(sizes) * ratio), len(sizes))
        y = labels_by_size(labels, ratio, count)
        assert len(y) == count
        for c in (0, 1, 2, 3):
            assert int((y == c).sum()) == max(1, int(sizes[c] * ratio))


@pytest.mark.parametrize(("ratio", "count"), [(0.1, 30), (0.1, 2), (0.9, 10)])
def test_another_graph_is_recognised(ratio: float, count: int) -> None:
    with pytest.raises(UserError, match=r"do not fit the whole graph: .*; declare the graph"):
        labels_by_size(train(59, 4, 37), ratio, count)


@pytest.mark.parametrize("ratio", [0.0, -1.0, 1.5, float("nan")])
def test_no_ratio(ratio: float) -> None:
    with pytest.raises(UserError, match="must lie in"):
        labels_by_size(train(5, 5), ratio, 5)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("feat_ele-fashion_0.001_GCN_clip.pt", 0.001),
        ("feat_books_nc_0.00025_GCN_clip.pt", 0.00025),
        ("feat_cora_0.5_1.pt", 0.5),
        ("feat_cora_1.0_1.pt", 1.0),
        ("feat_cora_0.026.pt", 0.026),
        ("feat_v2_1.pt", None),
        ("feat.pt", None),
    ],
)
def test_ratio_in_a_name(name: str, ratio: float | None) -> None:
    assert ratio_in_name(name) == ratio
