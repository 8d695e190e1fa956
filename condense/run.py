"""One run from a whole graph to a condensed one with its provenance."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import torch

from condense.budget import Budget
from condense.config import build
from condense.data.condensed import CondensedGraph, Provenance
from condense.data.features import complete
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.data.inductive import training_part, validation_part
from condense.data.rules import check
from condense.edge_numbers import edge_numbers_of
from condense.errors import UserError
from condense.methods.protocol import OnStep, ignore
from condense.methods.registry import METHODS
from condense.stages import StageClock
from models.choices import choose

PACKAGES = ("torch", "torch-geometric", "numpy", "h5py", "multimodal-graph-condensation")


def condense(
    graph: MultimodalGraph,
    budget: Budget,
    method: str = "srgm",
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    dataset_settings: Mapping[str, Any] | None = None,
    on_step: OnStep = ignore,
) -> CondensedGraph:
    """Condense `graph`; its test labels are hidden before anything reads them.

    In the inductive setting the condenser sees the sub-graph of the training nodes alone.

    Args:
        graph: a whole graph.
        budget: from `condense.budget.plan`; it also says in which setting.
        method: a name in `METHODS`.
        settings: of the method; the rest at their defaults.
        seed: of the run's only generator.
        device: "auto" (a GPU where there is one), "cpu", "cuda", …
        dataset_settings: how the whole graph was loaded, so that it can be loaded again.
        on_step: watches the run.

    Returns:
        The condensed graph on the CPU. After a Ctrl-C during matching it is the best so far, and
        `provenance.complete` is False.

    Raises:
        UserError: a graph, a budget or a setting that breaks a rule.
        KeyboardInterrupt: Ctrl-C before there was a graph.
    """
    entry = choose(METHODS, method, "method")
    chosen = build(entry.settings, settings or {}, f"method {method}")
    check(graph, "whole")
    place = find_device(device)
    clock = StageClock(place)
    with clock.stage("prepare"):
        hidden = hide_test_labels(graph)
        part = training_part(hidden, budget.setting)
        visible = validation = complete(part.graph).to(place)
        if budget.setting == "inductive":
            validation = complete(validation_part(hidden, budget.setting).graph).to(place)
    generator = torch.Generator(place).manual_seed(seed)
    outcome = entry.build(chosen).condense(visible, validation, budget, generator, clock, on_step)
    provenance = Provenance(
        dataset=graph.name,
        source=graph.source,
        dataset_hash=fingerprint(graph),
        dataset_settings=dict(dataset_settings or {}),
        method=method,
        settings=dataclasses.asdict(chosen),
        seed=seed,
        ratio=budget.ratio,
        ratio_train=budget.ratio_train,
        ratio_base=budget.ratio_base,
        edge_ratio=budget.edge_ratio,
        setting=budget.setting,
        device=_device_name(place),
        versions=versions(),
        stages=clock.stages,
        complete=outcome.complete,
        history=outcome.history,
        measures={
            **outcome.measures,
            **edge_numbers_of(outcome.graph),
            "edge_budget": {":".join(r): count for r, count in budget.edges.items()},
        },
    )
    return CondensedGraph(part.in_whole_numbers(outcome.graph.to("cpu")), provenance)


def find_device(name: str) -> torch.device:
    """The device called `name`; "auto" is a GPU where there is one.

    Raises:
        UserError: an unknown device, or one that this machine lacks.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"device (got {name!r}) cannot be used here ({reason}); try auto") from None
    return device


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
