"""A graph that another tool condensed: the report shows its costs as unknown, not as zero."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cli
from condense.io import save
from evaluate.report.write import write_report
from tests.condense.foreign.test_graph import SIZES, written
from tests.support.products import products


def test_no_number_stands_for_an_unknown_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "whole.h5", products(SIZES))
    paths = written(tmp_path)
    files = ["--feat", str(paths["feat"]), "--adj", str(paths["adj"])]
    assert cli.main(["import", *files, "--dataset", "whole.h5", "--out", "small.h5"]) == 0
    short = ["--models", "mlp", "--seeds", "2", "--epochs", "20", "--out", "table"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *short]) == 0
    report = write_report([tmp_path / "table", tmp_path / "small.h5"], tmp_path / "page.html")
    text = re.sub(r"<[^>]+>", " ", report.page.read_text(encoding="utf-8"))
    assert "The time to condense it is unknown" in text
    assert "foreign:srgm" in text
    assert not re.search(r"\bnan\b", text)
