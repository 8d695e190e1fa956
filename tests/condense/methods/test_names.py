"""Names have no influence: every method gives the same numbers whatever types and modalities are called."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch_geometric.data import HeteroData

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.inspecting.describe import describe, warnings
from condense.io import load_condensed, save
from condense.methods.registry import METHODS
from condense.run import condense
from tests.condense.methods.test_methods import graph_for
from tests.support.names import names_of, namings_of, renamed

BRIEF = {
    "srgm": {"epochs": 2, "outer": 3, "check_every": 2},
    "mixture": {"spread": "on"},
    "gcdm": {"epochs": 4, "check_every": 2, "edge_epochs": 1, "feature_epochs": 1},
    "gcdmx": {"epochs": 2, "check_every": 2},
    "simgc": {"steps": 4, "check_every": 2, "edge_steps": 1, "feature_steps": 1},
}
NAMES = (
    {
        "movie": "spread",
        "director": "target",
        "actor": "name",
        "text": "eight_bits",
        "image": "a:b",
    },
    {"movie": "a/b", "director": "a.b", "actor": "a__b", "directed_by": "..", "features": "%41"},
    # A type, a relation and a modality may share a name, and names may differ in case alone.
    {"movie": "text", "director": "TEXT", "actor": "y", "features": "text", "rev_features": "TEXT"},
)
every_method = pytest.mark.parametrize("method", METHODS)


@cache
def graph(method: str) -> MultimodalGraph:
    return graph_for(method)


def condensed(method: str, of: MultimodalGraph) -> CondensedGraph:
    return condense(of, plan(of, 0.3), method, BRIEF.get(method, {}), device="cpu")


@cache
def plain(method: str) -> CondensedGraph:
    return condensed(method, graph(method))


def check_equal(one: HeteroData, other: HeteroData, names: Mapping[str, str]) -> None:
    """Raise unless `other` is `one` under these `names`, in the same order and with the same numbers."""
    assert [names[t] for t in one.node_types] == other.node_types
    assert [tuple(names[part] for part in r) for r in one.edge_types] == other.edge_types
    for mine, its in zip(one.stores[1:], other.stores[1:], strict=True):
        for x, y in zip(mine.values(), its.values(), strict=True):
            assert same(x, y)


def same(x: Any, y: Any) -> bool:
    return bool(torch.equal(x, y)) if isinstance(x, torch.Tensor) else x == y


def check_names(method: str, names: Mapping[str, str]) -> None:
    """Raise unless condensing, saving, loading, describing and drawing are the same under `names`."""
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "small.h5", condensed(method, renamed(graph(method), names)))
        again = load_condensed(Path(folder) / "small.h5")
    check_equal(plain(method).graph, again.graph, names)
    drawn = [small.draw(torch.Generator().manual_seed(0)) for small in (plain(method), again)]
    check_equal(drawn[0], drawn[1], names)
    assert len(warnings(again)) == len(warnings(plain(method)))
    assert all(line.isprintable() for line in describe(again))


@every_method
@pytest.mark.parametrize("changes", NAMES, ids=lambda changes: " ".join(changes.values()))
def test_the_same_numbers_under_awkward_names(method: str, changes: Mapping[str, str]) -> None:
    check_names(method, {n: n for group in names_of(graph(method)) for n in group} | dict(changes))


@pytest.mark.slow
@every_method
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_same_numbers_under_any_names(method: str, data: st.DataObject) -> None:
    check_names(method, data.draw(namings_of(graph(method))))
