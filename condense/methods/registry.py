"""The methods known by name.

Their settings are known at once; a condenser's file, and with it torch, is imported when one is built.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from condense.methods.coarsening_settings import CoarseningSettings
from condense.methods.herding_settings import HerdingSettings
from condense.methods.kcenter_settings import KCenterSettings
from condense.methods.kmeans_settings import KMeansSettings
from condense.methods.random_settings import RandomSettings
from condense.methods.srgm.settings import SRGMSettings

if TYPE_CHECKING:
    from condense.methods.protocol import Condenser


@dataclass(frozen=True)
class MethodEntry:
    """How to make a condenser.

    Attributes:
        condenser: its class, as "file:class" in this package.
        settings: its pydantic dataclass of settings.
        edges: those of its graphs are "made" for the condensed nodes, the ones "induced" by chosen
            original nodes, or "none".
    """

    condenser: str
    settings: type
    edges: Literal["made", "induced", "none"] = "made"

    def build(self, settings: Any) -> Condenser:
        """The condenser with these settings."""
        file, name = self.condenser.split(":")
        return getattr(importlib.import_module(f"condense.methods.{file}"), name)(settings)


METHODS: dict[str, MethodEntry] = {
    "srgm": MethodEntry("srgm.method:SRGM", SRGMSettings),
    "random": MethodEntry("random:Random", RandomSettings, "induced"),
    "herding": MethodEntry("herding:Herding", HerdingSettings, "induced"),
    "kcenter": MethodEntry("kcenter:KCenter", KCenterSettings, "induced"),
    "kmeans": MethodEntry("kmeans:KMeans", KMeansSettings, "none"),
    "coarsening": MethodEntry("coarsening:Coarsening", CoarseningSettings),
}
