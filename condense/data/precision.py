"""Features of a condensed graph in fewer bits, where rounding does not change them."""

from __future__ import annotations

import copy
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data import levels
from condense.data.graph import MultimodalGraph
from condense.data.levels import EIGHT_BITS, Levels, error_by_column
from condense.data.spread.spread import spread_of
from condense.errors import UserError
from models.schema import FEATURE_PREFIX, modality_names, present

Bits = Literal[32, 16, 8]
"""Bits of a number."""
TOLERANCE = 1e-2
"""Largest rounding error that is accepted in float16, as a share of the features' spread."""


def rounded(graph: MultimodalGraph, bits: Bits) -> tuple[MultimodalGraph, dict[str, int]]:
    """A copy of `graph` with features, and its spread, in as many bits; and the modalities that need more.

    float16 has 11 significant bits and ends at 65,504. A modality is refused if the root mean square of its
    rounding errors exceeds TOLERANCE times that of its centred entries, the unit in which models see it:
    large numbers that differ little, such as years, or numbers out of range. In eight bits each column has
    levels of its own, `condense.data.levels`, so errors count as shares of the column's spread; refused are
    single outliers among thousands. Such a modality is kept in float16 if that will do.

    Args:
        graph: condensed. With a spread it is rounded to 16 bits at least: what is drawn around the means is
            far wider than what rounding changes.
        bits: of a number.

    Returns:
        The copy, and "type.modality" -> bits of each modality whose values fewer would change. Of few rows
        float16 takes fewer bytes than eight bits, whose bounds count too, and is not mentioned.

    Raises:
        UserError: another number of bits.
    """
    check_bits(bits)
    spread, wider, narrow = spread_of(graph), {}, False
    bits = 16 if spread is not None and bits == 32 else bits
    small = copy.copy(graph)
    for node_type in graph.node_types:
        store = graph[node_type]
        for modality in modality_names(store):
            x, has = store[FEATURE_PREFIX + modality], present(store, modality)
            worth = bits if bits != 8 or _saves(x) else 16
            small[node_type][FEATURE_PREFIX + modality], taken = _rounded(x, has, worth)
            narrow = narrow or taken == 8
            if taken > worth:
                wider[f"{node_type}.{modality}"] = taken
    if spread is not None:
        small.spread = spread.in_eight_bits() if bits == 8 else spread.halved()
    if narrow or (bits == 8 and spread is not None):
        setattr(small, EIGHT_BITS, True)
    return small, wider


def check_bits(bits: int) -> None:
    """Raise a UserError for a number that is not one of `Bits`."""
    if bits not in get_args(Bits):
        raise UserError(f"bits (got {bits!r}) must be 32, 16 or 8; give one of these")


def _saves(x: Float[Tensor, "n d"]) -> bool:
    """Whether eight bits take fewer bytes than float16, with the bounds of each column."""
    return x.numel() + 8 * x.size(1) < 2 * x.numel()


def _rounded(x: Float[Tensor, "n d"], has: Tensor, bits: Bits) -> tuple[Float[Tensor, "n d"], int]:
    """The features in as few bits as they may have, and in how many; rows outside `has` mean nothing."""
    if bits == 8:
        kept = x.masked_fill(~has.unsqueeze(1), 0.0)
        y = Levels.nearest(kept).values()
        if error_by_column(kept[has], y[has]) <= levels.TOLERANCE:
            return y, 8
    if bits <= 16:
        half = x.to(torch.float16)
        if _error(x[has].double(), half[has].double()) <= TOLERANCE:
            return half, 16
    return x, 32


def _error(exact: Float[Tensor, "n d"], rounded: Float[Tensor, "n d"]) -> float:
    """Root mean square of rounding errors ÷ that of the centred entries."""
    error = (rounded - exact).square().mean().sqrt()
    spread = (exact - exact.mean(dim=0)).square().mean().sqrt()
    return float(error / spread) if error > 0 else 0.0
