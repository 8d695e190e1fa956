"""Names have no influence: every model gives the same logits whatever types and modalities are called."""

from __future__ import annotations

import copy
import tempfile
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.io import load, save
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded
from models.sehgnn import name_of
from tests.support.graphs import small_graph
from tests.support.names import NASTY, names_of, namings_of, renamed

pytestmark = pytest.mark.usefixtures("double")
every_model = pytest.mark.parametrize("name", MODELS)
FOLDED = (
    # Each set meets in one key where "." becomes "#" or "·", or where "__" joins a relation's parts.
    {"movie": "a.b", "director": "a#b", "actor": "a·b", "text": "x.y", "image": "x·y"},
    {"movie": "a", "director": "a__b", "actor": "b", "directed_by": "b", "features": "b__a"},
    {"movie": "a:b", "director": "a", "actor": "a:", "text": "b:text", "image": "text"},
    {"movie": "items", "director": "keys", "actor": "values", "text": "type", "image": "to"},
    {"movie": "forward", "director": "training", "actor": "eval", "text": "cuda", "image": "copy"},
    {"movie": "target", "director": "source", "actor": "name", "features": "num_classes"},
    {"movie": "spread", "director": "eight_bits", "actor": "num_classes", "features": "spread"},
    {"movie": "a", "director": "A", "actor": "movie", "features": "MOVIE", "rev_features": "Movie"},
)


@cache
def graph() -> MultimodalGraph:
    return small_graph(weighted=True, dtype=torch.float64)


def namings() -> st.SearchStrategy[dict[str, str]]:
    return namings_of(graph())


def logits(name: str, of: MultimodalGraph) -> torch.Tensor:
    """Of a model in training mode, whose parameters that start at zero are moved, each alike."""
    entry = MODELS[name]
    with seeded(0):
        model = entry.build(GraphSchema.of(of), entry.settings())
        for parameter in model.parameters():  # Torch sorts some of them by name.
            parameter.data.add_(torch.arange(parameter.numel()).sin().view_as(parameter), alpha=0.1)
        return model(model.prepare(of, torch.arange(40))).detach()


@cache
def plain(name: str) -> torch.Tensor:
    return logits(name, graph())


@every_model
@pytest.mark.parametrize("changes", FOLDED, ids=lambda changes: " ".join(changes.values()))
def test_names_that_were_once_confused(name, changes):
    names = {n: n for group in names_of(graph()) for n in group} | changes
    other = renamed(graph(), names)
    check(other)
    assert torch.equal(logits(name, other), plain(name))


@every_model
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=namings())
def test_any_names_give_the_same_logits(name, names):
    assert torch.equal(logits(name, renamed(graph(), names)), plain(name))


@pytest.mark.slow
@every_model
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=namings())
def test_many_names_give_the_same_logits(name, names):
    assert torch.equal(logits(name, renamed(graph(), names)), plain(name))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=namings())
def test_any_names_come_back_from_the_file(names):
    other = renamed(graph(), names)
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "graph.h5", other)
        again = load(Path(folder) / "graph.h5")
    assert isinstance(again, MultimodalGraph)
    assert again.node_types == other.node_types
    assert again.edge_types == other.edge_types
    assert again.target == other.target
    assert fingerprint(again) == fingerprint(other)


@every_model
def test_parameters_can_be_saved_and_loaded_under_any_names(name):
    names = dict(zip((n for g in names_of(graph()) for n in g), NASTY, strict=False))
    entry, other = MODELS[name], renamed(graph(), names)
    with seeded(0):
        one = entry.build(GraphSchema.of(other), entry.settings())
    with seeded(1):
        two = entry.build(GraphSchema.of(other), entry.settings())
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_meta_paths_have_different_names():
    paths = [
        (("a", "b__c", "d"),),
        (("a__b", "c", "d"),),
        (("a", "b", "c"), ("c", "d", "e")),
        (("a", "b", "c c"), ("d", "e", "f")),
        (("a|b", "c", "d"),),
        (("a", "b|c", "d"),),
        (("a", "b c|d|e", "f"),),
        (("a", "b", "c"), ("d", "e", "f")),
    ]
    assert len({name_of(path) for path in paths}) == len(paths)
