"""Chooses the number of threads by the size of a computation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

SMALL = 100_000
"""An operation on fewer numbers finishes before a second thread has started."""


@contextmanager
def threads_for(numbers: int) -> Iterator[None]:
    """Let PyTorch use one thread inside the block if its operations handle fewer than SMALL numbers each.

    Args:
        numbers: how many numbers a typical operation handles.
    """
    with one_thread() if numbers < SMALL else nullcontext():
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread inside the block.

    For thousands of short operations: a second thread saves little, and where it shares its core with other
    work the first waits for it in each of them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
