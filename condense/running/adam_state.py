"""The state of Adam as named tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.relays.adam import Adam


def adam_tensors(name: str, adam: Adam) -> dict[str, Tensor]:
    """The number of steps and both moments of each parameter, under names that start with `name`."""
    return {f"{name}/steps": torch.tensor([adam.steps]), **adam_moments(name, adam)}


def adam_moments(name: str, adam: Adam) -> dict[str, Tensor]:
    """Both moments of each parameter, not copied, under names that start with `name`."""
    return {
        f"{name}/{i}/moment{k}": x
        for i, moments in enumerate(zip(adam.first, adam.second, strict=True))
        for k, x in enumerate(moments, start=1)
    }


def restore_adam(name: str, adam: Adam, tensors: Mapping[str, Tensor]) -> None:
    """Copy the state that `adam_tensors` saved into `adam`, which must have the same parameters."""
    adam.steps = int(tensors[f"{name}/steps"])
    for i, moments in enumerate(zip(adam.first, adam.second, strict=True)):
        for k, x in enumerate(moments, start=1):
            x.copy_(tensors[f"{name}/{i}/moment{k}"])
