"""Copies fill the budget of every class, and no graph has a node twice."""

from __future__ import annotations

import pytest
import torch

from condense.errors import UserError
from condense.methods.msgc.copies import Copies, graphs_for


@pytest.mark.parametrize("sizes", [(10,) * 7, (3, 1, 8, 4), (1, 1), (0, 5)])
@pytest.mark.parametrize("graphs", [1, 3, 5, 12])
def test_graphs_share_the_nodes_of_each_class(sizes: tuple[int, ...], graphs: int) -> None:
    copies = Copies.of(sizes, graphs)
    y = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    owner = torch.arange(len(sizes)).repeat_interleave(torch.tensor(copies.counts))
    assert torch.equal(owner[copies.distinct], y)
    assert copies.distinct.unique().tolist() == list(range(sum(copies.counts)))
    places = list(zip(copies.graph.tolist(), copies.distinct.tolist(), strict=True))
    assert len(set(places)) == len(places) == sum(sizes)
    of_graph = torch.bincount(copies.graph, minlength=graphs)
    assert int(of_graph.max() - of_graph.min()) <= 1
    for node, count in enumerate(torch.bincount(copies.distinct).tolist()):
        last = node + 1 == len(owner) or owner[node + 1] != owner[node]
        assert count == graphs or (last and count < graphs)


def test_the_authors_graphs_come_out_where_the_budget_has_room_for_them() -> None:
    assert graphs_for(16 * 35, 0) == 16
    copies = Copies.of((16 * 5,) * 7, 16)
    assert copies.counts == [5] * 7
    assert torch.bincount(copies.distinct).tolist() == [16] * 35


def test_small_budgets_have_fewer_graphs() -> None:
    assert [graphs_for(n, 0) for n in (2, 35, 70, 140)] == [1, 4, 5, 8]
    assert [graphs_for(7, wanted) for wanted in (1, 7)] == [1, 7]
    with pytest.raises(UserError, match=r"graphs .got 8. must be at most the 7 condensed nodes"):
        graphs_for(7, 8)


def test_rows_name_the_distinct_node() -> None:
    copies = Copies.of((3, 1), 2)
    assert copies.distinct.tolist() == [0, 0, 1, 2]
    assert copies.graph.tolist() == [0, 1, 0, 1]
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=torch.float64)
    assert torch.equal(copies.member(x) @ x, x[copies.distinct])
