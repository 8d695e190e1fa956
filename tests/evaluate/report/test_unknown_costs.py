"""A report of a graph that another tool condensed: what it cost is unknown, and nowhere free."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cli
from condense.io import save
from evaluate.report.write import report
from tests.condense.foreign.test_graph import SIZES, written
from tests.support.products import products


def test_no_number_stands_for_what_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "whole.h5", products(SIZES))
    paths = written(tmp_path)
    files = ["--feat", str(paths["feat"]), "--adj", str(paths["adj"])]
    assert cli.main(["import", *files, "--dataset", "whole.h5", "--out", "small.h5"]) == 0
    short = ["--models", "mlp", "--seeds", "2", "--epochs", "20", "--out", "table"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *short]) == 0
    found = report([tmp_path / "table", tmp_path / "small.h5"], tmp_path / "page.html")
    said = re.sub(r"<[^>]+>", " ", found.page.read_text(encoding="utf-8"))
    assert "What condensing took is unknown" in said
    assert "foreign:srgm" in said
    assert not re.search(r"\bnan\b", said)
