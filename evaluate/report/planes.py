"""Features in the plane of a whole graph's two principal components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from condense.data.graph import MultimodalGraph
from models.schema import features, modality_names, present

MOST_POINTS = 4000  # Of the whole graph: more are no more to be seen, but weigh.


@dataclass(frozen=True)
class Plane:
    """The target type's nodes that have one modality.

    Attributes:
        modality: its name.
        whole: the whole graph's nodes [at most MOST_POINTS, 2].
        whole_count: how many of them have the modality.
        condensed: the condensed graph's nodes [k, 2].
        classes: of these [k].
        sizes: of their marks [k], growing with the number of nodes that each stands for.
        shares: of the whole graph's variance, one for each component.
    """

    modality: str
    whole: np.ndarray
    whole_count: int
    condensed: np.ndarray
    classes: np.ndarray
    sizes: np.ndarray
    shares: tuple[float, float]


def planes(whole: MultimodalGraph, small: MultimodalGraph, seed: int = 0) -> Iterator[Plane]:
    """One plane a modality of the target type that has at least two columns.

    Components are found on the whole graph alone, and both graphs are put into their plane; no label of the
    whole graph is read.

    Args:
        whole: the whole graph, in the data set's units.
        small: condensed from it, in the same.
        seed: of the search for the components, and of the draw of the points.
    """
    from sklearn.decomposition import PCA

    there, here = whole[whole.target], small[small.target]
    for modality in modality_names(there):
        x = features(there, modality)[present(there, modality)].numpy()
        has = present(here, modality)
        if min(x.shape) < 2 or not bool(has.any()):
            continue
        fitted = PCA(2, svd_solver="randomized", random_state=seed).fit(x)
        rows = np.random.default_rng(seed).permutation(len(x))[:MOST_POINTS]
        first, second = (float(share) for share in fitted.explained_variance_ratio_)
        yield Plane(
            modality=modality,
            whole=fitted.transform(x[rows]),
            whole_count=len(x),
            condensed=fitted.transform(features(here, modality)[has].numpy()),
            classes=here.y[has].numpy(),
            sizes=mark_sizes(here.get("node_weight"), len(has))[has.numpy()],
            shares=(first, second),
        )


def mark_sizes(weight: torch.Tensor | None, count: int) -> np.ndarray:
    """[count] areas of marks, growing as the root of what nodes stand for, about 1 on average; all 1 without
    weights.

    They are powers of √2 from ½ to 4: an SVG file defines each size of a mark once.
    """
    if weight is None:
        return np.ones(count)
    root = np.sqrt(weight.double().clamp_min(0).numpy())
    share = np.clip(root / max(root.mean(), 1e-12), 0.5, 4.0)
    return 2 ** (np.round(2 * np.log2(share)) / 2)
