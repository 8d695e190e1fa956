"""The relays known by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from models.relays.linear import Parameters, Relay
from models.relays.two_layer import TwoLayer

RELAYS: dict[str, Callable[[int, int, int, Tensor], Relay]] = {
    "linear": Parameters.start,
    "two-layer": TwoLayer.start,
}
"""Name -> an untrained relay, of (D, hidden units, C, a tensor whose dtype and device it takes)."""
