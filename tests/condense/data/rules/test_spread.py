"""Every rule of a spread, broken."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from condense.data.rules.check import check
from condense.errors import GraphError
from tests.support.graphs import small_graph
from tests.support.spreads import BACK, CITES, WRITES, graph_with_spread

BROKEN = {
    "code": (torch.zeros(3, 1), r"graph.spread.code .* must be float \[2, 1\]"),
    "decoder": (torch.zeros(1, 5), r"decoder .* \[1, 6\]"),
    "centre": (torch.zeros(6, dtype=torch.long), r"centre .* must be float \[6\]"),
    "factor": (torch.zeros(1, 8), r"factor .* \[1, 9\]"),
    "rest": (torch.full((9,), torch.nan), "rest .* must be finite"),
    "present": (torch.full((2, 3), 1.5), "present .* must be shares"),
    "has": (torch.full((2, 2), -0.5), "has .* must be shares"),
    "degree": (torch.zeros(2, 3), "degree .* must be positive"),
    "places": (((CITES,), (WRITES,), (CITES, CITES, CITES)), r"places\[2\] .* must be new"),
    "basis_of": ({"paper": 0, "author": 0}, "basis_of .* of one width only"),
}


@pytest.mark.parametrize("field", BROKEN)
def test_broken_rules(field: str) -> None:
    value, message = BROKEN[field]
    with pytest.raises(GraphError, match=message):
        check(graph_with_spread(**{field: value}), "condensed")


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (((CITES,), (CITES,), (WRITES,)), "must be new"),
        (((CITES,), (WRITES,), (BACK,)), "relations into 'paper'"),
        (((CITES,), (WRITES,), (WRITES, CITES)), "relations into 'author'"),
        (((CITES,), (CITES, CITES), (("venue", "of", "paper"),)), "must be one of the graph's"),
    ],
)
def test_wrong_places(places, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        check(graph_with_spread(places=places), "condensed")


def test_types_without_a_basis_and_others() -> None:
    with pytest.raises(GraphError, match="must name a basis for 'author'"):
        check(graph_with_spread(basis_of={"paper": 0}), "condensed")
    with pytest.raises(GraphError, match="must name node types of the graph"):
        check(graph_with_spread(basis_of={"paper": 0, "author": 1, "venue": 1}), "condensed")


def test_infinite_bases() -> None:
    graph = graph_with_spread()
    first, second = graph.spread.bases
    broken = dataclasses.replace(second, apart=torch.full((2,), torch.inf))
    graph.spread = dataclasses.replace(graph.spread, bases=(first, broken))
    with pytest.raises(GraphError, match=r"basis_1_apart .* must be finite"):
        check(graph, "condensed")


def test_a_sound_one_and_whole_graphs() -> None:
    check(graph_with_spread(), "condensed")
    whole = small_graph()
    whole.spread = graph_with_spread().spread
    with pytest.raises(GraphError, match="belongs to condensed graphs"):
        check(whole)
    other = graph_with_spread()
    other.spread = "wide"
    with pytest.raises(GraphError, match="must be a Spread"):
        check(other, "condensed")
