"""How well k-means clusters of frozen embeddings match the classes."""

from __future__ import annotations

import statistics
import warnings
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Agreement:
    """Means over the starts of k-means.

    Attributes:
        nmi: normalised mutual information, 0 … 1.
        ari: adjusted Rand index, 0 for chance.
    """

    nmi: float
    ari: float


def clustering(
    x: Float[Tensor, "n d"],
    rows: Int[Tensor, " k"],
    y: Int[Tensor, " k"],
    num_classes: int,
    starts: int = 10,
) -> Agreement:
    """Cluster all nodes into as many clusters as classes, and compare those of `rows` with their classes.

    HeCo and HGMAE compare all target nodes. Here labels outside the public split are hidden, so only some
    nodes are compared; k-means still clusters all nodes.

    Args:
        x: embeddings of all nodes.
        rows: nodes to compare.
        y: their classes.
        num_classes: C.
        starts: number of k-means runs, with seeds 0, 1, … (HGMAE runs 10).
    """
    from sklearn.cluster import KMeans  # Imports in a second; only this function needs it.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    points, truth = x.detach().cpu().numpy(), y.cpu().numpy()
    nmi, ari = [], []
    for seed in range(starts):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The annotations of `n_init` allow no number.
            means = KMeans(num_classes, n_init=10, random_state=seed)  # pyright: ignore[reportArgumentType]
            clusters = means.fit_predict(points)
        predicted = clusters[rows.cpu().numpy()]
        nmi.append(float(normalized_mutual_info_score(truth, predicted)))
        ari.append(float(adjusted_rand_score(truth, predicted)))
    return Agreement(statistics.fmean(nmi), statistics.fmean(ari))
