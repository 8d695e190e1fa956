"""Halve groups of nodes that are to have too many clusters for one run of k-means.

Its work grows with nodes times clusters, with the square of a graph's size at a given ratio. Groups are
halved at the median of the principal component along which they vary most, and the halves likewise, as in a
principal direction tree (Boley, Data Mining and Knowledge Discovery 2, 1998), but with one set of components
for a group, so that its rows are read once. k-means within the parts is then nearly as good as k-means of
all. A coarse k-means in place of the halves would leave nearly all nodes in one cluster where a few lie far
out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.rows import Rows

MEASURED = 8192
"""Rows of a group at most of which its principal components are found."""
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
    wide = [group for group, count in enumerate(counts) if count > most]
    if not wide:
        return member, list(counts)
    nodes = {group: (member == group).nonzero().flatten() for group in wide}
    samples = [
        each[_order(len(each), generator)[:MEASURED].sort().values] for each in nodes.values()
    ]
    kept = (max(counts) // most).bit_length() + 1  # As many as there are levels, or more.
    components = {
        group: principal_components(x, kept)
        for group, (_, x) in zip(wide, rows.at(samples), strict=True)
    }
    along = rows.projected(member, components)
    part, first, parted = torch.zeros_like(member), [], []
    for group, count in enumerate(counts):
        first.append(len(parted))
        if group in nodes:
            found, shared = _halved_group(along[nodes[group]], count, most, generator)
            part[nodes[group]] = found
            parted += shared
        else:
            parted.append(count)
    starts = torch.tensor(first, device=member.device)
    return torch.where(member < 0, -1, starts[member] + part), parted


def _halved_group(
    along: Float[Tensor, "n k"], count: int, most: int, generator: torch.Generator
) -> tuple[Int[Tensor, " n"], list[int]]:
    """The part of each node of one group, and the clusters of each part."""
    if count <= most:
        return torch.zeros(len(along), dtype=torch.long, device=along.device), [count]
    x = along[:, along.var(dim=0).argmax()]
    second = x > x.sort().values[(len(x) - 1) // 2 :][:2].mean()  # Between two rows.
    share = float(second.double().mean())
    if min(share, 1 - share) < LEAST_OF_A_GROUP:
        second = _order(len(x), generator) % 2 == 1
    size = int(second.sum())
    left, right = shares(torch.tensor([len(x) - size, size]), count)
    part = torch.empty(len(x), dtype=torch.long, device=x.device)
    part[~second], of_left = _halved_group(along[~second], left, most, generator)
    found, of_right = _halved_group(along[second], right, most, generator)
    part[second] = found + len(of_left)
    return part, of_left + of_right


def principal_components(x: Float[Tensor, "n d"], count: int) -> Float[Tensor, "d k"]:
    """The directions in which the rows vary most, so turned that the first row lies on the positive side."""
    centred = x - x.mean(dim=0)
    _, directions = torch.linalg.eigh(centred.T @ centred)
    directions = directions[:, -count:]
    return torch.where(centred[0] @ directions < 0, -directions, directions)


def _order(n: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    return torch.randperm(n, generator=generator, device=generator.device)


def shares(sizes: Int[Tensor, " k"], count: int) -> list[int]:
    """Divide `count` clusters among groups of these sizes, at least one each and no more than nodes."""
    given = torch.ones_like(sizes)
    for _ in range(count - len(sizes)):
        room = torch.where(given < sizes, sizes.double() / given, 0.0)
        given[room.argmax()] += 1
    return given.tolist() if count else []
