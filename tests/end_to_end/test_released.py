"""The eleven graphs that the authors of SR-GM published: imported, inspected, one of them evaluated.

The whole graphs behind them are not here; random ones of their shape stand in, so no score means anything.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

import cli
from benchmarks.released import RATIO, released, stand_in
from condense.foreign import ForeignFiles, import_graph
from condense.inspecting.describe import warnings
from condense.io import save
from tests.support.shared_data import DATA, needs

pytestmark = needs("srgm_released")

EDGELESS = {f"ele-fashion {r}" for r in (0.001, 0.003, 0.005)} | {"books 0.00025", "books 0.0005"}
"""Said in DESIGN.md, section 4."""
NODES = {"ele-fashion 0.001": 58, "ele-fashion 0.003": 175, "ele-fashion 0.005": 293,
         "books 0.00025": 101, "books 0.0005": 203, "sport 0.001": 21, "sport 0.003": 65,
         "sport 0.005": 108, "cloth 0.001": 59, "cloth 0.003": 177, "cloth 0.005": 295}  # fmt: skip
"""Said in ../shared/papers/facts.md."""


def test_all_are_imported_and_five_are_edgeless() -> None:
    found, nodes = set(), {}
    for one in released(DATA):
        files = ForeignFiles(one.features, one.adjacency)
        made = import_graph(stand_in(one), files, ratio=RATIO)
        store = made.graph["item"]
        nodes[one.title] = store.num_nodes
        assert store.x_text.size(1) == store.x_image.size(1) in (512, 1024)
        counts = torch.bincount(store.y)
        assert bool((counts[1:] >= counts[:-1]).all())  # As the stand-in's classes grow.
        assert bool((store.y[1:] >= store.y[:-1]).all())  # In ascending order of size.
        assert made.provenance.measures["symmetric"]
        assert not any("times as large" in said for said in warnings(made))
        assert made.provenance.measures["dropped_loops"] == 0
        if not made.graph["item", "to", "item"].edge_index.size(1):
            found.add(one.title)
            assert made.provenance.measures["largest_entry"] <= 0.006
            assert any("edgeless for any threshold above" in said for said in warnings(made))
    assert nodes == NODES
    assert found == EDGELESS


def test_one_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (one,) = (one for one in released(DATA) if one.title == "sport 0.003")
    save(tmp_path / "sport.h5", stand_in(one))
    words = ["--feat", str(one.features), "--adj", str(one.adjacency), "--ratio", str(RATIO)]
    shape = ["--dataset", "sport.h5", "--modalities", "text:1024", "image:1024"]
    assert cli.main(["import", *words, *shape, "--out", "released.h5"]) == 0
    assert cli.main(["inspect", "released.h5"]) == 0
    assert "condensed from stand-in for sport (simulated)" in capsys.readouterr().out
    models = ["--models", "mlp", "gcn", "--seeds", "1", "--epochs", "10"]
    assert cli.main(["evaluate", "--condensed", "released.h5", *models, "--out", "table"]) == 0
    with (tmp_path / "table" / "results.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["method"] == "foreign:srgm"]
    assert [row["model"] for row in rows] == ["mlp", "gcn"]
    assert {row["condense_seconds"] for row in rows} == {""}
