"""The commands print and keep names that a terminal, markup or a path would take for something else."""

from __future__ import annotations

from pathlib import Path

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
