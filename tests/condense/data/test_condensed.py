"""Provenance: plain values, an exact JSON round trip, errors that name the key."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from condense.data.condensed import Provenance
from condense.errors import FileError
from tests.support.graphs import PROVENANCE

STAGE = {"name": "x", "seconds": 1.0, "peak_bytes": 1}


def test_round_trip():
    assert Provenance.from_json(PROVENANCE.to_json()) == PROVENANCE


def test_json_has_one_key_a_field_and_plain_values():
    record = json.loads(PROVENANCE.to_json())
    assert list(record) == [field.name for field in dataclasses.fields(Provenance)]
    assert record["settings"] == {"restarts": 3, "pseudo_labels": True, "lambda": 0.5, "note": None}
    assert record["stages"][1] == {"name": "cluster", "seconds": 1.5, "peak_bytes": 8192}


def test_condense_seconds_is_the_sum_of_the_stages():
    assert PROVENANCE.condense_seconds == 1.75
    assert math.isnan(
        dataclasses.replace(PROVENANCE, stages=[]).condense_seconds
    )  # Unknown, not free.


def test_numbers_that_json_lacks_survive_in_strict_json():
    history = [{"loss": math.nan, "energy": math.inf, "mass": -math.inf, "step": 3}]
    diverged = dataclasses.replace(PROVENANCE, history=history)

    def reject(word):
        raise AssertionError(word)

    json.loads(diverged.to_json(), parse_constant=reject)
    (record,) = Provenance.from_json(diverged.to_json()).history
    assert math.isnan(record["loss"])
    assert (record["energy"], record["mass"], record["step"]) == (math.inf, -math.inf, 3)


def test_floats_survive_bit_for_bit():
    values = {"third": 1 / 3, "tiny": 5e-324, "big": 1.7976931348623157e308, "sum": 0.1 + 0.2}
    changed = dataclasses.replace(PROVENANCE, measures=values)
    assert Provenance.from_json(changed.to_json()).measures == values


def test_values_are_copied_and_made_plain():
    sizes = [1, 2]
    settings = {"sizes": sizes, "pair": (3, 4), "rate": np.float64(0.5)}
    made = dataclasses.replace(PROVENANCE, settings=settings, ratio=1)
    sizes.append(3)
    assert made.settings == {"sizes": [1, 2], "pair": [3, 4], "rate": 0.5}
    assert type(made.settings["rate"]) is float
    assert type(made.ratio) is float
    assert settings["pair"] == (3, 4)


@pytest.mark.parametrize(
    ("changes", "where", "rule"),
    [
        ({"source": "synthetic"}, "source", "'real' or 'simulated'"),
        ({"ratio_base": "test"}, "ratio_base", "'all' or 'train'"),
        ({"setting": "deductive"}, "setting", "'transductive' or 'inductive'"),
        ({"seed": "7"}, "seed", "valid integer"),
        ({"seed": True}, "seed", "valid integer"),
        ({"complete": 1}, "complete", "valid boolean"),
        ({"settings": []}, "settings", "valid dictionary"),
        ({"settings": {"x": {1, 2}}}, "settings.x", "valid JSON value"),
        ({"history": [{"loss": torch.ones(1)}]}, "history.0.loss", "must be a number"),
        ({"history": [0.5]}, "history.0", "valid dictionary"),
        ({"measures": {("a", "r", "b"): 1}}, "measures", "valid string"),
        ({"stages": [{"name": "x"}]}, "stages.0.seconds", "field required"),
        ({"stages": [{**STAGE, "seconds": "12"}]}, "stages.0.seconds", "must be a number"),
        ({"stages": [{**STAGE, "seconds": -1.0}]}, "stages.0.seconds", "must lie in 0"),
        ({"stages": [{**STAGE, "seconds": math.nan}]}, "stages.0.seconds", "must lie in 0"),
        ({"stages": [{**STAGE, "peak_bytes": math.inf}]}, "stages.0.peak_bytes", "must lie in 0"),
        ({"stages": [{**STAGE, "seconds": 10**400}]}, "stages.0.seconds", "within 64 bits"),
        ({"history": [{"loss": "1"}]}, "history.0.loss", "must be a number"),
        ({"history": [{"loss": 10**400}]}, "history.0.loss", "within 64 bits"),
        ({"stages": [{**STAGE, "watts": 3}]}, "stages.0.watts", "extra inputs are not permitted"),
    ],
)
def test_wrong_values_are_named(changes, where, rule):
    with pytest.raises(ValidationError) as caught:
        dataclasses.replace(PROVENANCE, **changes)
    named = {".".join(map(str, e["loc"])): e["msg"].lower() for e in caught.value.errors()}
    assert any(place.startswith(where) and rule.lower() in text for place, text in named.items()), (
        named
    )


def _json(**changes):
    return json.dumps({**json.loads(PROVENANCE.to_json()), **changes})


def test_every_missing_key_is_named():
    for name in [field.name for field in dataclasses.fields(Provenance)]:
        record = json.loads(PROVENANCE.to_json())
        del record[name]
        if name == "setting":  # Files from before there were two settings.
            assert Provenance.from_json(json.dumps(record)).setting == "transductive"
            continue
        with pytest.raises(FileError, match=f"lacks the key '{name}'"):
            Provenance.from_json(json.dumps(record))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "provenance is not JSON"),
        ("[1]", r"provenance \(got list\) must be a JSON object"),
        (_json(sed=1), r"unknown key 'sed'; did you mean 'seed'\?"),
        (_json(seed=1.5), r"provenance: seed \(got 1\.5\): input should be a valid integer"),
        (_json(source="x"), r"provenance: source \(got 'x'\): input should be 'real' or"),
    ],
)
def test_bad_json_is_a_file_error(text, message):
    with pytest.raises(FileError, match=message):
        Provenance.from_json(text)
