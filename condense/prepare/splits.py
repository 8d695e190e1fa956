"""Splits drawn at random, as a word asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from condense.datasets.splits import NAMES
from condense.errors import UserError

SHARES, COUNTS = "20/10/70", "20/30"
"""Per cent for training, validation and test; nodes of each class for training and validation."""


def draws(word: str) -> bool:
    """Whether a word has the form of one that draws a split."""
    return bool(re.fullmatch(r"\d+(/\d+){1,2}", word))


def drawn_split(word: str, seed: int) -> Callable[[str, Tensor], Mapping[str, Tensor]]:
    """A function from the target type and its labels [n], −1 where unknown, to the masks of a random split.

    Args:
        word: three whole numbers such as 20/10/70 are per cent of each class, rounded, and sum to 100; two
            such as 20/30 are nodes of each class for training and validation, and the rest is for testing.
            Each class has at least one training node; nodes without a label are in no part.
        seed: of the draws.

    Raises:
        UserError: neither; and the function, where a part is empty.
    """
    numbers = [int(n) for n in word.split("/")] if draws(word) else [0]
    if min(numbers) < 1 or (len(numbers) == 3 and sum(numbers) != 100):
        raise UserError(
            f"split (got {word!r}) must be three shares in per cent that sum to 100, such as {SHARES}, or "
            f"how many nodes of each class train and validate, such as {COUNTS}"
        )

    def drawn(_: str, y: Tensor) -> dict[str, Tensor]:
        labels, part = y.numpy(), np.full(len(y), -1)
        # The bit generator is explicit, because a later numpy may change that of `default_rng`.
        rng = np.random.Generator(np.random.PCG64(seed))
        for c in range(int(labels.max(initial=-1)) + 1):
            rows = rng.permutation(np.flatnonzero(labels == c))
            train, val = numbers[:2]
            if len(numbers) == 3:
                ends = (
                    max(1, round(train * len(rows) / 100)),
                    round((train + val) * len(rows) / 100),
                )
            else:
                ends = train, train + val
            part[rows[: ends[0]]] = 0
            part[rows[ends[0] : ends[1]]] = 1
            part[rows[max(ends) :]] = 2
        for number, name in enumerate(NAMES):
            if not (part == number).any():
                sizes = np.bincount(labels[labels >= 0])
                raise UserError(
                    f"split (got {word!r}) leaves no node for {name!r}: classes have {sizes.min()} to "
                    f"{sizes.max()} labelled nodes; ask for fewer nodes of the other parts"
                )
        return {name: torch.from_numpy(part == number) for number, name in enumerate(NAMES)}

    return drawn
