"""What a synthesis takes over from another one, as the loop does from a checkpoint."""

from __future__ import annotations

import torch

from condense.methods.homogeneous.loop import Synthesis, tensors_of


@torch.no_grad()
def take_over(one: Synthesis, other: Synthesis) -> None:
    """Give `one` the state of `other`, generators excepted."""
    theirs = tensors_of(other)
    for name, x in tensors_of(one).items():
        x.copy_(theirs[name])
    for name, adam in one.adams.items():
        adam.steps = other.adams[name].steps
