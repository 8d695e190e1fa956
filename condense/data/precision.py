"""Features of a condensed graph in fewer bits, where rounding does not change them."""

from __future__ import annotations

import copy
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.levels import EIGHT_BITS, Levels
from condense.data.spread.spread import spread_of
from models.schema import FEATURE_PREFIX, modality_names, present

Bits = Literal[32, 16, 8]
"""Bits of a number."""
TOLERANCE_16 = 1e-2
"""Largest rounding error that is accepted in float16, as a share of the features' spread."""
TOLERANCE_8 = 5e-2
"""The same in eight bits, whose levels are a column's own; see `rounded`."""


def rounded(graph: MultimodalGraph, bits: Bits) -> tuple[MultimodalGraph, dict[str, int]]:
    """A copy of `graph` with features, and its spread, in as many bits; and the modalities that need more.

    float16 has 11 significant bits and ends at 65,504. A modality is refused if the root mean square of its
    rounding errors exceeds TOLERANCE_16 times that of its centred entries, the unit in which models see it:
    large numbers that differ little, such as years, or numbers out of range. In eight bits each column has
    levels of its own, `condense.data.levels`, so errors count as shares of the column's spread; refused are
    single outliers among thousands. Such a modality is kept in float16 if that will do.

    Args:
        graph: condensed. With a spread it is rounded to 16 bits at least: what is drawn around the means is
            far wider than what rounding changes.
        bits: of a number.

    Returns:
        The copy, and "type.modality" -> bits of each modality that takes more than were asked for.
    """
    spread = spread_of(graph)
    bits = 16 if spread is not None and bits == 32 else bits
    small, wider = copy.copy(graph), {}
    for node_type in graph.node_types:
        store = graph[node_type]
        for modality in modality_names(store):
            x, has = store[FEATURE_PREFIX + modality], present(store, modality)
            small[node_type][FEATURE_PREFIX + modality], taken = _rounded(x, has, bits)
            if taken > bits and x.numel():
                wider[f"{node_type}.{modality}"] = taken
    if bits == 8:
        setattr(small, EIGHT_BITS, True)
    if spread is not None:
        small.spread = spread.in_eight_bits() if bits == 8 else spread.halved()
    return small, wider


def _rounded(x: Float[Tensor, "n d"], has: Tensor, bits: Bits) -> tuple[Float[Tensor, "n d"], int]:
    """The features in as few bits as they may have, and in how many; rows outside `has` mean nothing."""
    if bits == 8:
        kept = x.masked_fill(~has.unsqueeze(1), 0.0)
        levels = Levels.nearest(kept)
        if levels.num_bytes() < 2 * x.numel():
            y = levels.values().to(x.device)
            if _error_by_column(kept[has].double(), y[has].double()) <= TOLERANCE_8:
                return y, 8
    if bits <= 16:
        half = x.to(torch.float16)
        if _error(x[has].double(), half[has].double()) <= TOLERANCE_16:
            return half, 16
    return x, 32


def _error(exact: Float[Tensor, "n d"], rounded: Float[Tensor, "n d"]) -> float:
    """Root mean square of rounding errors ÷ that of the centred entries."""
    error = (rounded - exact).square().mean().sqrt()
    spread = (exact - exact.mean(dim=0)).square().mean().sqrt()
    return float(error / spread) if error > 0 else 0.0


def _error_by_column(exact: Float[Tensor, "n d"], rounded: Float[Tensor, "n d"]) -> float:
    """The same with each column in units of its own spread; 0 without rows."""
    if not len(exact):
        return 0.0
    error = (rounded - exact).square().mean(dim=0)
    spread = exact.var(dim=0, unbiased=False)
    return float(torch.where(error > 0, error / spread, 0.0).mean().sqrt())
