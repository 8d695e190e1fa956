"""Numbers in eight bits: near, the same when rounded again, and found again only where nothing changed."""

from __future__ import annotations

import pytest
import torch

from condense.data.levels import EIGHT_BITS, STEPS, Levels, in_eight_bits
from tests.support.graphs import small_graph


def test_numbers_by_hand() -> None:
    x = torch.tensor([[0.0, -1.0], [1.0, 0.0], [STEPS + 1.0, 1.0], [2.4, 0.25]])
    levels = Levels.nearest(x)
    assert levels.low.tolist() == [1.0, -1.0]
    assert levels.high.tolist() == [STEPS + 1.0, 1.0]
    assert levels.codes.tolist() == [[0, 1], [1, 0], [255, 255], [2, 160]]
    assert levels.values()[:, 0].tolist() == [0.0, 1.0, STEPS + 1.0, 2.0]
    assert levels.num_bytes() == 8 + 16


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e8, 1e30])
@pytest.mark.parametrize("offset", [0.0, 0.1, -3.0, 1e4])
def test_rounding_again_changes_nothing(scale: float, offset: float) -> None:
    x = (torch.randn(300, 7, generator=torch.Generator().manual_seed(1)) + offset) * scale
    x[5:9] = 0.0
    levels = Levels.nearest(x)
    once = levels.values()
    again = Levels.exactly(once)
    assert again is not None
    assert torch.equal(again.values(), once)
    step = (levels.high - levels.low) / STEPS
    assert bool(((once - x).abs() <= 0.5001 * step + 1e-6 * x.abs()).all())
    assert bool((once[5:9] == 0).all())


def test_columns_of_one_number_and_of_none() -> None:
    x = torch.tensor([[0.0, 0.1, 0.1], [0.0, 0.1, 0.0]])
    assert torch.equal(Levels.nearest(x).values(), x)
    for shape in ((0, 3), (3, 0)):
        assert Levels.nearest(torch.zeros(shape)).values().shape == shape


def test_of_two_rows_the_bounds_are_too_many() -> None:
    assert Levels.exactly(torch.tensor([[1.0, 2.0], [3.0, 4.0]])) is None


def test_other_numbers_have_no_levels() -> None:
    x = Levels.nearest(torch.randn(300, 2)).values()
    changed = x.clone()
    changed[7, 0] = (changed[:, 0].sort().values[150:152]).mean() + 1e-4
    for other in (x.double(), x[:, 0], x.masked_fill(x == x[3, 1], torch.nan), x.to_sparse_csr()):
        assert Levels.exactly(other) is None
    assert Levels.exactly(x) is not None
    assert Levels.exactly(changed) is None


def test_the_mark_is_no_node_type() -> None:
    graph = small_graph()
    assert not in_eight_bits(graph)
    graph[EIGHT_BITS].num_nodes = 3
    assert not in_eight_bits(graph)
    graph.eight_bits = True
    assert in_eight_bits(graph)
    assert graph[EIGHT_BITS].num_nodes == 3
