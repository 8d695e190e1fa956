"""k-means clusters of nodes, and the means that stand for them."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.clustering.halves import halved
from condense.clustering.rows import Rows, RowsInMemory
from condense.errors import BudgetError

MOST_A_CLUSTER, LEAST_A_CLUSTER = 256, 32
"""Centres are fitted on so many rows a cluster at most; all rows are then assigned to them."""
FEWEST_FITTED, MOST_FITTED = 2**12, 2**16
"""Rows on which the centres of few clusters are fitted at least, and those of many at most, if that leaves
LEAST_A_CLUSTER of them.
"""
ROUNDS, ROUNDS_ON_SAMPLES = 300, 20
"""Most iterations, on all rows and on samples."""
ALIKE = 1e-5
"""Sums of distances that differ by less than this share count as equal."""
MOST_AT_ONCE = 512
"""Groups that are to have more clusters than these are halved first, see `condense.clustering.halves`."""


def kmeans(x: Float[Tensor, "n d"], count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """Cluster the rows of `x` into clusters 0 … count−1, none of them empty; see `kmeans_by_group`.

    If there are no more nodes than clusters, each node is a cluster of its own and the last clusters have no
    members.
    """
    if len(x) <= count:
        return torch.arange(len(x), device=x.device)
    member = torch.zeros(len(x), dtype=torch.long, device=x.device)
    return kmeans_by_group(RowsInMemory(x), member, (count,), generator)


def kmeans_by_class(
    x: Float[Tensor, "n d"],
    member: Int[Tensor, " n"],
    counts: tuple[int, ...],
    generator: torch.Generator,
) -> Int[Tensor, " n"]:
    """Cluster the nodes of each class separately; see `kmeans_by_group`."""
    return kmeans_by_group(RowsInMemory(x), member, counts, generator)


def kmeans_by_group(
    rows: Rows,
    member: Int[Tensor, " n"],
    counts: Sequence[int],
    generator: torch.Generator,
) -> Int[Tensor, " n"]:
    """Cluster the nodes of each group separately, none of the clusters empty.

    k-means from one start, `spread_out`, by scikit-learn's iterations, on a sample of large groups, whose
    nodes are then assigned to the nearest centre. A group that is to have more than MOST_AT_ONCE clusters is
    halved before, so that the work grows with the nodes and not with nodes times clusters. Nodes without
    features are dealt out at random.

    Args:
        rows: coordinates.
        member: the group of each node, −1 for nodes that are not clustered.
        counts: number of clusters per group; clusters are numbered group by group.
        generator: for k-means.

    Returns:
        The cluster of each node, −1 for nodes that are not clustered.

    Raises:
        BudgetError: a group has fewer nodes than clusters.
    """
    nodes = [(member == c).nonzero().flatten() for c in range(len(counts))]
    _check_members(nodes, counts)
    if rows.width and max(counts, default=0) > MOST_AT_ONCE:
        del nodes
        member, counts = halved(rows, member, counts, MOST_AT_ONCE, generator)
        return kmeans_by_group(rows, member, counts, generator)
    labels, first = torch.full_like(member, -1), [0, *itertools.accumulate(counts)]
    seeds = torch.randint(2**62, (len(counts),), generator=generator, device=generator.device)
    fits: dict[int, Tensor] = {}  # Group -> the nodes on which its centres are fitted.
    for c, (each, count) in enumerate(zip(nodes, counts, strict=True)):
        if count == 0:
            continue
        if len(each) > count > 1 and rows.width:
            chosen = fitted_rows(len(each), count, generator)
            fits[c] = each if chosen is None else each[chosen]
            continue
        if len(each) <= count:
            found = torch.arange(len(each), device=member.device)
        elif count == 1:
            found = torch.zeros_like(each)
        else:
            found = dealt_out(len(each), count, generator)
        labels[each] = first[c] + found
    whole = {c for c, sample in fits.items() if len(sample) == len(nodes[c])}
    given = [(counts[c], int(seeds[c]), ROUNDS if c in whole else ROUNDS_ON_SAMPLES) for c in fits]
    centres: dict[int, Tensor] = {}
    for c, (centre, found) in zip(fits, rows.of_each(fit, list(fits.values()), given), strict=True):
        if c in whole:
            labels[nodes[c]] = first[c] + without_empty(found, counts[c])
        else:
            centres[c] = centre
    if centres:
        assigned = rows.assigned(member, centres)
        for c in centres:
            labels[nodes[c]] = first[c] + without_empty(assigned[nodes[c]], counts[c])
    return labels


def _check_members(nodes: Sequence[Int[Tensor, " _"]], counts: Sequence[int]) -> None:
    """Raise a BudgetError for a class with fewer nodes than clusters."""
    for c, (each, count) in enumerate(zip(nodes, counts, strict=True)):
        if len(each) < count:
            raise BudgetError(
                f"ratio asks for {count} condensed nodes of class {c}, for which there are only "
                f"{len(each)} nodes to cluster; lower the ratio"
            )


def fitted_rows(n: int, count: int, generator: torch.Generator) -> Int[Tensor, " k"] | None:
    """The rows of n on which `count` centres are fitted, ascending; None for all."""
    most = max(min(MOST_A_CLUSTER * count, MOST_FITTED), LEAST_A_CLUSTER * count, FEWEST_FITTED)
    if n <= most or count == 0:
        return None
    return torch.randperm(n, generator=generator, device=generator.device)[:most].sort().values


def dealt_out(n: int, count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """Clusters of about the same size, at random."""
    order = torch.randperm(n, generator=generator, device=generator.device)
    numbers = torch.arange(n, device=order.device)
    return torch.empty_like(order).index_copy_(0, order, numbers) % count


def fit(
    x: Float[Tensor, "n d"], count: int, seed: int, rounds: int = ROUNDS
) -> tuple[Float[Tensor, "k d"], Int[Tensor, " n"]]:
    """The centres of `count` clusters after at most `rounds` iterations, and the cluster of each row.

    Args:
        x: coordinates.
        count: at least 2, and less than there are rows.
        seed: of the start. Each group has one of its own, so that groups may be fitted anywhere.
        rounds: at least 1.
    """
    from sklearn.cluster import KMeans  # Imports in a second; only this function needs it.
    from sklearn.exceptions import ConvergenceWarning

    generator = torch.Generator(x.device).manual_seed(seed)
    start = x[spread_out(x, count, generator)].cpu().numpy()
    # scikit-learn's annotations lack arrays of centres and numbers of starts.
    means = KMeans(count, init=start, n_init=1, max_iter=rounds)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        # Raised if there are fewer distinct points than clusters; `without_empty` handles that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        assigned = torch.from_numpy(means.fit_predict(x.detach().cpu().numpy())).long()
    return torch.from_numpy(means.cluster_centers_).to(x), assigned.to(x.device)


def spread_out(
    x: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> Int[Tensor, " k"]:
    """Draw `count` rows far from each other by greedy k-means++ (Arthur & Vassilvitskii, SODA 2007).

    For each row after the first, 2 + ⌊ln count⌋ candidates are drawn in proportion to their squared distance
    from the rows so far, and the one that leaves the least sum of squared distances is kept, of equals the
    first. It computes in the features' own precision, with one matrix product per row.
    """
    size = x.square().sum(dim=1)  # [n]
    trials = 2 + int(math.log(count))
    rows = torch.empty(count, dtype=torch.long, device=x.device)
    rows[0] = torch.randint(len(x), (1,), generator=generator, device=x.device)
    nearest = (size + size[rows[0]] - 2 * (x @ x[rows[0]])).clamp_min(0)  # Squared distance.
    for i in range(1, count):
        reach = nearest.double().cumsum(0)
        draws = torch.rand(trials, generator=generator, dtype=torch.float64, device=x.device)
        drawn = torch.searchsorted(reach, draws * reach[-1], right=True).clamp_max(len(x) - 1)
        distance = (size.unsqueeze(1) + size[drawn] - 2 * (x @ x[drawn].T)).clamp_min(0)
        left = torch.minimum(nearest.unsqueeze(1), distance)  # [n, trials]
        total = left.sum(dim=0)
        # Two rows nearest to each other leave the same; rounding must not choose between them.
        best = (total <= (1 + ALIKE) * total.min()).int().argmax()
        rows[i], nearest = drawn[best], left[:, best]
        nearest[rows[: i + 1]] = 0  # Exactly, whatever rounding left.
    return rows


def without_empty(labels: Int[Tensor, " n"], count: int) -> Int[Tensor, " n"]:
    """Give each empty cluster half of the largest one, whose points then coincide or nearly do."""
    size = torch.bincount(labels, minlength=count)
    empties = (size == 0).nonzero().flatten().tolist()
    if not empties:
        return labels
    labels = labels.clone()
    members = dict(enumerate(labels.argsort(stable=True).split(size.tolist())))
    for empty in empties:
        greatest = int(size.argmax())
        half = len(members[greatest]) // 2
        members[empty], members[greatest] = members[greatest].tensor_split([half])
        labels[members[empty]] = empty
        size[empty], size[greatest] = half, len(members[greatest])
    return labels


def cluster_means(
    x: Float[Tensor, "n d"], has: Bool[Tensor, " n"], labels: Int[Tensor, " n"], count: int
) -> tuple[Float[Tensor, "k d"], Bool[Tensor, " k"]]:
    """Average each cluster over its members that have the modality.

    Returns:
        The means, zero for a cluster without such members, and which clusters have any.
    """
    use = has & (labels >= 0)
    total = x.new_zeros(count, x.size(1)).index_add_(0, labels[use], x[use])
    size = torch.bincount(labels[use], minlength=count)
    return total / size.clamp_min(1).unsqueeze(1).to(x.dtype), size > 0
