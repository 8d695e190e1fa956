"""k-means clusters of nodes, and the means that stand for them."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def cluster(x: Float[Tensor, "n d"], count: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """k-means (scikit-learn, k-means++ once) into `count` clusters 0 … count−1, none of them empty.

    With no more nodes than clusters each node is one of its own, and the last clusters repeat nodes'
    places without members. Without features the nodes are dealt out at random.
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

    seed = int(torch.randint(2**31 - 1, (1,), generator=generator, device=x.device))
    means = KMeans(count, n_init="auto", random_state=seed)  # One start, as for k-means++.
    found = means.fit_predict(x.detach().cpu().numpy())
    return torch.from_numpy(found).long().to(x.device)


def cluster_classes(
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
    """
    labels = torch.full_like(member, -1)
    first = 0
    for c, count in enumerate(counts):
        nodes = (member == c).nonzero().flatten()
        labels[nodes] = first + cluster(x[nodes], count, generator)
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
