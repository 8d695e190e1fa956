"""Models with settings in one word."""

from __future__ import annotations

import pytest

from condense.errors import UserError
from evaluate.training.model_spec import parse_model
from evaluate.training.train import TrainSettings
from evaluate.training.tune import candidates
from models.choices import UnknownChoiceError
from models.gcn import SPACE, GCNSettings
from models.hetcrf.settings import HetCRFSettings
from models.registry import MODELS


def test_a_plain_name_is_its_registry_row() -> None:
    assert parse_model("gcn") == ("gcn", MODELS["gcn"])


def test_a_name_is_taken_in_any_spelling() -> None:
    assert parse_model("HGNN-IMA:layers=1") == parse_model("hgnn_ima:layers=1")


def test_given_settings_have_the_declared_types_and_are_not_tuned() -> None:
    name, entry = parse_model("gcn:hidden=8,input_dropout=0.25")
    assert name == "gcn:hidden=8,input_dropout=0.25"
    assert entry.choose_settings() == GCNSettings(hidden=8, input_dropout=0.25)
    assert {"hidden", "input_dropout"} & set(SPACE)
    drawn = candidates(entry, TrainSettings(), 6, 0)
    assert {(c.model.hidden, c.model.input_dropout) for c in drawn} == {(8, 0.25)}
    assert len(drawn) > 1


def test_no_digit_of_a_setting_is_lost() -> None:
    name, entry = parse_model("gcn:dropout=0.123456789")
    assert entry.choose_settings().dropout == 0.123456789
    assert parse_model(name) == (name, entry)


def test_values_at_their_defaults_leave_the_name_short() -> None:
    default = HetCRFSettings().hidden
    name, entry = parse_model(f"hetcrf:hidden={default},learns_from=nothing")
    assert name == "hetcrf:learns_from=nothing"
    assert entry.choose_settings() == HetCRFSettings(learns_from="nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hetcrv", "did you mean 'hetcrf'"),
        ("gcn:hiden=8", "setting 'hiden' is unknown; did you mean 'hidden'"),
        ("gcn:hidden", "'hidden' must read setting=value"),
        ("gcn:hidden=wide", r"hidden .got 'wide'."),
        ("hetcrf:temperature=0", "temperature"),
        ("mlp:dropout=2", r"dropout .got 2.0. must lie in"),
        ("hgt:hidden=63", r"hidden .got 63. must be a multiple of"),
    ],
)
def test_words_that_cannot_be_meant(text: str, said: str) -> None:
    with pytest.raises((UserError, UnknownChoiceError), match=said):
        parse_model(text)
