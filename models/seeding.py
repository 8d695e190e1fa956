"""Randomness that PyTorch draws from its global state, confined."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global generators start from `seed`; outside they are as they were.

    Initialisation and dropout know no other source of randomness.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
