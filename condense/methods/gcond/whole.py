"""The gradients of the whole graph, on batches of each class's training nodes."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.methods.gcond.relay import SGCRelay


class WholeGradients:
    """∇_W L_c of the whole graph, with Z = S^hops X of the training nodes.

    The authors sample 10 and 5 neighbours of each node anew for every gradient; Z is exact here and computed
    once.

    Args:
        z: Z of the training nodes.
        y: their classes.
        num_classes: C.
        batch: nodes of a class that give a gradient; of larger classes they are drawn anew each time.
        generator: for the draws.
    """

    def __init__(
        self,
        z: Float[Tensor, "k d"],
        y: Int[Tensor, " k"],
        num_classes: int,
        batch: int,
        generator: torch.Generator,
    ) -> None:
        order = y.argsort(stable=True)
        self.z, y = z[order], y[order]
        self.target = torch.nn.functional.one_hot(y, num_classes).to(z.dtype)
        self.sizes = torch.bincount(y, minlength=num_classes).tolist()
        self.batch, self.generator = batch, generator

    @torch.no_grad()
    def of(self, relay: SGCRelay) -> Float[Tensor, "C d C"]:
        """Those of `relay`; zero for a class without training nodes."""
        if max(self.sizes) <= self.batch:
            return relay.gradients(self.z, self.target, self.sizes)
        rows, start = [], 0
        for size in self.sizes:
            drawn = torch.randperm(size, generator=self.generator, device=self.z.device)
            rows.append(start + drawn[: self.batch])
            start += size
        chosen = torch.cat(rows)
        sizes = [len(r) for r in rows]
        return relay.gradients(self.z[chosen], self.target[chosen], sizes)
