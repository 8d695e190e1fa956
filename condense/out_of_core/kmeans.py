"""k-means clusters of rows on disk, see `condense.clustering.kmeans`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.kmeans import (
    ASSIGNED,
    check_members,
    dealt_out,
    fit,
    fitted_rows,
    nearest,
    without_empty,
)
from condense.out_of_core.columns import Matrix
from condense.out_of_core.propagation import PORTION
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import Tasks, in_order, ranges


def kmeans_by_group(
    x: Matrix,
    member: Int[Tensor, " n"],
    counts: Sequence[int],
    room: Room,
    generator: torch.Generator,
    tasks: Tasks,
) -> Int[Tensor, " n"]:
    """Cluster the rows of each group separately.

    Centres are fitted on samples, of as many groups at a time as there is room for; then all rows are read
    once more and assigned.

    Args:
        x: one row a node.
        member: the group of each node, −1 for nodes that are not clustered.
        counts: number of clusters per group; clusters are numbered group by group.
        room: how much is read at a time.
        generator: for k-means.
        tasks: where rows are assigned.

    Returns:
        The cluster of each node, −1 for nodes that are not clustered.

    Raises:
        BudgetError: a group has fewer nodes than clusters.
    """
    nodes = [(member == c).nonzero().flatten() for c in range(len(counts))]
    check_members(nodes, counts)
    labels = torch.full_like(member, -1)
    firsts = torch.tensor([0, *counts]).cumsum(0)[:-1].tolist()
    samples: list[Tensor] = []
    for each, count in zip(nodes, counts, strict=True):
        rows = fitted_rows(len(each), count, generator)
        samples.append(each if rows is None else each[rows])
    centres: dict[int, Float[Tensor, "k d"]] = {}
    for some in _portions([len(sample) for sample in samples], room.sample(x.width)):
        loaded = x.at(torch.cat([samples[c] for c in some]), room.rows(x.width))
        parts = loaded.split([len(samples[c]) for c in some])
        for c, part in zip(some, parts, strict=True):
            if len(part) <= counts[c]:
                labels[nodes[c]] = firsts[c] + torch.arange(len(part))
            elif not x.width:
                labels[nodes[c]] = firsts[c] + dealt_out(len(part), counts[c], generator)
            else:
                centres[c], found = fit(part, counts[c], generator)
                if len(part) == len(nodes[c]):
                    labels[nodes[c]] = firsts[c] + without_empty(found, counts[c])
                    del centres[c]
    if centres:
        ends = ranges(x.height, PORTION)
        pieces = [(x, member[first:last], centres, first, room) for first, last in ends]
        assigned = torch.cat(in_order(tasks, _assigned, pieces))
        for c in centres:
            labels[nodes[c]] = firsts[c] + without_empty(assigned[nodes[c]], counts[c])
    return labels


def _portions(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Consecutive groups whose samples together have at most `most` rows, or one group alone."""
    portions: list[list[int]] = []
    held = 0
    for number, size in enumerate(sizes):
        if not portions or held + size > most:
            portions.append([])
            held = 0
        portions[-1].append(number)
        held += size
    return portions


def _assigned(
    x: Matrix,
    member: Int[Tensor, " k"],
    centres: Mapping[int, Float[Tensor, "k d"]],
    first: int,
    room: Room,
) -> Int[Tensor, " k"]:
    """The nearest of its group's centres for each row from `first` on, −1 for rows of other groups."""
    found = torch.full_like(member, -1)
    for begin, end in ranges(len(member), room.rows(x.width)):
        rows, group = x.rows(first + begin, first + end), member[begin:end]
        for c, mine in centres.items():
            inside = (group == c).nonzero().flatten()
            for part in inside.split(ASSIGNED):
                found[begin + part] = nearest(rows[part], mine)
    return found
