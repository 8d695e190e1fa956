"""The methods known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from condense.methods import coarsening, herding, kcenter, kmeans, random, srgm
from condense.methods.protocol import Condenser


@dataclass(frozen=True)
class MethodEntry:
    """How to make a condenser.

    Attributes:
        build: settings -> condenser.
        settings: its pydantic dataclass of settings.
        structured: whether its graphs are meant to have edges.
    """

    build: Callable[[Any], Condenser]
    settings: type
    structured: bool = True


METHODS: dict[str, MethodEntry] = {
    "srgm": MethodEntry(srgm.SRGM, srgm.SRGMSettings),
    "random": MethodEntry(random.Random, random.RandomSettings),
    "herding": MethodEntry(herding.Herding, herding.HerdingSettings),
    "kcenter": MethodEntry(kcenter.KCenter, kcenter.KCenterSettings),
    "kmeans": MethodEntry(kmeans.KMeans, kmeans.KMeansSettings, structured=False),
    "coarsening": MethodEntry(coarsening.Coarsening, coarsening.CoarseningSettings),
}
