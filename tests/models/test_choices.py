"""Names in any spelling, and the error for unknown ones."""

from __future__ import annotations

import pytest

from models.choices import UnknownChoiceError, canonical, check_choice, choose, folded
from models.registry import MODELS


@pytest.mark.parametrize("name", ["hgnn_ima", "HGNN-IMA", "hgnn-ima", "Hgnn Ima", "HGNNIMA"])
def test_case_hyphens_underscores_and_spaces_do_not_matter(name):
    assert canonical(MODELS, name, "model") == "hgnn_ima"
    assert choose(MODELS, name, "model") is MODELS["hgnn_ima"]
    check_choice(tuple(MODELS), name, "model")


def test_no_two_models_are_one_name_in_another_spelling():
    assert len({folded(name) for name in MODELS}) == len(MODELS)


def test_an_exact_match_wins_and_an_ambiguous_one_is_unknown():
    known = ("a-b", "a_b")
    assert [canonical(known, name, "x") for name in known] == list(known)
    with pytest.raises(UnknownChoiceError, match=r"x .got 'AB'. is unknown"):
        canonical(known, "AB", "x")


@pytest.mark.parametrize("look_up", [canonical, choose, check_choice])
def test_an_unknown_name_lists_the_choices_and_the_nearest(look_up):
    with pytest.raises(UnknownChoiceError) as raised:
        look_up(MODELS, "HGTT", "model")
    message = str(raised.value)
    assert message.startswith("model (got 'HGTT') is unknown; did you mean 'hgt'?")
    assert all(name in message for name in MODELS)
    with pytest.raises(UnknownChoiceError, match=r"^model .got 'zzzzz'. is unknown; choose one of"):
        look_up(MODELS, "zzzzz", "model")
