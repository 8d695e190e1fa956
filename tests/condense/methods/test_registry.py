"""Methods are registered once: names, settings, help and docs follow from the rows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from commands.condense import CondenseArguments
from condense.methods.protocol import Task
from condense.methods.registry import METHODS, method_table
from condense.methods.spec import label, parse, parse_all
from models.choices import folded
from tests.condense.methods.test_methods import ONE_RELATION, TARGET_ALONE
from tests.support.paths import ROOT


@pytest.mark.parametrize("name", METHODS)
def test_rows_lead_to_a_condenser_and_to_settings_with_defaults(name: str) -> None:
    entry = METHODS[name]
    settings = entry.settings()
    assert set(entry.key_settings) <= set(vars(settings))
    assert entry.condense.__annotations__ == {
        "task": "Task", "settings": type(settings).__name__, "return": "Outcome",
    }  # fmt: skip
    assert Task.__name__ == "Task"


@pytest.mark.parametrize("name", METHODS)
def test_settings_are_read_without_torch(name: str) -> None:
    code = (
        "import sys; from condense.methods.registry import METHODS; "
        f"METHODS[{name!r}].settings(); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_help_and_docs_name_every_method() -> None:
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert f"<!-- methods -->\n{method_table()}\n<!-- /methods -->" in page
    text = CondenseArguments.__doc__ or ""
    line = text[text.index("\n        method:") : text.index("\n        bits:")]
    for name in METHODS:
        assert name in line


def test_spellings() -> None:
    assert len({folded(name) for name in METHODS}) == len(METHODS)
    assert parse("K-Means:labels=pseudo")[0] == "kmeans"
    assert parse("SRGM")[0] == "srgm"


def test_all_fast_stands_for_the_methods_that_take_less_than_a_minute() -> None:
    fast = [name for name, entry in METHODS.items() if entry.fast]
    assert {"random", "kmeans", "coarsening"} <= set(fast)
    assert "srgm" not in fast
    found = [label(*each) for each in parse_all(["kmeans:labels=pseudo", "All-Fast", "random"])]
    assert found == ["kmeans:labels=pseudo", *fast]
    assert parse_all([]) == []


@pytest.mark.parametrize("name", sorted(TARGET_ALONE))
def test_help_says_what_a_method_of_homogeneous_graphs_cannot_take(name: str) -> None:
    text = " ".join((METHODS[name].settings.__doc__ or "").split())
    assert "modalities side by side as one feature matrix" in text
    assert ("takes graphs with one relation" in text) == (name in ONE_RELATION)
    assert ("saves neither edges nor nodes of other types" in text) == (name not in ONE_RELATION)
