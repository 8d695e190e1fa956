"""The commands print and keep names that a terminal, markup or a path would take for something else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

import cli
from condense.io import load_condensed, save
from tests.support.graphs import small_graph
from tests.support.names import names_of, renamed

NAMES = {
    "movie": "[/]",
    "director": "source",
    "actor": "[bold]x[/bold]",
    "directed_by": "../a",
    "features": "[/red] ",
    "rev_features": "\x1b[31m\n",
    "text": "[b",
}


def test_condense_inspect_and_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = small_graph()
    names = {name: name for group in names_of(graph) for name in group} | NAMES
    graph = renamed(graph, names)
    graph.name = "[/] [red]mine"
    save("whole.h5", graph)
    asked = ["--method", "random", "--ratio", "0.3", "--edge-ratio", "0.01", "--out", "small.h5"]
    assert cli.main(["condense", "--dataset", "whole.h5", *asked]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "[/] [red]mine (simulated), transductive" in said
    assert "of all [/] nodes" in said
    assert "[bold]x[/bold]" in said

    small = load_condensed("small.h5")
    assert small.graph.node_types == graph.node_types
    assert small.graph.edge_types == graph.edge_types
    assert list(small.provenance.measures["edge_budget"]) == [
        "[%2F]:%2E%2E%2Fa:source",
        "source:rev_directed_by:[%2F]",
        "[%2F]:[%2Fred] :[bold]x[%2Fbold]",
        "[bold]x[%2Fbold]:\x1b[31m\n:[%2F]",
    ]

    assert cli.main(["inspect", "small.h5"]) == 0
    said = capsys.readouterr().out
    assert r"[bold]x[/bold] / \x1b[31m\n / [/]" in said
    assert "\x1b[31m" not in said

    models = ["--models", "mlp", "--seeds", "1", "--epochs", "3", "--out", "scores"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *models]) == 0


def test_control_characters_are_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal would obey an escape sequence; a page with one is no XML."""
    monkeypatch.chdir(tmp_path)
    graph, red = small_graph(), "\x1b[31m"
    names = {name: red + name for group in names_of(graph) for name in group}
    graph = renamed(graph, names)
    graph.name = f"{red}mine"
    save("whole.h5", graph)
    asked = ["--method", "random", "--ratio", "0.3", "--out", "small.h5"]
    for argv in (
        ["condense", "--dataset", "whole.h5", *asked],
        ["inspect", "small.h5"],
        ["inspect", "small.h5", "--json"],
        ["report", "small.h5", "--out", "report.html"],
    ):
        assert cli.main(argv) == 0
        said = capsys.readouterr()
        assert "\x1b" not in said.out + said.err
        if argv[0] == "condense":
            assert r"of all \x1b[31mmovie nodes" in said.out
            assert r"\x1b[31mmine (simulated)" in said.out
    page = Path("report.html").read_text(encoding="utf-8")
    assert r"\x1b[31mmovie" in page
    assert "\x1b" not in page
    tables = list(Path("report_files").glob("*.md"))
    assert tables
    assert not any("\x1b" in table.read_text(encoding="utf-8") for table in tables)
    for drawing in Path("report_files").glob("*.svg"):
        ElementTree.parse(drawing)
