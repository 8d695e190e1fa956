"""A verification: all sides, kept as they end, and no test label in what is chosen by."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.run import condense
from evaluate.search.architecture import Architecture
from evaluate.search.ranking_quality import Verification, extrapolated
from evaluate.search.record import SideRow, read_table
from evaluate.search.side_trainer import SideTrainer
from evaluate.search.space import Family, Space, sample
from evaluate.search.top import retrain
from evaluate.search.trial import TrialData
from evaluate.search.verify import Verifier, pick
from evaluate.training.task import EvaluationTask
from models.registry import MODELS
from tests.support.broken_models import BROKEN
from tests.support.graphs import small_graph

LR = {"lr": (0.003, 0.03)}
SPACE = Space(
    6,
    3,
    {
        "mlp": Family({"hidden": (4, 16), "input_dropout": (0.0, 0.5)}, LR),
        "sgc": Family({"hops": (1, 2)}, LR),
        "gcn": Family({"hidden": (4, 16), "layers": (1, 2)}, LR),
    },
)


def verifier(folder: Path, graph: MultimodalGraph, on_row=lambda row: None) -> Verifier:
    task = EvaluationTask.of(graph)
    made = condense(graph, plan(graph, 0.2), "random", device="cpu")
    trainer = SideTrainer(task, folder / "sides.csv", 0, on_row)
    return Verifier(trainer, task.admit(made.graph), 0.5, SPACE.epochs, SPACE.check_every, folder)


def scores(found: Verification) -> list[tuple]:
    return [
        (r.model, r.settings, r.whole_val, r.condensed_val, r.subgraph_val, r.short_val)
        for r in found.rows
    ]


def test_a_killed_verification_goes_on(tmp_path: Path) -> None:
    graph, architectures = small_graph(num_target=80), sample(SPACE, 6, 0)
    whole = verifier(tmp_path / "whole", graph).run(architectures)
    for stop in (1, 8, 15, 22):
        ran: list[SideRow] = []

        def killed(row: SideRow, ran: list[SideRow] = ran, stop: int = stop) -> None:
            ran.append(row)
            if len(ran) == stop:
                raise KeyboardInterrupt

        folder = tmp_path / str(stop)
        with pytest.raises(KeyboardInterrupt):
            verifier(folder, graph, killed).run(architectures)
        # As text, since NaN is no equal of itself.
        assert str(read_table(folder / "sides.csv", SideRow)) == str(ran)
        again: list[SideRow] = []
        done = verifier(folder, graph, again.append).run(architectures)
        assert len(again) == 4 * 6 - stop
        assert not {dataclasses.astuple(r)[:7] for r in again} & {
            dataclasses.astuple(r)[:7] for r in ran
        }
        # The baselines' sizes follow from times, which differ from run to run; the rest does not.
        assert [s[:4] for s in scores(done)] == [s[:4] for s in scores(whole)]
    finished: list[SideRow] = []
    verifier(tmp_path / "8", graph, finished.append).run(architectures)
    assert finished == []


def test_figures_follow_from_the_rows(tmp_path: Path) -> None:
    graph, architectures = small_graph(num_target=80), sample(SPACE, 8, 1)
    found = verifier(tmp_path, graph).run(architectures)
    rows = {side: [] for side in ("whole", "condensed", "subgraph", "short")}
    for row in read_table(tmp_path / "sides.csv", SideRow):
        rows[row.side].append(row)
    assert {side: len(own) for side, own in rows.items()} == dict.fromkeys(rows, 8)
    whole = sum(r.train_seconds + r.validate_seconds for r in rows["whole"])
    condensed = sum(r.train_seconds + r.validate_seconds for r in rows["condensed"])
    assert found.sides["condensed"].speed_up == pytest.approx(whole / (0.5 + condensed))
    assert found.sides["condensed"].seconds == pytest.approx(found.allowed)
    assert found.allowed == pytest.approx((0.5 + condensed) / 8)
    subgraph = sum(r.train_seconds + r.validate_seconds for r in rows["subgraph"])
    assert found.sides["subgraph"].speed_up == pytest.approx(whole / subgraph)
    training = (
        sum(r.train_seconds for r in rows["whole"]),
        sum(r.train_seconds for r in rows["condensed"]),
    )
    assert found.sides["condensed"].speed_up_training == pytest.approx(
        training[0] / (0.5 + training[1])
    )
    best = max(rows["whole"], key=lambda r: r.val)
    chosen = [r.condensed_val for r in found.rows]
    if chosen.count(max(chosen)) == 1 and [r.val for r in rows["whole"]].count(best.val) == 1:
        test = found.rows[chosen.index(max(chosen))].whole_test
        assert found.sides["condensed"].regret == pytest.approx(100 * (best.test - test))


def test_test_labels_change_test_scores_alone(tmp_path: Path) -> None:
    graph, permuted = small_graph(num_target=80), small_graph(num_target=80)
    rows = permuted["movie"].test_mask.nonzero().flatten()
    permuted["movie"].y[rows] = permuted["movie"].y[rows.flip(0)]
    architectures = sample(SPACE, 4, 0)
    one = verifier(tmp_path / "a", graph).run(architectures)
    other = verifier(tmp_path / "b", permuted).run(architectures)
    assert [s[:4] for s in scores(one)] == [s[:4] for s in scores(other)]
    assert [r.whole_test for r in one.rows] != [r.whole_test for r in other.rows]


def test_corrected_test_labels_are_scored_anew(tmp_path: Path) -> None:
    graph, path = small_graph(num_target=80), tmp_path / "sides.csv"
    one = sample(SPACE, 1, 0)[0]

    def trained(file: Path) -> tuple[list[SideRow], int]:
        """The rows of a tested training and of one that is not, and how many of them were run now."""
        ran: list[SideRow] = []
        task = EvaluationTask.of(graph)
        trainer, data = SideTrainer(task, file, 0, ran.append), TrialData.of(task, task.training)
        return [trainer.train("whole", data, one, 3, 3, test) for test in (True, False)], len(ran)

    first, _ = trained(path)
    assert trained(path)[1] == 0
    rows = graph["movie"].test_mask.nonzero().flatten()
    graph["movie"].y[rows] = graph["movie"].y[rows.flip(0)]
    (tested, _), ran = trained(path)
    assert ran == 1
    assert tested.test == trained(tmp_path / "new.csv")[0][0].test != first[0].test
    assert tested.val == first[0].val


def test_whole_graphs_of_a_few_are_extrapolated(tmp_path: Path) -> None:
    graph, architectures = small_graph(num_target=80), sample(SPACE, 7, 0)
    found = verifier(tmp_path, graph).run(architectures, 3)
    rows = read_table(tmp_path / "sides.csv", SideRow)
    assert sum(r.side == "condensed" for r in rows) == 7
    assert {r.model for r in rows if r.side == "whole"} == {"mlp", "sgc", "gcn"}
    assert [sum(r.side == s for r in rows) for s in ("whole", "subgraph", "short")] == [3, 3, 3]
    assert (found.architectures, found.measured) == (7, 3)
    seconds = {r.model: r.seconds for r in rows if r.side == "whole"}
    expected = sum(seconds[a.model] for a in architectures) / 7
    assert found.whole_seconds == pytest.approx(expected)


def test_extrapolation_by_family_or_by_all() -> None:
    a, b, c, d = (Architecture(m, {"hidden": h}, {}) for m, h in
                  (("mlp", 1), ("mlp", 2), ("mlp", 3), ("gcn", 1)))  # fmt: skip
    whole = {
        one.key: SideRow("whole", 9, 1, 1, 0, *one.key, 0.5, 0.5, seconds, 1.0)
        for one, seconds in ((a, 1.0), (b, 3.0))
    }
    assert extrapolated([a, b, c, d], whole, "train_seconds") == [1, 3, 2, 2]
    assert extrapolated([a, b, c, d], whole, "seconds") == [2, 4, 3, 3]


def test_a_few_are_picked_family_by_family() -> None:
    architectures = sample(SPACE, 9, 0)
    for count in (3, 5, 9):
        picked = pick(architectures, count)
        assert len(picked) == count
        assert {a.model for a in picked} == {"mlp", "sgc", "gcn"}
        assert [a for a in architectures if a in picked] == picked


def test_architectures_that_fail_are_left_out_of_all_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(MODELS, "raises", BROKEN["raises"])
    graph = small_graph(num_target=80)
    space = Space(6, 3, {**SPACE.families, "raises": Family({"hidden": (4, 16)}, LR)})
    architectures = sample(space, 8, 0)
    broken = [a for a in architectures if a.model == "raises"]
    assert broken
    found = verifier(tmp_path, graph).run(architectures)
    assert len(found.rows) == len(architectures) - len(broken)
    assert caplog.text.count("failed and is left out: KeyError") == len(broken)
    with pytest.raises(UserError, match="0 of 2 architectures could be trained"):
        verifier(tmp_path / "none", graph).run(broken[:2])


def test_a_failing_one_of_the_best_is_reported_and_the_others_are_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "raises", BROKEN["raises"])
    task = EvaluationTask.of(small_graph(num_target=80))
    architectures = [Architecture(name, {"hidden": 4}, {}) for name in ("raises", "mlp")]
    failed: list[str] = []
    rows = retrain(
        task, architectures, SPACE, 1, tmp_path / "top.csv", lambda row: None,
        lambda architecture, error: failed.append(f"{architecture.model}: {error}"),
    )  # fmt: skip
    assert [row.model for row in rows] == ["mlp"]
    assert failed == ["raises: 'no such\\nrelation, or so'"]
