"""Normalisation and activation between two layers of a network.

The defaults are those of the papers of GCN and GraphSAGE, which have a relu and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from models.choices import choose

Activation = Literal["relu", "elu", "gelu", "tanh"]
Norm = Literal["none", "layer"]
"""none, or layer norm (Ba, Kiros & Hinton, 2016): each node's units by themselves, so that no statistics
shift between condensed and whole graphs, as those of a batch norm would."""

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "elu": nn.functional.elu,
    "gelu": nn.functional.gelu,
    "tanh": torch.tanh,
}


class BetweenLayers(nn.Module):
    """h ↦ σ(norm(h)).

    Args:
        width: of h.
        activation: σ.
        norm: before it.
    """

    def __init__(self, width: int, activation: str = "relu", norm: str = "none") -> None:
        super().__init__()
        self.activate = choose(_ACTIVATIONS, activation, "activation")
        self.norm = choose(_NORMS, norm, "norm")(width)

    def forward(self, h: Tensor) -> Tensor:
        """[n, width] -> [n, width]."""
        return self.activate(self.norm(h))


def _none(width: int) -> nn.Module:
    return nn.Identity()


_NORMS: dict[str, Callable[[int], nn.Module]] = {"none": _none, "layer": nn.LayerNorm}
