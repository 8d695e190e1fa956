"""How many threads a computation is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL = 100_000
"""Below so many numbers an operation is over before a second thread has been woken."""


@contextmanager
def threads_for(numbers: int) -> Iterator[None]:
    """Inside, PyTorch uses one thread if its operations handle fewer than SMALL numbers each.

    Args:
        numbers: of a typical operation.
    """
    before = torch.get_num_threads()
    if numbers < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
