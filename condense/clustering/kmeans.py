"""k-means clusters of nodes, and the means that stand for them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.errors import BudgetError

MOST_FITTED, LEAST_A_CLUSTER = 2**16, 32
"""Centres are fitted on at most so many rows, or on so many a cluster; all rows are then assigned."""
ASSIGNED = 4096
"""Rows whose distances from all centres are computed at a time."""


def kmeans(x: Float[Tensor, "n d"], count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """Cluster the rows of `x` into clusters 0 … count−1, none of them empty.

    k-means from one start, `spread_out`, by scikit-learn's iterations, on a sample where there are many rows.
    If there are no more nodes than clusters, each node is a cluster of its own and the last clusters have no
    members. Nodes without features are dealt out at random.
    """
    return _clustered(x, count, fitted_rows(len(x), count, generator), generator)


def fitted_rows(n: int, count: int, generator: torch.Generator) -> Int[Tensor, " k"] | None:
    """The rows of n on which `count` centres are fitted, ascending; None for all."""
    most = max(MOST_FITTED, LEAST_A_CLUSTER * count)
    if n <= most:
        return None
    return torch.randperm(n, generator=generator, device=generator.device)[:most].sort().values


def _clustered(
    x: Float[Tensor, "n d"], count: int, rows: Tensor | None, generator: torch.Generator
) -> Int[Tensor, " n"]:
    n, d = x.shape
    if n <= count:
        return torch.arange(n, device=x.device)
    if d == 0:
        return dealt_out(n, count, generator)
    if rows is None:
        return without_empty(fit(x, count, generator)[1], count)
    centres, _ = fit(x[rows], count, generator)
    return without_empty(torch.cat([nearest(part, centres) for part in x.split(ASSIGNED)]), count)


def dealt_out(n: int, count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """Clusters of about the same size, at random."""
    order = torch.randperm(n, generator=generator, device=generator.device)
    numbers = torch.arange(n, device=order.device)
    return torch.empty_like(order).index_copy_(0, order, numbers) % count


def fit(
    x: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> tuple[Float[Tensor, "k d"], Int[Tensor, " n"]]:
    """The centres of `count` clusters, and the cluster of each row; some may be empty."""
    from sklearn.cluster import KMeans  # Imports in a second; only this function needs it.
    from sklearn.exceptions import ConvergenceWarning

    start = x[spread_out(x, count, generator)].cpu().numpy()
    # scikit-learn's annotations lack arrays of centres and numbers of starts.
    means = KMeans(count, init=start, n_init=1)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        # Raised if there are fewer distinct points than clusters; `without_empty` handles that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        assigned = torch.from_numpy(means.fit_predict(x.detach().cpu().numpy())).long()
    return torch.from_numpy(means.cluster_centers_).to(x), assigned.to(x.device)


def nearest(x: Float[Tensor, "n d"], centres: Float[Tensor, "k d"]) -> Int[Tensor, " n"]:
    """The nearest centre of each row."""
    return torch.addmm(centres.square().sum(dim=1), x, centres.T, alpha=-2).argmin(dim=1)


def spread_out(
    x: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> Int[Tensor, " k"]:
    """Draw `count` rows far from each other by greedy k-means++ (Arthur & Vassilvitskii, SODA 2007).

    For each row after the first, 2 + ⌊ln count⌋ candidates are drawn in proportion to their squared distance
    from the rows so far, and the one that leaves the least sum of squared distances is kept. It computes in
    the features' own precision, with one matrix product per row.
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
        best = left.sum(dim=0).argmin()
        rows[i], nearest = drawn[best], left[:, best]
        nearest[rows[: i + 1]] = 0  # Exactly, whatever rounding left.
    return rows


def without_empty(labels: Int[Tensor, " n"], count: int) -> Int[Tensor, " n"]:
    """Give each empty cluster half of the largest one, whose points then coincide or nearly do."""
    labels = labels.clone()
    for empty in (torch.bincount(labels, minlength=count) == 0).nonzero().flatten():
        greatest = (labels == torch.bincount(labels, minlength=count).argmax()).nonzero().flatten()
        labels[greatest[: len(greatest) // 2]] = empty
    return labels


def kmeans_by_class(
    x: Float[Tensor, "n d"],
    member: Int[Tensor, " n"],
    counts: tuple[int, ...],
    generator: torch.Generator,
) -> Int[Tensor, " n"]:
    """Cluster the nodes of each class separately.

    Args:
        x: features.
        member: the class of each node, −1 for nodes that are not clustered.
        counts: number of clusters per class; clusters are numbered class by class.
        generator: for k-means.

    Returns:
        The cluster of each node, −1 for nodes that are not clustered.

    Raises:
        BudgetError: a class has fewer nodes than clusters.
    """
    nodes = [(member == c).nonzero().flatten() for c in range(len(counts))]
    check_members(nodes, counts)
    samples = [
        fitted_rows(len(each), count, generator) for each, count in zip(nodes, counts, strict=True)
    ]
    labels = torch.full_like(member, -1)
    first = 0
    for each, count, rows in zip(nodes, counts, samples, strict=True):
        labels[each] = first + _clustered(x[each], count, rows, generator)
        first += count
    return labels


def check_members(nodes: Sequence[Int[Tensor, " _"]], counts: Sequence[int]) -> None:
    """Raise a BudgetError for a class with fewer nodes than clusters."""
    for c, (each, count) in enumerate(zip(nodes, counts, strict=True)):
        if len(each) < count:
            raise BudgetError(
                f"ratio asks for {count} condensed nodes of class {c}, for which there are only "
                f"{len(each)} nodes to cluster; lower the ratio"
            )


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
