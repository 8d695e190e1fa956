"""A context in which PyTorch's global random state is seeded, and restored afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global generators within the context, and restore their state after it.

    Initialisation and dropout draw from no other source.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
