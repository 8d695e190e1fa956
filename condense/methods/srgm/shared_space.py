"""A space that the gradients of all modalities share, whatever the modalities' widths.

Gradients with respect to text and image features live in unrelated spaces; whether they conflict can only
be tested in a shared one. Where the modalities are encoded in one aligned space (CLIP's), that is the feature
space itself. Elsewhere generalised canonical correlation finds one: the modalities, and the features that
other node types send to a target node, are views of that node; s [d] is what the views share, and each view's
features are h ≈ s Dᵀ. By the chain rule the gradient with respect to s, through this view, is (∂L/∂h) D.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from condense.clustering.propagation import RelayView
from condense.clustering.reduction import FeatureKey
from condense.clustering.relay_space import RelaySpace
from condense.errors import UserError
from models.propagation.metapaths import MetaPath, endpoint, path_features

# Relative to a view's mean variance: directions with less variance are noise, not shared content.
RIDGE = 1e-2


@dataclass(frozen=True)
class SharedSpace:
    """The shared space, as D of each node type and modality.

    Attributes:
        decoder: (node type, modality) -> D [r, d].
        inverse: (node type, modality) -> D⁺ [d, r], which takes a change of a gradient back to the features.
    """

    decoder: Mapping[FeatureKey, Tensor]
    inverse: Mapping[FeatureKey, Tensor]

    @classmethod
    def _of(cls, decoder: Mapping[FeatureKey, Tensor]) -> SharedSpace:
        """The space with these D and their pseudo-inverses."""
        return cls(decoder, {k: torch.linalg.pinv(d) for k, d in decoder.items()})

    @classmethod
    def identity(cls, view: RelaySpace) -> SharedSpace:
        """The feature space itself, for modalities that are encoded in one aligned space.

        Raises:
            UserError: the modalities have different widths.
        """
        check_one_width({key: b.size(0) for key, b in view.reduction.basis.items()})
        return cls._of({key: b.T for key, b in view.reduction.basis.items()})

    @classmethod
    def shared(cls, view: RelayView, width: int) -> SharedSpace:
        """The space of a graph in memory, see `of_views`; the views are those of all its target nodes.

        Args:
            view: the whole graph; only its features are read.
            width: d; capped at the summed width of the views.
        """
        blocks = views_of(view)
        hops = max(len(path) for path, _ in blocks.values())
        features = path_features(view.graph, view.schema, hops)
        return cls.of_views({key: features[block] for key, block in blocks.items()}, width)

    @classmethod
    def of_views(cls, views: Mapping[FeatureKey, Tensor], width: int) -> SharedSpace:
        """The space that MAXVAR generalised canonical correlation finds (Kettenring, Biometrika 58, 1971).

        With V̂ the whitened views side by side, s are the leading left singular vectors of V̂.

        Args:
            views: unscaled features of the same target nodes [n, r], see `views_of`.
            width: d; capped at the summed width of the views.
        """
        centred = {key: v - v.mean(dim=0) for key, v in views.items()}
        whitened = torch.cat([_whiten(v) for v in centred.values()], dim=1)  # [n, Σ r]
        values, vectors = torch.linalg.eigh(whitened.T @ whitened)
        keep = slice(-min(width, len(values)), None)
        root = values[keep].clamp_min(1e-12).sqrt()
        shared = whitened @ (vectors[:, keep] / root)  # [n, d], orthonormal columns
        scale = 1.0 / whitened.size(0) ** 0.5
        return cls._of({key: scale * (v.T @ shared) for key, v in centred.items()})


def check_one_width(widths: Mapping[FeatureKey, int]) -> None:
    """Raise a UserError where modalities of different widths have no feature space in common."""
    if len(set(widths.values())) > 1:
        listed = ", ".join(f"{t}.{m}: {w}" for (t, m), w in widths.items())
        raise UserError(
            f"frames (got 'identity') needs modalities of one width, but the widths are {listed}; "
            "use 'shared'"
        )


def views_of(view: RelaySpace) -> dict[FeatureKey, tuple[MetaPath, str]]:
    """The block of the shortest meta-path to each (node type, modality)."""
    shortest: dict[FeatureKey, tuple[MetaPath, str]] = {}
    for path, modality in view.blocks:
        shortest.setdefault((endpoint(path, view.schema.target), modality), (path, modality))
    return shortest


def _whiten(x: Float[Tensor, "n r"]) -> Float[Tensor, "n r"]:
    """X C^{-1/2} with a small ridge on C, the matrix of second moments."""
    values, vectors = torch.linalg.eigh(x.T @ x)
    ridge = RIDGE * values.mean().clamp_min(1e-12)
    return x @ (vectors / (values.clamp_min(0) + ridge).sqrt())
