"""The comparison at equal bytes goes on from its rows, whichever machine they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.equal_bytes import comparison, graphs
from benchmarks.equal_bytes.comparison import Comparison
from benchmarks.equal_bytes.curves import shares_of
from benchmarks.equal_bytes.graphs import Graphs
from condense.budget import plan
from condense.data.graph import num_bytes
from condense.errors import UserError
from condense.run import condense
from evaluate.results.rows import WHOLE
from tests.support.graphs import small_graph

KEPT = Comparison("debian", 0.01)


def test_a_kept_training_is_not_missing() -> None:
    (chosen,) = KEPT.tried("random", "mlp", seed=4)
    assert chosen in KEPT.settings("random", "mlp")
    assert KEPT.has("random", "mlp", chosen, seed=4)
    assert not KEPT.has("random", "mlp", chosen, seed=99)
    assert not KEPT.has("herding", "mlp", chosen, seed=4)
    assert len(KEPT.tried("random", "mlp", seed=0)) == 3
    assert len(Comparison("cora", 0.2).tried("random", "mlp", seed=0)) == 2


@pytest.mark.parametrize("dataset", comparison.LARGE)
def test_all_methods_are_tuned_alike(dataset: str) -> None:
    for share in shares_of(dataset):
        one = Comparison(dataset, share)
        for method in (*comparison.METHODS, WHOLE):
            for model in comparison.MODELS_OF_MEANS:
                tried = [
                    one.has(method, model, each, seed=0) for each in one.tried(method, model, 0)
                ]
                assert all(tried) or not one.rows(method, model), (share, method, model)


def test_a_row_says_the_ratio_of_its_bytes() -> None:
    assert KEPT.ratio("random") == pytest.approx(0.0244, rel=0.01)
    assert KEPT.ratio("gcond") is None


def test_a_ratio_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "ROWS", tmp_path / "rows")
    graph = small_graph(num_target=400)
    one = condense(graph, plan(graph, 0.2), "random", bits=8, device="cpu")
    share = num_bytes(one.graph) / num_bytes(graph)
    made = Graphs(Comparison("debian", share), tmp_path / "graphs").condensed("random", graph, 0)
    taken = num_bytes(made.graph) / num_bytes(graph)
    assert graphs.LEAST <= taken / share <= graphs.MOST


def test_a_share_that_no_ratio_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "ROWS", tmp_path / "rows")
    with pytest.raises(UserError, match="ratio"):
        Graphs(Comparison("debian", 1e-6), tmp_path).condensed("random", small_graph(), 0)
    assert not list(tmp_path.glob("*.h5"))
