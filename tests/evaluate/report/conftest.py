"""One tiny run of everything that a report can show."""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

import cli
from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.io import save
from condense.run import condense
from evaluate.results.rows import Row, read_rows, write_rows
from tests.support.graphs import small_graph

MODELS = ("mlp", "sgc", "gcn")


@dataclass(frozen=True)
class TinyRun:
    """A whole graph, two condensed ones, their evaluation, and a made-up search."""

    folder: Path
    whole: MultimodalGraph
    srgm: CondensedGraph
    random: CondensedGraph

    @property
    def rows(self) -> list[Row]:
        return read_rows(self.results / "results.csv")

    @property
    def files(self) -> list[Path]:
        return [self.folder / "srgm.h5", self.folder / "random.h5"]

    @property
    def results(self) -> Path:
        return self.folder / "table"

    @property
    def search(self) -> Path:
        return self.folder / "search"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    folder = tmp_path_factory.mktemp("tiny")
    whole = small_graph(num_target=80)
    save(folder / "whole.h5", whole)
    budget = plan(whole, 0.2, "all", 0.3)
    loaded = {"dataset": str(folder / "whole.h5"), "source": "simulated", "modalities": None}
    settings = {"srgm": {"epochs": 2, "outer": 5, "check_every": 2}, "random": {}}
    condensed_by = {
        method: condense(whole, budget, method, chosen, device="cpu", dataset_settings=loaded)
        for method, chosen in settings.items()
    }
    for method, condensed in condensed_by.items():
        save(folder / f"{method}.h5", condensed)
    run = TinyRun(folder, whole, condensed_by["srgm"], condensed_by["random"])
    status = cli.main(
        ["evaluate", "--condensed", *map(str, run.files), "--models", *MODELS, "--seeds", "3",
         "--epochs", "20", "--check-every", "5", "--out", str(run.results)]
    )  # fmt: skip
    assert status == 0
    record = {
        "command": "evaluate",
        "arguments": {"models": list(MODELS), "seeds": 3, "out": "table"},
        "condensed": [str(file) for file in run.files],
        "versions": {"python": "3.11", "torch": "2.13.0"},
        "dataset": "small",
        "source": "simulated",
    }
    (run.results / "run.json").write_text(json.dumps(record))
    write_search(run.search, run.rows[0])
    return run


def write_search(folder: Path, like: Row) -> None:
    """A search that never was, in a search's files."""
    folder.mkdir()
    scores = [0.5, 0.62, 0.55, 0.7, 0.66, 0.4]
    whole = [0.52, 0.6, 0.58, 0.71, 0.69, 0.45]
    settings = [f"width={2**i}" for i in range(6)]
    models = ["mlp", "gcn", "gcn", "hgt", "hgt", "mlp"]
    _write(folder / "trials.csv", [
        {"trial": f"t{i}", "model": models[i], "settings": settings[i], "score": scores[i],
         "epochs": 60, "train_seconds": 0.5, "status": "TERMINATED"}
        for i in range(6)
    ] + [{"trial": "t6", "model": "mlp", "settings": "width=1", "score": "", "epochs": 0,
          "train_seconds": "", "status": "ERROR"}])  # fmt: skip
    _write(folder / "verify.csv", [
        {"model": models[i], "settings": settings[i], "whole_val": whole[i], "whole_test": whole[i] - 0.01,
         "whole_seconds": 9, "condensed_val": scores[i], "condensed_seconds": 1,
         "subgraph_val": scores[-1 - i], "subgraph_seconds": 1, "short_val": "", "short_seconds": ""}
        for i in range(6)
    ])  # fmt: skip
    interval = {"value": 0.87, "low": 0.61, "high": 1.0}
    quality = {
        "kendall": interval, "spearman": {**interval, "value": 0.94}, "regret": 0.4, "speed_up": 6.5,
    }  # fmt: skip
    record = {
        "dataset": "small", "source": "simulated", "setting": "transductive", "condensed": "srgm.h5",
        "condensed_hash": "0" * 64, "method": "srgm", "ratio": 0.2, "samples": 7, "condense_seconds": 3.0,
        "search_seconds": 12.5,
        "verify": {"condensed": quality, "spread": {"low": 45.0, "high": 71.0, "sd": 9.0},
                   "architectures": 6, "measured": 6},
    }  # fmt: skip
    (folder / "search.json").write_text(json.dumps(record))
    top = [
        dataclasses.replace(
            like, model="hgt", settings="width=8", train_seed=s, micro_f1=0.68 + 0.01 * s,
            val_micro_f1=0.7, cell=f"{s:016x}",
        )
        for s in range(2)
    ]  # fmt: skip
    write_rows(folder / "top.csv", top)


def _write(path: Path, lines: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
