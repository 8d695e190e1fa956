"""The baselines: what a sub-graph holds, how large it is, how short a training."""

from __future__ import annotations

import math

import pytest
import torch

from evaluate.search.baselines import largest_within, random_part, short_epochs, sizes
from evaluate.search.record import SideRow
from tests.support.graphs import small_graph


def test_a_sub_graph_is_training_nodes_and_whom_they_lead_to() -> None:
    graph = small_graph(num_target=80)
    train = graph["movie"].train_mask
    graph["movie"].number = torch.arange(80)
    part = random_part(graph, 7, seed=0)
    nodes = part["movie"].number
    assert len(nodes) == 7
    assert bool(train[nodes].all())
    assert bool(part["movie"].train_mask.all())
    for name, other in (("directed_by", "director"), ("features", "actor")):
        src, dst = graph["movie", name, other].edge_index
        joined = torch.isin(src, nodes)
        assert part["movie", name, other].edge_index.size(1) == int(joined.sum())
        assert part[other].num_nodes == len(dst[joined].unique())


def test_smaller_sub_graphs_are_part_of_larger_ones() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].number = torch.arange(80)
    small, large = (set(random_part(graph, n, 1)["movie"].number.tolist()) for n in (5, 12))
    assert small < large
    assert set(random_part(graph, 5, 2)["movie"].number.tolist()) != small


def test_sizes_grow_from_the_least_to_the_most() -> None:
    assert sizes(10, 30) == [10, 12, 16, 20, 24, 30]
    assert sizes(30, 30) == [30]
    assert sizes(1, 3) == [1, 2, 3]


@pytest.mark.parametrize("limit", [0, 5, 6, 12, 30, 99])
def test_the_largest_that_fits(limit: int) -> None:
    candidates = [5, 6, 9, 12, 20, 30]
    tried = []

    def fits(count: int) -> bool:
        tried.append(count)
        return count <= limit

    expected = max([c for c in candidates if c <= limit], default=5)
    assert largest_within(candidates, fits) == expected
    assert len(tried) <= math.ceil(math.log2(len(candidates)))


def whole(train_seconds: float, validate_seconds: float) -> SideRow:
    return SideRow(
        "whole", 80, 100, 20, 0, "mlp", "", 0.5, 0.5, train_seconds, validate_seconds
    )  # fmt: skip


def test_short_trainings_take_what_is_allowed() -> None:
    rows = [whole(8.0, 0.5), whole(12.0, 1.5)]  # 0.1 s an epoch, 0.2 s a validation.
    assert short_epochs(rows, 1.25) == 10
    assert short_epochs(rows, 0.1) == 1
    assert short_epochs(rows, 1e6) == 100
