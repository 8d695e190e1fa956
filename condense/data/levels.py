"""Numbers in eight bits: each column of a matrix on 255 levels of its own, and zero.

A condensed graph whose features were rounded to such levels keeps them as float32, so nothing that reads it
has to know. Its mark `EIGHT_BITS` lets files store one byte a number, and `num_bytes` count so: both find the
levels again in the numbers themselves, so what was changed since is stored as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch_geometric.data import HeteroData

EIGHT_BITS = "eight_bits"
"""The name under which a condensed graph keeps the mark."""
STEPS = 254
"""Between the lowest and the highest level of a column."""
TOLERANCE = 5e-2
"""Largest rounding error that is accepted, as `error_by_column` measures it."""
BLOCK = 1 << 20
"""Numbers are worked out in blocks of about as many."""


def in_eight_bits(graph: HeteroData) -> bool:
    """Whether the graph has the mark."""
    return bool(graph._global_store.get(EIGHT_BITS, False))


@dataclass(frozen=True)
class Levels:
    """A matrix in eight bits.

    Attributes:
        codes: 0 for zero, and 1 … 255 for the levels from `low` to `high`.
        low: of each column's numbers that are not zero, the lowest.
        high: the highest.
    """

    codes: UInt8[Tensor, "n d"]
    low: Float[Tensor, " d"]
    high: Float[Tensor, " d"]

    @classmethod
    def nearest(cls, x: Float[Tensor, "n d"]) -> Levels:
        """Those nearest to finite numbers."""
        x = x.float()
        zero = x == 0
        if not len(x):
            return cls(x.to(torch.uint8), x.new_zeros(x.size(1)), x.new_zeros(x.size(1)))
        low = x.masked_fill(zero, torch.inf).amin(dim=0)
        high = x.masked_fill(zero, -torch.inf).amax(dim=0)
        low, high = (torch.where(bound.isfinite(), bound, 0.0) for bound in (low, high))
        span = high.double() - low.double()
        step = ((x.double() - low) / torch.where(span > 0, span, 1.0) * STEPS).round()
        codes = (1 + step.clamp(0, STEPS)).masked_fill(zero, 0)
        return cls(codes.to(torch.uint8), low, high)

    @classmethod
    def exactly(cls, x: Tensor) -> Levels | None:
        """Those of a matrix of numbers on levels, if they take fewer bytes; None for any other tensor."""
        if x.layout != torch.strided or x.dtype != torch.float32 or x.dim() != 2:
            return None
        if not bool(torch.isfinite(x).all()):
            return None
        levels = cls.nearest(x)
        fewer = levels.num_bytes() < x.element_size() * x.numel()
        return levels if fewer and torch.equal(levels.values(), x) else None

    def values(self) -> Float[Tensor, "n d"]:
        """The numbers, in float32.

        Worked out in float64, so that rounding finds the same levels again: `nearest` of these numbers has
        the same bounds and the same numbers.
        """
        x = torch.empty(self.codes.shape, dtype=torch.float32, device=self.codes.device)
        low, high = self.low.double(), self.high.double()
        rows = max(1, BLOCK // max(1, self.codes.size(1)))
        for first in range(0, len(x), rows):
            codes = self.codes[first : first + rows]
            block = low + (high - low) * ((codes.double() - 1) / STEPS)
            block = torch.where(codes == STEPS + 1, high, block).masked_fill_(codes == 0, 0.0)
            x[first : first + rows] = block
        return x

    def num_bytes(self) -> int:
        """Bytes of the codes and of the bounds."""
        return self.codes.numel() + 4 * (self.low.numel() + self.high.numel())


def error_by_column(exact: Float[Tensor, "n d"], rounded: Float[Tensor, "n d"]) -> float:
    """Root mean square of rounding errors, each column in units of its own spread; 0 without rows."""
    if not len(exact):
        return 0.0
    exact, rounded = exact.double(), rounded.double()
    error = (rounded - exact).square().mean(dim=0)
    spread = exact.var(dim=0, unbiased=False)
    return float(torch.where(error > 0, error / spread, 0.0).mean().sqrt())
