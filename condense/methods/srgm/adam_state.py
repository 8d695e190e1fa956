"""The state of Adam as named tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.relays.adam import Adam


def adam_tensors(name: str, adam: Adam) -> dict[str, Tensor]:
    """Both moments of each parameter, and the number of steps."""
    found = {f"{name}/steps": torch.tensor([adam.steps])}
    for i, moments in enumerate(zip(adam.first, adam.second, strict=True)):
        found |= {f"{name}/{i}/moment{k}": x for k, x in enumerate(moments, start=1)}
    return found


def restore_adam(name: str, adam: Adam, tensors: Mapping[str, Tensor]) -> None:
    """Give `adam`, which has the same parameters, the state that `adam_tensors` took."""
    adam.steps = int(tensors[f"{name}/steps"])
    for i, moments in enumerate(zip(adam.first, adam.second, strict=True)):
        for k, x in enumerate(moments, start=1):
            x.copy_(tensors[f"{name}/{i}/moment{k}"])
