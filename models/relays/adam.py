"""Adam on explicitly given gradients, for steps so small that torch's own takes longer than they do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

DECAY = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """p ← p − η m̂ / (√v̂ + ε), the paper's β and ε (Kingma & Ba, ICLR 2015); equal to torch's.

    Args:
        parameters: changed in place.
        lr: η.
    """

    def __init__(self, parameters: Sequence[Tensor], lr: float) -> None:
        self.parameters, self.lr, self.steps = list(parameters), lr, 0
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.root = [torch.empty_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor | None]) -> None:
        """One update.

        Args:
            gradients: of each parameter; None leaves it where it is.
        """
        self.steps += 1
        scale1 = 1 - DECAY[0] ** self.steps
        root2 = (1 - DECAY[1] ** self.steps) ** 0.5
        state = (self.parameters, gradients, self.first, self.second, self.root)
        for p, g, m, v, root in zip(*state, strict=True):
            if g is None:
                continue
            m.lerp_(g, 1 - DECAY[0])
            v.mul_(DECAY[1]).addcmul_(g, g, value=1 - DECAY[1])
            # The corrections of both moments, 1 − βᵗ, are in the numbers.
            torch.sqrt(v, out=root).add_(EPSILON * root2)
            p.addcdiv_(m, root, value=-self.lr * root2 / scale1)

    @torch.no_grad()
    def restart(self) -> None:
        """Forget all steps, as for parameters that are drawn anew."""
        self.steps = 0
        for moment in (*self.first, *self.second):
            moment.zero_()
