"""Which nodes of a sparse graph are neighbours: each is to have some of every class."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

ENOUGH = 2
"""A node with so many links to a class looks for no other there (authors' code)."""


def patterns(
    y: Int[Tensor, " n"],
    graph: Int[Tensor, " n"],
    num_classes: int,
    generator: torch.Generator,
) -> Bool[Tensor, "n n"]:
    """Which nodes are linked, each graph by `pattern`; there are no links between graphs.

    Args:
        y: classes.
        graph: the graph of each node.
        num_classes: C.
        generator: for the draws.
    """
    linked = torch.zeros(len(y), len(y), dtype=torch.bool, device=y.device)
    for g in graph.unique(sorted=True):
        rows = (graph == g).nonzero().flatten()
        linked[rows.unsqueeze(1), rows] = pattern(y[rows], num_classes, generator)
    return linked


def pattern(
    y: Int[Tensor, " n"], num_classes: int, generator: torch.Generator
) -> Bool[Tensor, "n n"]:
    """Which nodes of one graph are linked; symmetric, without self-loops.

    Node by node in their order, and for each class by class in theirs: a node i that has fewer than ENOUGH
    links to class c is linked to another node of c, at random among those with the fewest links to the class
    of i. The link counts for both ends, and counts again where they were linked before. So links are spread
    evenly, and each node has a neighbour in every class that has another node.

    Args:
        y: classes.
        num_classes: C.
        generator: for the draws.
    """
    classes = y.tolist()
    members: list[list[int]] = [[] for _ in range(num_classes)]
    for i, c in enumerate(classes):
        members[c].append(i)
    device = generator.device
    draws = torch.rand(len(classes), num_classes, generator=generator, device=device).tolist()
    links = [[0] * num_classes for _ in classes]
    pairs: list[tuple[int, int]] = []
    for i, own in enumerate(classes):
        for c, others in enumerate(members):
            others = [j for j in others if j != i]
            if not others or links[i][c] >= ENOUGH:
                continue
            fewest = min(links[j][own] for j in others)
            free = [j for j in others if links[j][own] == fewest]
            j = free[int(draws[i][c] * len(free))]
            links[i][c] += 1
            links[j][own] += 1
            pairs.append((i, j))
    linked = torch.zeros(len(classes), len(classes), dtype=torch.bool, device=y.device)
    if pairs:
        i, j = torch.tensor(pairs, device=y.device).T
        linked[i, j] = linked[j, i] = True
    return linked
