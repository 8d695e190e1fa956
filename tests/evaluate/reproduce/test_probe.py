"""Embeddings that are learnt without labels, in plans: shared by splits, decided by the seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condense.io import save
from evaluate.reproduce import (
    Score,
    read_plan,
    reproduce,
)
from evaluate.training.pretrain import pretrain
from tests.support.plans import real_graph, written

PROBED = """
dataset = "{dataset}"
seeds = 2

[models.hetcrf]
protocol = "probe"
settings = {{ hidden = 8, heads = 2, projected = 4 }}
pretraining = {{ epochs = 3 }}
probe = {{ steps = 20 }}

[[published]]
model = "hetcrf"
metric = "macro_f1"
dataset = "{other}"
source = "nowhere"

[[published]]
model = "hetcrf"
metric = "nmi"
source = "nowhere"
bar = 100.0
"""


def test_splits_of_one_data_set_share_what_is_learnt_without_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = real_graph(tmp_path)
    store = graph[graph.target]
    store.train_mask, store.val_mask = store.val_mask, store.train_mask
    save(tmp_path / "other.h5", graph)
    calls = []

    def counted(*arguments: Any) -> float:
        calls.append(1)
        return pretrain(*arguments)

    monkeypatch.setattr("evaluate.reproduce.protocols.pretrain", counted)
    text = PROBED.format(dataset=tmp_path / "mine.h5", other=tmp_path / "other.h5")
    plan = read_plan(written(tmp_path, text))
    scores: list[Sequence[Score]] = []
    macro, nmi = reproduce(plan, tmp_path, on_scores=scores.append)
    assert len(calls) == 2  # One a seed, not one a split.
    assert len({each[0].cell for each in scores}) == 4
    by_hand = [
        s.value for each in scores for s in each
        if s.metric == "macro_f1" and s.dataset.endswith("other.h5")
    ]  # fmt: skip
    assert macro.mean == pytest.approx(50 * sum(by_hand))
    assert not nmi.reached
    assert 0 <= nmi.mean < 100


def test_the_seed_alone_decides_an_embedding(tmp_path: Path) -> None:
    real_graph(tmp_path)
    text = PROBED.format(dataset=tmp_path / "mine.h5", other=tmp_path / "mine.h5")
    plan = read_plan(written(tmp_path, text))
    assert reproduce(plan, tmp_path) == reproduce(plan, tmp_path)
