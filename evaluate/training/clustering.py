"""How well k-means on frozen embeddings finds the classes."""

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
    """Cluster all nodes into as many clusters as classes and compare those of `rows` with their classes.

    HeCo and HGMAE compare all target nodes. Here labels outside the public split are hidden, so it is some
    nodes' clusters that are compared; the clusters are those of all nodes all the same.

    Args:
        x: embeddings of all nodes.
        rows: nodes to be compared.
        y: their classes.
        num_classes: C.
        starts: k-means is run so often, from seeds 0, 1, … (HGMAE's 10).
    """
    from sklearn.cluster import KMeans  # Imports in a second; only this function needs it.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    points, truth = x.detach().cpu().numpy(), y.cpu().numpy()
    nmi, ari = [], []
    for seed in range(starts):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Its annotations know no number of starts.
            means = KMeans(num_classes, n_init=10, random_state=seed)  # pyright: ignore[reportArgumentType]
            found = means.fit_predict(points)
        said = found[rows.cpu().numpy()]
        nmi.append(float(normalized_mutual_info_score(truth, said)))
        ari.append(float(adjusted_rand_score(truth, said)))
    return Agreement(statistics.fmean(nmi), statistics.fmean(ari))
