"""When two runs count as the same run."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import Provenance
from condense.data.plain_json import spell
from condense.methods.srgm.settings import SRGMSettings
from condense.running.identity import difference, identity
from tests.support.graphs import PROVENANCE, small_graph


def of(seed: int = 0) -> dict:
    graph = small_graph()
    cpu = torch.device("cpu")
    return identity(graph, plan(graph, 0.2), "srgm", SRGMSettings(), seed, cpu)


def test_every_field_is_one_of_a_provenance() -> None:
    assert set(of()) <= {field.name for field in dataclasses.fields(Provenance)}
    rest = {field.name for field in dataclasses.fields(Provenance)} - set(of())
    assert rest == {"dataset_settings", "stages", "complete", "history", "measures"}


def test_the_same_run_after_a_file_is_the_same() -> None:
    assert difference(json.loads(json.dumps(spell(of()))), of()) == ""


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}}, "b.d (3 then, 4 now)"),
        ({"a": 1, "b": 2}, {"a": 2, "b": 3}, "a (1 then, 2 now)"),
        ({"a": [1, 2]}, {"a": (1, 2)}, ""),
        ({"a": float("nan")}, {"a": float("nan")}, ""),
        ({}, {"a": 0}, "a (None then, 0 now)"),
        ({"a": 1, "more": 2}, {"a": 1}, ""),
        ({"a": "x" * 64}, {"a": "y" * 64}, f"a ({'x' * 16}… then, {'y' * 16}… now)"),
    ],
)
def test_the_first_difference_is_named(then: dict, now: dict, expected: str) -> None:
    assert difference(then, now) == expected


def test_a_provenance_of_another_run_differs() -> None:
    assert difference(dataclasses.asdict(PROVENANCE), of()).startswith("dataset_hash (0000")
