"""Which pairs of nodes count as positive: along meta-paths, and by clusters of embeddings.

A node is always its own positive. Our readings, since only a summary of the paper is known:

- Meta-path connectivity: as in HeCo (Wang et al., KDD 2021), the k nodes most strongly joined to a node,
  all meta-path graphs added up. HeCo adds row-normalised 0/1 matrices; ours are chances of a walk.
- Clusters: from time to time the embeddings are clustered by k-means. "Key deviated nodes" are the share
  of each cluster that lies farthest from its centre; they get the cluster's most central nodes as
  positives, which pulls them back. The nodes between get none: their cluster is kept by their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from models.hetcrf.kmeans import Clusters
from models.hetcrf.pattern import Pattern, WeightedPattern
from models.propagation.metapath_product import Entries, strongest

Pairs = Int[Tensor, "2 e"]


def connected(graphs: Sequence[WeightedPattern], count: int) -> Pairs:
    """(i, j) for the `count` nodes j most strongly joined to each i; fewer where i has fewer neighbours."""
    n = graphs[0].count
    index = torch.stack(
        [torch.cat([getattr(g.pattern, end) for g in graphs]) for end in ("rows", "columns")]
    )
    weight = torch.cat([g.weight for g in graphs])
    joined = torch.sparse_coo_tensor(index, weight, (n, n), check_invariants=False).coalesce()
    rows, columns = joined.indices()
    away = Entries(rows, columns, joined.values()).where(rows != columns)
    kept = strongest(away, n, count, left_out="dropped", ties="shuffled")
    return torch.stack([kept.row, kept.column])


def deviated(clusters: Clusters, share: float, central: int) -> Pairs:
    """(i, j) of every key deviated node i and the `central` most central nodes j of its cluster.

    Args:
        clusters: clusters of the embeddings.
        share: share of each cluster's nodes that count as deviated, the farthest from its centre.
        central: nodes that stand for a cluster.
    """
    none = clusters.label.new_zeros(2, 0)
    pairs = [none]
    for cluster in range(len(clusters.centre)):
        members = (clusters.label == cluster).nonzero().flatten()
        nearest_first = members[clusters.distance[members].argsort(stable=True)]
        far = nearest_first[len(members) - int(share * len(members)) :]
        pairs.append(torch.cartesian_prod(far, nearest_first[:central]).view(-1, 2).T)
    return torch.cat(pairs, dim=1)


def pattern_of(pairs: Sequence[Int[Tensor, "2 _"]], n: int) -> Pattern:
    """The pairs and every node's pair with itself, each once."""
    nodes = torch.arange(n, device=pairs[0].device)
    every = torch.cat([*pairs, torch.stack([nodes, nodes])], dim=1)
    place = torch.unique(every[0] * n + every[1])
    return Pattern(place // n, place % n, (n, n))
