"""Features projected onto the two principal components of a whole graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from condense.data.graph import MultimodalGraph
from models.schema import features, modality_names, present

MOST_POINTS = 4000  # Of the whole graph: more show no more, and make a larger file.


@dataclass(frozen=True)
class FeatureProjection:
    """The nodes of the target type that have one modality, in the plane.

    Attributes:
        modality: its name.
        whole: the whole graph's nodes [at most MOST_POINTS, 2].
        whole_count: how many nodes of the whole graph have the modality.
        condensed: the condensed graph's nodes [k, 2].
        classes: of the condensed nodes [k].
        sizes: areas of their markers [k], growing with the number of nodes that each stands for.
        shares: of the whole graph's variance, one for each component.
    """

    modality: str
    whole: np.ndarray
    whole_count: int
    condensed: np.ndarray
    classes: np.ndarray
    sizes: np.ndarray
    shares: tuple[float, float]


def project_features(
    whole: MultimodalGraph, condensed: MultimodalGraph, seed: int = 0
) -> Iterator[FeatureProjection]:
    """One projection for each modality of the target type that has two columns or more.

    The components are fitted to the whole graph alone, and both graphs are projected onto them. No label of
    the whole graph is read.

    Args:
        whole: the whole graph, in the data set's units.
        condensed: condensed from it, in the same units.
        seed: of the randomised PCA, and of the choice of points.
    """
    from sklearn.decomposition import PCA

    original, synthetic = whole[whole.target], condensed[condensed.target]
    for modality in modality_names(original):
        x = features(original, modality)[present(original, modality)].numpy()
        has = present(synthetic, modality)
        if min(x.shape) < 2 or not bool(has.any()):
            continue
        pca = PCA(2, svd_solver="randomized", random_state=seed).fit(x)
        rows = np.random.default_rng(seed).permutation(len(x))[:MOST_POINTS]
        first, second = (float(share) for share in pca.explained_variance_ratio_)
        yield FeatureProjection(
            modality=modality,
            whole=pca.transform(x[rows]),
            whole_count=len(x),
            condensed=pca.transform(features(synthetic, modality)[has].numpy()),
            classes=synthetic.y[has].numpy(),
            sizes=marker_sizes(synthetic.get("node_weight"), len(has))[has.numpy()],
            shares=(first, second),
        )


def marker_sizes(weight: torch.Tensor | None, count: int) -> np.ndarray:
    """Areas of markers [count], growing as the root of the nodes' weights and about 1 on average.

    All are 1 without weights. Areas are powers of √2 from ½ to 4, because an SVG file defines each size of a
    marker once.
    """
    if weight is None:
        return np.ones(count)
    root = np.sqrt(weight.double().clamp_min(0).numpy())
    share = np.clip(root / max(root.mean(), 1e-12), 0.5, 4.0)
    return 2 ** (np.round(2 * np.log2(share)) / 2)
