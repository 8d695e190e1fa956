"""--json: one document on stdout, everything for people on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli
import commands.reproduce
from condense.data.condensed import CondensedGraph
from condense.inspecting.describe import describe
from condense.io import load, load_condensed, save
from tests.commands.test_reproduce import PLAN
from tests.support.graphs import PROVENANCE, small_condensed, small_graph
from tests.support.spreads import graph_with_spread

QUICK = ["--method", "srgm", "--epochs", "2", "--outer", "3", "--ratio", "0.2"]


def document(capsys: pytest.CaptureFixture[str]) -> tuple[dict, str]:
    said = capsys.readouterr()
    return json.loads(said.out), said.err


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    return tmp_path / "mine.h5"


def test_condense(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "small.h5"
    assert cli.main(["condense", "--dataset", str(whole), "--out", str(out), *QUICK, "--json"]) == 0
    said, err = document(capsys)
    made = load_condensed(out)
    assert said["file"] == str(out)
    assert said["condense_seconds"] == pytest.approx(made.provenance.condense_seconds)
    assert said["provenance"]["stages"] == made.provenance.stages
    assert said["provenance"]["measures"]["best_step"] == made.provenance.measures["best_step"]
    assert said["node_types"]["movie"]["nodes"] == made.graph["movie"].num_nodes == 16
    assert isinstance(said["warnings"], list)
    assert isinstance(said["notes"], list)
    assert "Written to" in err
    # What was there already is told in the same form.
    command = ["condense", "--dataset", str(whole), "--out", str(out), *QUICK, "--json", "--resume"]
    assert cli.main(command) == 0
    again, err = document(capsys)
    assert "is complete" in err
    assert {**again, "notes": said["notes"]} == said


def test_inspect_says_all_that_its_lines_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "small.h5", small_condensed(history=[{"step": 0.0, "loss": float("nan")}]))
    assert cli.main(["inspect", str(tmp_path / "small.h5"), "--json"]) == 0
    said, err = document(capsys)
    assert err == ""
    assert said["provenance"]["history"] == [{"step": 0.0, "loss": "NaN"}]
    lines = "\n".join(describe(load(tmp_path / "small.h5")))
    assert said["title"] in lines
    for name, nodes in said["node_types"].items():
        assert f"  {name:<16} {nodes['nodes']:>9,} nodes" in lines
        for modality, has in nodes["modalities"].items():
            assert f"{modality} ({has['width']}" in lines
    for edges in said["relations"]:
        assert f"{' / '.join(edges['relation']):<44} {edges['edges']:>9,} edges" in lines
        assert edges["density"] == pytest.approx(
            edges["edges"]
            / said["node_types"][edges["relation"][0]]["nodes"]
            / said["node_types"][edges["relation"][2]]["nodes"],
            rel=0.2,  # Pairs of a node with itself may be left out.
        )
    for key in ("seed", "device", "setting", "ratio_base"):
        assert str(said["provenance"][key]) in lines
    assert f"bytes  {said['bytes']:,}" in lines


def test_inspect_a_whole_graph(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(whole), "--json"]) == 0
    said, _ = document(capsys)
    assert said["kind"] == "whole"
    assert said["splits"] == {"train": 21, "val": 21, "test": 38}
    assert sum(said["classes"]) == 80
    assert "provenance" not in said


def test_reproduce(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = small_graph(num_target=80)
    graph.source = "real"
    save(tmp_path / "mine.h5", graph)
    plan = PLAN.format(dataset=tmp_path / "mine.h5", bar=100.0)
    (tmp_path / "mine.toml").write_text(plan)
    (tmp_path / "gone.toml").write_text(PLAN.format(dataset="cora", bar=0.0))
    monkeypatch.setattr(commands.reproduce, "PAPERS", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", "mine", "--seeds", "1", "--json"]) == 1
    said, err = document(capsys)
    (figure,) = said["figures"]
    assert figure["model"] == "mlp"
    assert (figure["value"], figure["bar"], figure["reached"]) == (50.0, 100.0, False)
    assert figure["difference"] == pytest.approx(figure["mean"] - 50.0)
    assert "MISSED" in err
    assert cli.main(["reproduce", "gone", "--json"]) == 2
    said, _ = document(capsys)
    assert said["figures"] == []
    assert "cora.npz" in said["left_out"][0]["error"]


def test_a_mistake_leaves_stdout_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", "missing.h5", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "missing.h5" in said.err


def test_inspect_a_spread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "spread.h5"
    save(path, CondensedGraph(graph_with_spread(4), PROVENANCE))
    assert cli.main(["inspect", str(path), "--json"]) == 0
    said, _ = document(capsys)
    assert said["spread"]["places"] == [
        [list(relation) for relation in place] for place in graph_with_spread().spread.places
    ]
    assert said["spread"]["factors"] == 1
    assert said["spread"]["bytes"] < said["bytes"]
    assert said["node_types"]["author"]["modalities"] == {"text": {"width": 2, "present": 0.0}}
    lines = "\n".join(describe(load(path)))
    assert "spread   3 places around each paper, 1 factors" in lines
    assert "nan" not in lines.lower()
