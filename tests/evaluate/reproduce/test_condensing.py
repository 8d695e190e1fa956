"""Plans whose models are trained on condensed graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from condense.budget import plan as budget_of
from condense.errors import UserError
from condense.run import condense
from evaluate.reproduce import (
    Score,
    read_plan,
    reproduce,
)
from evaluate.reproduce.protocols import cell_of
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict
from evaluate.training.tune import fit
from models.choices import UnknownChoiceError
from models.registry import MODELS
from tests.support.plans import PLAN, real_graph, written

CONDENSED = """
[models.small]
model = "mlp"
condense = {{ method = "kmeans:labels={labels}", ratio = 0.2 }}

[[published]]
model = "small"
value = 50.0
source = "Somebody (2020), Table 2"
"""


def test_a_model_is_trained_on_graphs_condensed_with_its_seeds(tmp_path: Path) -> None:
    graph = real_graph(tmp_path)
    text = PLAN.format(dataset=tmp_path / "mine.h5") + CONDENSED.format(labels="pseudo")
    plan = read_plan(written(tmp_path, text))
    scores: list[Score] = []
    folder = tmp_path / "condensed"
    found = reproduce(plan, tmp_path, "cpu", on_scores=scores.extend, folder=folder)
    task, entry = EvaluationTask.of(graph, scaling="none"), plan.entries["small"]
    for seed in range(2):
        budget = budget_of(graph, 0.2)
        small = condense(graph, budget, "kmeans", {"labels": "pseudo"}, seed=seed, device="cpu")
        result = fit(MODELS["mlp"], entry.choice, task, task.admit(small.graph), seed)
        logits = predict(result.model, task.whole, task.test_rows(), epoch=result.epoch)
        hits = (logits.argmax(dim=1) == task.test_labels()).double().mean()
        (mine,) = (s for s in scores if (s.model, s.seed, s.metric) == ("small", seed, "accuracy"))
        assert mine.value == pytest.approx(float(hits))
    assert len(list(folder.glob("kmeans-seed*.h5"))) == 2
    assert found[-1].published.model == "small"
    # Another graph to train on is another training; the whole graph's are known.
    cells = {cell_of(task, plan.entries[name], 0) for name in ("mlp", "small")}
    other = read_plan(written(tmp_path, text.replace("labels=pseudo", "labels=labelled")))
    cells.add(cell_of(task, other.entries["small"], 0))
    assert len(cells) == 3
    assert cell_of(task, other.entries["mlp"], 0) in cells


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('method = "kmean", ratio = 0.2', "kmeans"),
        ('method = "kmeans:labels=some", ratio = 0.2', "labels"),
        ('method = "kmeans", ratio = 2.0', "ratio"),
        ('method = "kmeans"', "ratio"),
        ('method = "kmeans", ratio = 0.2, relay = 1', "relay"),
    ],
)
def test_how_to_condense_is_checked(tmp_path: Path, table: str, said: str) -> None:
    text = PLAN.format(dataset="cora") + CONDENSED.format(labels="pseudo")
    before = 'method = "kmeans:labels=pseudo", ratio = 0.2'
    path = written(tmp_path, text.replace(before, table))
    with pytest.raises((UserError, UnknownChoiceError), match=said):
        read_plan(path)


def test_what_cannot_be_condensed_names_the_table(tmp_path: Path) -> None:
    real_graph(tmp_path)
    text = PLAN.format(dataset=tmp_path / "mine.h5") + CONDENSED.format(labels="pseudo")
    plan = read_plan(written(tmp_path, text.replace("ratio = 0.2", "ratio = 0.01")))
    with pytest.raises(UserError, match=r"condense.*'ratio': 0.01.*fewer than the 3 classes"):
        reproduce(plan, tmp_path, "cpu")


def test_embeddings_are_not_learnt_on_condensed_graphs(tmp_path: Path) -> None:
    text = PLAN.format(dataset="cora") + CONDENSED.format(labels="pseudo")
    text = text.replace('model = "mlp"\ncondense', 'model = "shgp"\nprotocol = "probe"\ncondense')
    with pytest.raises(UserError, match=r"condense .* is not read by the protocol 'probe'"):
        read_plan(written(tmp_path, text))
