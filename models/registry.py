"""The models known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models import hgt, mlp, sgc
from models.schema import GraphSchema


@dataclass(frozen=True)
class ModelEntry:
    """How to build a model.

    Attributes:
        build: (schema, settings) -> module that is a `NodeClassifier`.
        settings: its dataclass of settings; the defaults are the model's own.
        space: setting -> values that tuning may try.
        uses_edges: whether the graph's edges reach the logits.
    """

    build: Callable[[GraphSchema, Any], Any]
    settings: type
    space: Mapping[str, tuple[Any, ...]]
    uses_edges: bool = True


MODELS: dict[str, ModelEntry] = {
    "mlp": ModelEntry(mlp.MLP, mlp.MLPSettings, mlp.SPACE, uses_edges=False),
    "sgc": ModelEntry(sgc.SGC, sgc.SGCSettings, sgc.SPACE),
    "hgt": ModelEntry(hgt.HGT, hgt.HGTSettings, hgt.SPACE),
}
