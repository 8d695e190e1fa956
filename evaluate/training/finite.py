"""Numbers that are no numbers end a training: scores computed from them would look like scores.

A sort puts NaN last, so that a class whose probabilities are NaN would have an area under the curve of 1, and
the greatest of several NaN is the first, so that all nodes would be of class 0.
"""

from __future__ import annotations

import math

from torch import Tensor

from condense.errors import UserError


class DivergedError(UserError):
    """A training, or what a trained model computes, is infinite or not a number."""

    @classmethod
    def of(cls, what: str, got: object, epoch: int | None) -> DivergedError:
        """The error of a quantity in an epoch, where that is known."""
        when = "" if epoch is None else f" in epoch {epoch}"
        return cls(
            f"{what} (got {got}{when}) must be finite; scale the features, or lower the learning rate"
        )


def check_loss(value: float, epoch: int, what: str = "loss") -> None:
    """Check a loss.

    Raises:
        DivergedError: it is infinite or NaN.
    """
    if not math.isfinite(value):
        raise DivergedError.of(what, value, epoch)


def check_finite(values: Tensor, what: str, epoch: int | None = None) -> None:
    """Check all rows [n, d] of what a model computes.

    Args:
        values: the rows; of any number, also none.
        what: what the error calls them.
        epoch: of the model's state, for the error.

    Raises:
        DivergedError: a value is infinite or NaN.
    """
    if not (fine := values.isfinite()).all():
        row = int((~fine).flatten(1).any(dim=1).nonzero()[0])
        got = float(values[row][~fine[row]][0])
        raise DivergedError.of(f"{what} of row {row}", got, epoch)
