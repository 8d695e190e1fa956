"""A table's exceptions for large graphs reach the protocol of the model they name, and no other."""

from __future__ import annotations

import pytest

from benchmarks.tables import TABLES
from evaluate.training.train import TrainSettings


@pytest.mark.parametrize(
    ("model", "epochs", "lr"),
    [("hgt", 60, 0.01), ("hgnn_ima", 20, TrainSettings().lr), ("gcn", 100, TrainSettings().lr)],
)
def test_exceptions_are_a_models_own(model: str, epochs: int, lr: float) -> None:
    protocol = TABLES["amazon1"].protocol(model)
    assert protocol.models == (model,)
    assert (protocol.seeds, protocol.per_graph, protocol.tune) == (5, 1, 1)
    assert (protocol.training.epochs, protocol.training.lr) == (epochs, lr)


def test_seeds_and_epochs_may_be_replaced() -> None:
    protocol = TABLES["amazon1"].protocol("hgt", seeds=10, epochs=7)
    assert (protocol.seeds, protocol.training.epochs, protocol.training.lr) == (10, 7, 0.01)
