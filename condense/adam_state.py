"""The state of torch's Adam as named tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

STEP = "step"


def adam_tensors(name: str, adam: torch.optim.Adam) -> dict[str, Tensor]:
    """Moments and steps of each parameter; none of a parameter that has not been moved yet."""
    return {
        f"{name}/{i}/{key}": value.reshape(1) if key == STEP else value
        for i, parameter in enumerate(adam.param_groups[0]["params"])
        for key, value in adam.state[parameter].items()
    }


def restore_adam(name: str, adam: torch.optim.Adam, tensors: Mapping[str, Tensor]) -> None:
    """Give `adam`, which has the same parameters, the state that `adam_tensors` took."""
    for i, parameter in enumerate(adam.param_groups[0]["params"]):
        prefix = f"{name}/{i}/"
        found = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        # In the memory layout of the parameter: another one may round differently.
        adam.state[parameter] = {
            key: value[0].clone() if key == STEP else torch.empty_like(parameter).copy_(value)
            for key, value in found.items()
        }
