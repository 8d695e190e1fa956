"""Dropout whose random numbers cost little on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVELS = 2**16
"""A share of entries to drop is rounded to a multiple of 1/LEVELS."""
LOWEST = torch.iinfo(torch.int16).min


class Dropout(nn.Dropout):
    """nn.Dropout, of which a random number costs 16 random bits in place of a call of its own on a CPU.

    Where features are wide, torch's dropout takes longer there than the matrix product after it. The bits
    come from torch's default generator.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Each entry is zero with probability p, else times 1 / (1 − p); in evaluation nothing changes."""
        lowest_kept = round(self.p * LEVELS)
        if not self.training or input.device.type != "cpu" or lowest_kept in (0, LEVELS):
            return super().forward(input)
        kept = random_int16(input.numel()).view(input.shape) >= LOWEST + lowest_kept
        return input.mul(kept).mul_(LEVELS / (LEVELS - lowest_kept))


def random_int16(count: int) -> Tensor:
    """Uniform random numbers [count] of 16 bits, four of each draw of torch's default generator."""
    draws = torch.randint(-(2**63), 2**63 - 1, ((count + 3) // 4,))
    return draws.view(torch.int16)[:count]
