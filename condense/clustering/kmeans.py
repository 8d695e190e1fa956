"""k-means clusters of nodes, and the means that stand for them."""

from __future__ import annotations

import math
import warnings

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.errors import BudgetError


def kmeans(x: Float[Tensor, "n d"], count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """k-means into `count` clusters 0 … count−1, none of them empty.

    One start from `spread_out`; the iterations are scikit-learn's.

    With no more nodes than clusters each node is one of its own, and the last clusters have no member.
    Without features the nodes are dealt out at random.
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
    # Its annotations know neither an array of centres nor a number of starts.
    means = KMeans(count, init=start, n_init=1)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        # Fewer distinct points than clusters; mended below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = torch.from_numpy(means.fit_predict(x.detach().cpu().numpy())).long()
    return _without_empty(found, count).to(x.device)


def spread_out(
    x: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> Int[Tensor, " k"]:
    """Greedy k-means++ (Arthur & Vassilvitskii, SODA 2007): `count` rows, far from each other by chance.

    Each next row is the best of 2 + ⌊ln count⌋, drawn in proportion to the squared distance from the
    rows so far: the one that leaves the least sum of squared distances. In the features' own precision,
    and one product a row.
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
        found = (size.unsqueeze(1) + size[drawn] - 2 * (x @ x[drawn].T)).clamp_min(0)
        left = torch.minimum(nearest.unsqueeze(1), found)  # [n, trials]
        best = left.sum(dim=0).argmin()
        rows[i], nearest = drawn[best], left[:, best]
        nearest[rows[: i + 1]] = 0  # Also where the product was rounded.
    return rows


def _without_empty(labels: Int[Tensor, " n"], count: int) -> Int[Tensor, " n"]:
    """Each empty cluster takes half of the greatest one, whose points then coincide or nearly so."""
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
    """Cluster the nodes of each class apart.

    Args:
        x: features.
        member: each node's class, −1 for nodes that take no part.
        counts: clusters for each class; class c owns the numbers after those of the classes before.
        generator: for k-means.

    Returns:
        The cluster of each node, −1 for nodes that take no part.

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
    """Mean features of each cluster over its members that have the modality, and where there are any.

    A cluster without such members gets zeros.
    """
    use = has & (labels >= 0)
    total = x.new_zeros(count, x.size(1)).index_add_(0, labels[use], x[use])
    size = torch.bincount(labels[use], minlength=count)
    return total / size.clamp_min(1).unsqueeze(1).to(x.dtype), size > 0
