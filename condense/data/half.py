"""Features of a condensed graph in half precision: half the bytes, where rounding does not change them."""

from __future__ import annotations

import copy

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data.graph import MultimodalGraph
from models.schema import FEATURE_PREFIX, modality_names, present

TOLERANCE = 1e-2
"""Largest rounding error that is accepted, as a share of the features' spread."""


def halved(graph: MultimodalGraph) -> tuple[MultimodalGraph, list[str]]:
    """A copy of `graph` with features in float16, and the modalities that stay as they are.

    float16 has 11 significant bits and ends at 65,504. A modality stays if the root mean square of its
    rounding errors exceeds TOLERANCE times that of its centred entries, the unit in which models see it:
    large numbers that differ little, such as years, or numbers out of range.

    Returns:
        The copy, and "type.modality" of each that stays.
    """
    small, kept = copy.copy(graph), []
    for node_type in graph.node_types:
        store = graph[node_type]
        for modality in modality_names(store):
            x = store[FEATURE_PREFIX + modality]
            half = x.to(torch.float16)
            if _error(x[present(store, modality)]) <= TOLERANCE:
                small[node_type][FEATURE_PREFIX + modality] = half
            else:
                kept.append(f"{node_type}.{modality}")
    return small, kept


def _error(x: Float[Tensor, "n d"]) -> float:
    """Root mean square of x's rounding errors in float16 ÷ that of its centred entries."""
    exact = x.double()
    rounding = (x.to(torch.float16).double() - exact).square().mean().sqrt()
    spread = (exact - exact.mean(dim=0)).square().mean().sqrt()
    return float(rounding / spread) if rounding > 0 else 0.0
