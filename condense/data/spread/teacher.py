"""What a spread's linear teacher sees of a drawn node, or of a real one, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.data.spread.spread import Place, Spread

OWN_CLASS = 1.0
"""Added to the score of the class of the condensed node around which was drawn; 0 was tried besides,
see docs/protocol.md."""


def answers(
    spread: Spread, seen: Float[Tensor, "n J"], y: Int[Tensor, " n"]
) -> Float[Tensor, "n C"]:
    """Soft labels of draws around nodes of the classes y."""
    scores = seen @ spread.teacher.to(seen.dtype)
    scores[torch.arange(len(y), device=y.device), y] += OWN_CLASS
    return scores.softmax(dim=1)


def seen_by_teacher(
    own: Float[Tensor, "n D"],
    has: Bool[Tensor, "n M"],
    widths: Sequence[int],
    coordinates: Float[Tensor, "n P b"],
    there: Bool[Tensor, "n P"],
) -> Float[Tensor, "n J"]:
    """Its inputs: features and places, zero where missing, what is missing, and 1; J = D + P b + M + P + 1.

    Args:
        own: features in the teacher's units.
        has: who has which modality.
        widths: of the modalities.
        coordinates: of the mean neighbours at each place.
        there: who has neighbours at which place.
    """
    repeats = torch.tensor(list(widths), device=own.device)
    near = (coordinates * there.unsqueeze(2)).flatten(1)
    own = own * has.repeat_interleave(repeats, dim=1)
    return torch.cat(
        [own, near, has.to(own.dtype), there.to(own.dtype), own.new_ones(len(own), 1)], 1
    )


def reached(places: Sequence[Place], occurs: Bool[Tensor, "n P"]) -> Bool[Tensor, "n P"]:
    """Who has neighbours where: at a place of two relations only who has some at its first."""
    numbers = {place: number for number, place in enumerate(places)}
    before = [numbers[place[:1]] for place in places]
    return occurs & occurs[:, before]
