"""Whether a training ended while its validation score was still rising.

A training that used up its epochs is still rising if

- the state that it kept is of one of the last ⌈N / 4⌉ of its N validations, and
- its score there exceeds the best score s of the first ⌊N / 2⌋ by more than

      max(0.005, √(p (1 − p) / n))  with  p = (n s + 1) / (n + 2)

on n validation nodes. A training that was stopped by patience is not. Why so:

- The later half doubles the epochs of the first. Scores rise ever more slowly, so what the last doubling
  brought is about the most that the next one would bring; a comparison with the validation before would
  miss a slow rise.
- A score that rose in the middle and is flat since has its best state early among the flat ones, or
  anywhere by chance; the first condition leaves most of these out.
- The square root is the standard error of s, what other validation nodes would move it by; from validation to
  validation, on the same nodes, the scores of a trained model vary by less. Laplace's p in place of s keeps
  it above a single node where almost all nodes are right. A gain below half a point flatters nothing by much.
- Both conditions count validations, not epochs, so two are enough; of a single one nothing can be said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LEAST_GAIN = 0.005
"""Half a point of micro-F1."""


def still_rising(scores: Sequence[float], kept: int, nodes: int) -> bool | None:
    """Whether a training that used up its epochs was still rising; None after fewer than two validations.

    Args:
        scores: micro-F1 on validation nodes, 0 … 1, of each validation in order.
        kept: place in `scores` of the state that was kept, from 0.
        nodes: number of validation nodes, n.
    """
    count = len(scores)
    if count < 2:
        return None
    late = kept >= count - math.ceil(count / 4)
    early = max(scores[: count // 2])
    share = (nodes * early + 1) / (nodes + 2)
    error = math.sqrt(share * (1 - share) / nodes)
    return late and scores[kept] - early > max(LEAST_GAIN, error)
