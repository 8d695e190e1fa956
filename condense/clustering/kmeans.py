"""k-means clusters of nodes, and the means that stand for them."""

from __future__ import annotations

import math
import warnings

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.errors import BudgetError


def kmeans(x: Float[Tensor, "n d"], count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """Cluster the rows of `x` into clusters 0 … count−1, none of them empty.

    k-means from one start, `spread_out`, by scikit-learn's iterations. If there are no more nodes than
    clusters, each node is a cluster of its own and the last clusters have no members. Nodes without features
    are dealt out at random.
    """
    n, d = x.shape
    if n <= count:
        return torch.arange(n, device=x.device)
    if d == 0:
        order = torch.randperm(n, generator=generator, device=x.device)
        return (
            torch.empty_like(order).index_copy_(0, order, torch.arange(n, device=x.device))
        ) % count
    from sklearn.cluster import KMeans  # Imports in a second; only this function needs it.
    from sklearn.exceptions import ConvergenceWarning

    start = x[spread_out(x, count, generator)].cpu().numpy()
    # scikit-learn's annotations lack arrays of centres and numbers of starts.
    means = KMeans(count, init=start, n_init=1)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        # Raised if there are fewer distinct points than clusters; `_without_empty` handles that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        assigned = torch.from_numpy(means.fit_predict(x.detach().cpu().numpy())).long()
    return _without_empty(assigned, count).to(x.device)


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


def _without_empty(labels: Int[Tensor, " n"], count: int) -> Int[Tensor, " n"]:
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
    labels = torch.full_like(member, -1)
    first = 0
    for c, count in enumerate(counts):
        nodes = (member == c).nonzero().flatten()
        if len(nodes) < count:
            raise BudgetError(
                f"ratio asks for {count} condensed nodes of class {c}, for which there are only "
                f"{len(nodes)} nodes to cluster; lower the ratio"
            )
        labels[nodes] = first + kmeans(x[nodes], count, generator)
        first += count
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
