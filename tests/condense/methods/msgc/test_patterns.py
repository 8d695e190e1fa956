"""Patterns against a slow construction that counts links anew each time, and what they promise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.methods.msgc.patterns import pattern, patterns


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slowly(y: Tensor, num_classes: int, generator: torch.Generator) -> Tensor:
    """The same from the list of all links so far."""
    n, history = len(y), []
    chance = torch.rand(n, num_classes, generator=generator)

    def links(i: int, c: int) -> int:
        ends = [b for a, b in history if a == i] + [a for a, b in history if b == i]
        return sum(int(y[end]) == c for end in ends)

    for i in range(n):
        for c in range(num_classes):
            others = [j for j in range(n) if j != i and int(y[j]) == c]
            if others and links(i, c) in (0, 1):
                found = sorted(links(j, int(y[i])) for j in others)
                free = [j for j in others if links(j, int(y[i])) == found[0]]
                history.append((i, free[int(float(chance[i, c]) * len(free))]))
    linked = torch.zeros(n, n, dtype=torch.bool)
    for i, j in history:
        linked[i, j] = linked[j, i] = True
    return linked


@pytest.mark.parametrize("sizes", [(2, 2, 2), (4, 1, 3), (5, 5), (1, 1, 1, 1), (1, 0, 6)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_patterns_are_those_of_the_slow_construction(sizes: tuple[int, ...], seed: int) -> None:
    y = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    found = pattern(y, len(sizes), rng(seed))
    assert torch.equal(found, slowly(y, len(sizes), rng(seed)))


def test_every_node_has_a_neighbour_in_every_class_with_another_node() -> None:
    y = torch.tensor([0, 0, 0, 1, 2, 2, 2, 2, 2])
    for seed in range(10):
        linked = pattern(y, 3, rng(seed))
        assert torch.equal(linked, linked.T)
        assert not linked.diagonal().any()
        for i in range(len(y)):
            for c in range(3):
                others = (y == c) & (torch.arange(len(y)) != i)
                assert bool(linked[i][others].any()) == bool(others.any())


def test_ties_are_drawn() -> None:
    """A node of class 0 and three of class 1: who is linked to whom can be followed by hand."""
    y = torch.tensor([0, 1, 1, 1])
    found = {tuple(pattern(y, 2, rng(seed))[1].tolist()) for seed in range(40)}
    # All of class 1 are linked to node 0. If node 1 draws node 2, node 2 must take 3, and 3 then 1. If it
    # draws node 3, node 2 draws again: with 1, node 3 is left to take 2; with 3, node 3 has two links.
    assert found == {(True, False, True, True), (True, False, False, True)}


def test_graphs_have_patterns_of_their_own_and_no_links_between() -> None:
    y, graph = torch.arange(3).repeat_interleave(6), torch.arange(18) % 3
    linked = patterns(y, graph, 3, rng())
    draws = rng()
    for g in range(3):
        rows = (graph == g).nonzero().flatten()
        assert torch.equal(linked[rows][:, rows], pattern(y[rows], 3, draws))
        assert not linked[rows][:, graph != g].any()
