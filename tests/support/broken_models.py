"""Models that fail while they train, each for a reason of its own."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from models.mlp import MLP
from models.registry import MODELS


class Raises(MLP):
    """Raises an error whose text has a line break and a comma."""

    def forward(self, inputs: Any) -> Tensor:
        raise KeyError("no such\nrelation, or so")


class TooLarge(MLP):
    """Asks for more memory than there is."""

    def forward(self, inputs: Any) -> Tensor:
        return super().forward(inputs) + torch.empty(2**58)


class Outgrown(MLP):
    """As Python itself says it."""

    def forward(self, inputs: Any) -> Tensor:
        raise MemoryError


class NotANumber(MLP):
    """Returns NaN."""

    def forward(self, inputs: Any) -> Tensor:
        return super().forward(inputs) * float("nan")


class Killed(MLP):
    """Its process is killed, as by the kernel where memory has run out."""

    def forward(self, inputs: Any) -> Tensor:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


BROKEN = {
    name: replace(MODELS["mlp"], model_at=f"tests.support.broken_models:{kind.__name__}",
                  settings_at=MODELS["mlp"].settings_at or MODELS["mlp"].model_at + "Settings")
    for name, kind in {
        "raises": Raises, "too_large": TooLarge, "outgrown": Outgrown, "not_a_number": NotANumber,
        "killed": Killed,
    }.items()
}  # fmt: skip
"""Name -> registry entry."""
