"""Halve groups of nodes that are to have too many clusters for one run of k-means.

Its work grows with nodes times clusters, with the square of a graph's size at a given ratio. Groups are halved
across the direction in which they vary most, at the median, as in a principal direction tree (Boley, Data
Mining and Knowledge Discovery 2, 1998); k-means within the halves is then nearly as good as k-means of all.
A coarse k-means in place of the halves would leave nearly all nodes in one cluster where a few lie far out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.rows import Rows

MEASURED = 8192
"""Rows of a group at most that its direction and median are taken from."""
LEAST_OF_A_GROUP = 0.25
"""Where a half would get less than this, most rows coincide, and the group is dealt out at random."""


def halved(
    rows: Rows,
    member: Int[Tensor, " n"],
    counts: Sequence[int],
    most: int,
    generator: torch.Generator,
) -> tuple[Int[Tensor, " n"], list[int]]:
    """Halve each group with more than `most` clusters until none is left.

    Args:
        rows: coordinates, at least one a row.
        member: the group of each node, −1 for none; a group has at least as many nodes as clusters.
        counts: clusters of each group.
        most: at least 1.
        generator: for samples.

    Returns:
        The group of each node, numbered in the order of the groups that they are parts of, and the clusters
        of each, in proportion to its nodes.
    """
    counts = list(counts)
    while max(counts, default=0) > most:
        split = [c for c, count in enumerate(counts) if count > most]
        second = _second_half(rows, member, split, generator)
        parts = [2 if count > most else 1 for count in counts]
        first = torch.tensor([0, *itertools.accumulate(parts)], device=member.device)
        member = torch.where(member < 0, -1, first[member] + second)
        sizes = torch.bincount(member[member >= 0], minlength=sum(parts)).split(parts)
        counts = [
            n
            for size, count in zip(sizes, counts, strict=True)
            for n in (shares(size, count) if count > most else [count])
        ]
    return member, counts


def _second_half(
    rows: Rows, member: Int[Tensor, " n"], groups: Sequence[int], generator: torch.Generator
) -> Int[Tensor, " n"]:
    """1 for the nodes in the second half of one of these groups, 0 for all others."""
    nodes = {group: (member == group).nonzero().flatten() for group in groups}
    samples = [each[_order(len(each), generator)[:MEASURED].sort().values] for each in nodes.values()]
    measured = rows.at(samples)
    centres = {group: across(x) for group, (_, x) in zip(groups, measured, strict=True)}
    second = rows.assigned(member, centres).clamp_min(0)
    for each in nodes.values():
        share = float(second[each].double().mean())
        if min(share, 1 - share) < LEAST_OF_A_GROUP:
            second[each] = _order(len(each), generator) % 2
    return second


def across(x: Float[Tensor, "n d"]) -> Float[Tensor, "2 d"]:
    """Two points, such that half of the rows are nearer to the second; they turn with the rows."""
    mean = x.mean(dim=0)
    centred = x - mean
    _, directions = torch.linalg.eigh(centred.T @ centred)
    direction = directions[:, -1]
    if centred[0] @ direction < 0:  # Its sign is arbitrary.
        direction = -direction
    along = centred @ direction
    between = along.sort().values[(len(x) - 1) // 2 :][:2].mean()  # No row is there.
    step = along.std(correction=0).clamp_min(1e-6)
    places = between + torch.stack([-step, step])
    return mean + places.unsqueeze(1) * direction


def _order(n: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    return torch.randperm(n, generator=generator, device=generator.device)


def shares(sizes: Int[Tensor, " k"], count: int) -> list[int]:
    """Divide `count` clusters among groups of these sizes, at least one each and no more than nodes."""
    given = torch.ones_like(sizes)
    for _ in range(count - len(sizes)):
        room = torch.where(given < sizes, sizes.double() / given, 0.0)
        given[room.argmax()] += 1
    return given.tolist() if count else []
