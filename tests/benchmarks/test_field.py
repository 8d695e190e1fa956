"""The comparison of all condensers: fronts, wins and losses, limits and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.equal_bytes import comparison, graphs
from benchmarks.equal_bytes.comparison import SOURCES, TITLES, Comparison
from benchmarks.equal_bytes.graphs import Graphs
from benchmarks.equal_bytes.limits import OverLimitError, limited
from benchmarks.field import standing
from benchmarks.field.figure import described, pareto
from benchmarks.field.standing import METHODS, SHARES, Standing, Tally, front, record
from condense.budget import plan
from condense.data.graph import num_bytes
from condense.methods.registry import METHODS as METHODS_BY_NAME
from condense.methods.spec import parse
from condense.run import condense
from tests.support.graphs import small_graph


def on(dataset: str, method: str, score: float, seconds: float = 1.0) -> Standing:
    return Standing(dataset, method, score, 1.1 * score, seconds, 1)


def known(*standings: Standing) -> dict[tuple[str, str], Standing]:
    return {(one.dataset, one.method): one for one in standings}


def test_every_condenser_takes_part() -> None:
    assert {parse(method)[0] for method in METHODS} == set(METHODS_BY_NAME)
    assert set(SHARES) == set(SOURCES) == set(TITLES)


def test_wins_ties_and_losses_are_counted_pair_by_pair() -> None:
    tallies = record(
        known(
            on("cora", "srgm", 80), on("cora", "random", 70), on("cora", "gcond", 79.5),
            on("acm", "srgm", 60), on("acm", "random", 90),
        )
    )  # fmt: skip
    assert tallies == {"srgm": Tally(1, 1, 1), "random": Tally(1, 0, 2), "gcond": Tally(1, 1, 0)}


def test_the_front_is_what_no_other_method_beats() -> None:
    slow, fast = on("cora", "srgm", 80, 9), on("cora", "random", 60, 1)
    beaten, twin = on("cora", "gcond", 70, 20), on("cora", "herding", 50, 1)
    assert front([slow, beaten, twin, fast]) == [fast, slow]


def test_the_figure_has_a_panel_for_each_measured_set() -> None:
    numbers = known(on("cora", "srgm", 80, 9), on("acm", "random", 60))
    shown = [axes.get_title(loc="left") for axes in pareto(numbers).axes]
    assert [title for title in shown if title] == ["Cora", "ACM"]
    assert "cora, srgm: 88.0 %, 9 s" in described(numbers)


def test_nothing_stands_without_all_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "ROWS", tmp_path)
    assert standing.standings() == {}


def test_who_takes_too_long_is_stopped() -> None:
    def endless() -> None:
        while True:
            pass

    with pytest.raises(OverLimitError, match="0 minutes"), limited(seconds=0.05):
        endless()


def test_who_takes_too_much_memory_is_stopped() -> None:
    with pytest.raises(OverLimitError, match="GiB"), limited(memory=2**31):
        torch.ones(2**31)
    torch.ones(1)


def test_other_errors_are_not_taken_for_a_limit() -> None:
    with pytest.raises(RuntimeError, match="shapes"), limited():
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_who_is_left_out_is_kept_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "ROWS", tmp_path)
    one = Comparison("cora", 0.2)
    assert one.reason("srgm") == ""
    one.leave_out("srgm", "more than an hour")
    assert one.reason("srgm") == "more than an hour"
    assert Comparison("acm", 0.2).reason("srgm") == ""


def test_who_has_no_more_training_nodes_takes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "ROWS", tmp_path / "rows")
    graph = small_graph(num_target=400)
    all_training = int(graph[graph.target].train_mask.sum())
    made = Graphs(Comparison("cora", 0.95), tmp_path / "graphs").condensed("herding", graph, 0)
    assert made.graph[graph.target].num_nodes == all_training
    assert num_bytes(made.graph) < graphs.LEAST * 0.95 * num_bytes(graph)


def test_features_that_will_be_learnt_count_as_dense() -> None:
    graph = small_graph(num_target=400, text_width=40)
    store = graph[graph.target]
    store.x_text = store.x_text.clone()
    sparse = graph.clone()
    sparse[graph.target].x_text = torch.zeros_like(store.x_text)
    small, other = (
        condense(g, plan(g, 0.2), "random", bits=8, device="cpu").graph for g in (graph, sparse)
    )
    assert num_bytes(other) < num_bytes(small)
    assert graphs.dense_bytes(other) == graphs.dense_bytes(small) == num_bytes(small)
