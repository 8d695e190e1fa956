"""Numbers of a run that must stay finite."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class NonFiniteError(ArithmeticError):
    """A number of a run is infinite or NaN; the message names it and a remedy."""


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all numbers are finite; costs one sum over them unless that sum is not finite."""
    filled = [t.detach() for t in tensors if t.numel()]
    if not filled or bool(torch.stack([t.sum() for t in filled]).sum().isfinite()):
        return True
    return all(bool(t.isfinite().all()) for t in filled)
