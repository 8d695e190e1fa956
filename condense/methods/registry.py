"""The methods known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from condense.methods import coarsening, herding, kcenter, kmeans, random, srgm
from condense.methods.protocol import Condenser


@dataclass(frozen=True)
class MethodEntry:
    """How to make a condenser.

    Attributes:
        build: settings -> condenser.
        settings: its pydantic dataclass of settings.
        edges: those of its graphs are "made" for the condensed nodes, the ones "induced" by chosen
            original nodes, or "none".
    """

    build: Callable[[Any], Condenser]
    settings: type
    edges: Literal["made", "induced", "none"] = "made"


METHODS: dict[str, MethodEntry] = {
    "srgm": MethodEntry(srgm.SRGM, srgm.SRGMSettings),
    "random": MethodEntry(random.Random, random.RandomSettings, "induced"),
    "herding": MethodEntry(herding.Herding, herding.HerdingSettings, "induced"),
    "kcenter": MethodEntry(kcenter.KCenter, kcenter.KCenterSettings, "induced"),
    "kmeans": MethodEntry(kmeans.KMeans, kmeans.KMeansSettings, "none"),
    "coarsening": MethodEntry(coarsening.Coarsening, coarsening.CoarseningSettings),
}
