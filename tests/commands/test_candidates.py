"""What completion proposes, out of the options that the commands really have."""

from __future__ import annotations

import dataclasses

import pytest

import cli
from commands.candidates import arguments_of, candidates
from condense.methods.registry import METHODS


def after(*words: str) -> list[str]:
    return candidates(cli.COMMANDS, words)


def test_commands_come_first() -> None:
    assert after("") == list(cli.COMMANDS)
    assert after("con") == ["condense"]
    assert after("-") == ["--help"]
    assert after("condence", "") == []


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_says_its_options(command: str) -> None:
    (kind, *_) = arguments_of(cli.COMMANDS[command], [])
    flags = after(command, "--")
    for field in dataclasses.fields(kind):
        alone = "Positional" in str(field.type)
        assert (f"--{field.name.replace('_', '-')}" in flags) == (not alone)
    assert "--help" in flags


def test_options_of_the_method_that_was_named() -> None:
    assert "--outer" in after("condense", "--method", "srgm", "--")
    assert "--outer" not in after("condense", "--")
    assert "--outer" not in after("condense", "--method", "kmeans", "--")
    assert after("condense", "--method=kmeans", "--lab") == ["--labels"]
    assert after("condense", "--method", "kmeans", "--labels", "") == ["labelled", "pseudo"]
    assert after("condense", "--method", "unknown", "--rat") == ["--ratio", "--ratio-base"]


def test_values() -> None:
    assert after("condense", "--method", "") == list(METHODS)
    assert after("condense", "--dataset", "imdb") == ["imdb", "imdb-unique"]
    assert after("condense", "--setting", "in") == ["inductive"]
    assert after("evaluate", "--models", "mlp", "s") == [
        "sgc",
        "sehgnn",
        "sehgnn_late",
        "shgp",
        "shgp_late",
    ]
    assert after("completion", "") == ["bash", "zsh", "fish"]
    assert "cora" in after("reproduce", "")
    assert "cora" in after("reproduce", "imdb", "")
    assert "cora" in after("reproduce", "--seeds", "3", "")


def test_nothing_is_proposed_where_a_file_or_a_number_is_meant() -> None:
    assert after("inspect", "") == []
    assert after("condense", "--out", "") == []
    assert after("condense", "--ratio", "") == []
    assert after("evaluate", "--condensed", "a.h5", "") == []


def test_after_a_value_or_a_switch_come_options() -> None:
    assert "--method" in after("condense", "--ratio", "0.1", "")
    assert "--method" in after("condense", "--resume", "")
    assert after("condense", "--no-r") == ["--no-resume"]
