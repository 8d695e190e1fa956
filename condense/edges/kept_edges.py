"""The pairs that edges join: those of greatest value within a budget of edges."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.edges.pairs import SMALL, Pairs


def greatest(values: Float[Tensor, " k"], pairs: Pairs, budget: int) -> Int[Tensor, " e"]:
    """Indices of the `budget` greatest values, ascending.

    Which of equal ones are taken depends on where they lie, so in a small matrix they are sought at their
    places: the choice is then the same whether or not pairs without a chance are candidates too.

    Args:
        values: of each pair.
        pairs: theirs.
        budget: how many.
    """
    budget = min(budget, len(values))
    if pairs.all or math.prod(pairs.shape) > SMALL:
        return _top(values, budget)
    whole = values.new_full((math.prod(pairs.shape),), -torch.inf)
    place = _top(whole.index_copy_(0, pairs.place, values), budget)
    return torch.searchsorted(pairs.place, place)


def _top(values: Float[Tensor, " k"], count: int) -> Int[Tensor, " e"]:
    return values.topk(count, sorted=False).indices.sort().values


def greatest_mirrored(values: Float[Tensor, " k"], pairs: Pairs, budget: int) -> Int[Tensor, " e"]:
    """The same for a symmetric matrix, where a pair takes two entries of the budget and a loop one.

    Args:
        values: of each pair, equal on both sides of the diagonal; those above it count.
        pairs: with (i, j), (j, i) is among them.
        budget: how many entries.
    """
    place = pairs.upper
    value = values[place]
    if 0 < budget < len(place):
        # Each pair takes at least one entry, so what lies below the budget-th needs no sorting.
        near = value >= value.topk(budget).values[-1]
        place, value = place[near], value[near]
    place = place[value.argsort(descending=True, stable=True)]
    partner = pairs.partner[place]
    fits = (2 - (place == partner).long()).cumsum(0) <= budget
    place, partner = place[fits], partner[fits]
    return torch.cat([place, partner]).unique()
