"""The main job on the embedded default, small: simulated amazon1 as a file of one's own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cli
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.io import load_condensed, save

pytestmark = pytest.mark.slow


def test_condense_inspect_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, small = tmp_path / "amazon1.h5", tmp_path / "small.h5"
    save(whole, simulate_amazon1(0.03))
    condense = ["condense", "--dataset", str(whole), "--ratio", "0.03", "--out", str(small)]
    assert cli.main([*condense, "--method", "srgm", "--epochs", "3"]) == 0
    assert "amazon1 (simulated)" in capsys.readouterr().out
    made = load_condensed(small)
    assert made.provenance.source == "simulated"
    assert int(made.graph["item"].num_nodes) == 52
    for relation, most in made.provenance.measures["edge_budget"].items():
        kept = made.graph[tuple(relation.split(":"))].edge_index.size(1)
        assert 0 < kept <= most

    assert cli.main(["inspect", str(small)]) == 0
    assert "amazon1 (simulated)" in capsys.readouterr().out
    status = cli.main(
        ["evaluate", "--condensed", str(small), "--models", "mlp", "sgc", "hgt", "--seeds", "1",
         "--epochs", "40", "--baselines", "random", "--out", str(tmp_path)]
    )  # fmt: skip
    assert status == 0
    assert "amazon1 (simulated)" in capsys.readouterr().out
    with (tmp_path / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["source"] for row in rows} == {"simulated"}
    score = {(r["model"], r["method"].partition(":")[0]): float(r["micro_f1"]) for r in rows}
    majority = float(rows[0]["majority"])
    for model in ("mlp", "sgc", "hgt"):
        assert score[model, "srgm"] > majority + 0.05
    assert score["sgc", "srgm"] > score["sgc", "random"]
