"""Dropout whose random numbers cost little without a GPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVELS = 2**16
"""A share of entries to drop is rounded to a multiple of 1/LEVELS."""
LOWEST = torch.iinfo(torch.int16).min
GPUS = ("cuda", "mps", "xpu")


class Dropout(nn.Dropout):
    """nn.Dropout that takes 16 bits of a random number an entry; on a GPU it is torch's own.

    On a CPU torch draws a number of its own for each entry, which takes longer than the matrix product after
    it. The bits come from torch's default generator.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Each entry is zero with probability p, else times 1 / (1 − p); in evaluation nothing changes."""
        lowest_kept = round(self.p * LEVELS)
        trivial = not self.training or self.inplace or lowest_kept in (0, LEVELS)
        if trivial or input.device.type in GPUS:
            return super().forward(input)
        numbers = random_int16(input.numel(), input.device).view(input.shape)
        kept = numbers >= LOWEST + lowest_kept
        return input.mul(kept).mul_(LEVELS / (LEVELS - lowest_kept))


def random_int16(count: int, device: torch.device | None = None) -> Tensor:
    """Uniform random numbers [count] of 16 bits, four of each draw of torch's default generator."""
    draws = torch.randint(-(2**63), 2**63 - 1, ((count + 3) // 4,), device=device)
    return draws.view(torch.int16)[:count]
