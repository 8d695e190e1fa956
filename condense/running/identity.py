"""The identity of a run: runs with equal identities give equal data."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

import torch

from condense.budget import Budget
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.plain_json import spell

PACKAGES = (
    "torch", "torch-geometric", "numpy", "scipy", "scikit-learn", "h5py", "multimodal-graph-condensation",
)  # fmt: skip


def identity(
    graph: MultimodalGraph,
    budget: Budget,
    method: str,
    settings: Any,
    seed: int,
    device: torch.device,
) -> dict[str, Any]:
    """The provenance fields known before the run, except how the graph was loaded.

    Args:
        graph: the whole graph.
        budget: the budget of the condensed graph.
        method: the method's name.
        settings: the method's settings, a dataclass.
        seed: the run's seed.
        device: the device of the run.
    """
    return identity_of(
        {"dataset": graph.name, "source": graph.source, "dataset_hash": fingerprint(graph)},
        budget,
        method,
        settings,
        seed,
        device,
    )


def identity_of(
    dataset: Mapping[str, str],
    budget: Budget,
    method: str,
    settings: Any,
    seed: int,
    device: torch.device,
) -> dict[str, Any]:
    """The same for a graph of which name, source and hash are known."""
    return {
        **dataset,
        "method": method,
        "settings": dataclasses.asdict(settings),
        "seed": seed,
        "ratio": budget.ratio,
        "ratio_train": budget.ratio_train,
        "ratio_base": budget.ratio_base,
        "edge_ratio": budget.edge_ratio,
        "setting": budget.setting,
        "device": device_name(device),
        "versions": versions(),
    }


def difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first field of `now` whose value in `then` differs, with both values; "" if there is none.

    Nested fields are compared one by one, as in `settings.epochs (20 then, 30 now)`.
    """
    for name, value in now.items():
        before = then.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            nested = difference(before, value)
            if nested:
                return f"{name}.{nested}"
        elif _json(before) != _json(value):
            return f"{name} ({_short(before)} then, {_short(value)} now)"
    return ""


def _json(value: Any) -> str:
    # Tuples become lists in a file, and NaN does not equal itself.
    return json.dumps(spell(value))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else f"{text[:16]}…"


def device_name(device: torch.device) -> str:
    """The device, with the model name of a GPU."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed[package] = "not installed"
    return installed
