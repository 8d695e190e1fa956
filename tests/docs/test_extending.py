"""The templates of docs/extending.md: written to files, registered by their rows, and run."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from condense.budget import plan
from condense.datasets.load import load_dataset
from condense.io import load_condensed, save
from condense.methods.spec import parse
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.report.write import write_report
from evaluate.results.rows import write_rows
from evaluate.training.metrics import METRICS, measure
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from tests.support.graphs import small_graph
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```py(?:thon)?\n# (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)
FILES = {place: text for place, text in BLOCKS if not place.startswith("row of ")}
ROWS = {place: text for place, text in BLOCKS if place.startswith("row of ")}


@pytest.fixture(autouse=True)
def extended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages as they would be with the templates' files in them and the rows in their registries."""
    modules = []
    for file, text in FILES.items():
        path = tmp_path / "extensions" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        package = importlib.import_module(".".join(Path(file).parts[:-1]))
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(path.parent)])
        modules.append(".".join(Path(file).with_suffix("").parts))
    for place, row in ROWS.items():
        name, file = re.fullmatch(r"row of (\w+) in (\S+)", place).groups()  # type: ignore[union-attr]
        registry = importlib.import_module(".".join(Path(file).with_suffix("").parts))
        own = [m for m in modules if m.rpartition(".")[0] == registry.__name__.rpartition(".")[0]]
        imported = {m.rpartition(".")[2]: importlib.import_module(m) for m in own}
        names = {k: v for module in imported.values() for k, v in vars(module).items()}
        for key, entry in eval(f"{{{row}}}", {**imported, **names, **vars(registry)}).items():
            monkeypatch.setitem(getattr(registry, name), key, entry)
    yield
    for module in modules:
        sys.modules.pop(module, None)


def test_every_heading_has_a_file_and_a_row() -> None:
    assert len(FILES) == len(ROWS) == PAGE.count("\n## ")


def test_the_templates_are_clean() -> None:
    for file, text in FILES.items():
        for command in (["check", "--ignore", "F722"], ["format", "--check"]):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "--stdin-filename", file, "-"],
                cwd=ROOT, input=text, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, f"{file}: {done.stdout}{done.stderr}"


def test_a_condenser(tmp_path: Path) -> None:
    assert parse("First:skip=1") == ("first", {"skip": 1})
    graph = small_graph(num_target=80)
    small = condense(graph, plan(graph, 0.1), "first", {"skip": 2}, device="cpu")
    save(tmp_path / "small.h5", small)
    target = load_condensed(tmp_path / "small.h5").graph["movie"]
    for c in range(graph.num_classes):
        nodes = (graph["movie"].train_mask & (graph["movie"].y == c)).nonzero().flatten()
        count = int((target.y == c).sum())
        assert set(target.origin[target.y == c].tolist()) == set(nodes[2 : 2 + count].tolist())


def test_a_metric() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0]]).expand(3, -1)
    assert measure(logits, torch.tensor([0, 1, 2]))["top2"] == pytest.approx(2 / 3)


def test_a_data_set_a_model_and_a_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METRICS, "top2")  # Rows have no column for it here.
    graph = load_dataset("Rings", tmp_path)
    protocol = Protocol(["average"], seeds=1, training=TrainSettings(epochs=60, check_every=20))
    rows = evaluate(EvaluationTask.of(graph), [TrainingGraph("whole", graph)], protocol)
    assert rows[0].micro_f1 > 0.5  # Chance is a third.
    write_rows(tmp_path / "results.csv", rows)
    written = write_report([tmp_path / "results.csv"], tmp_path / "page.html", tmp_path)
    assert "How many trainings" in written.page.read_text(encoding="utf-8")
