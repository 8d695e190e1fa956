"""Training and comparing: labels stay hidden, budgets are equal, rows and tables add up."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.data.training_inputs import training_nodes
from condense.errors import FileError, UserError
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.plan import TUNE_SEED
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.rows import Row, write_rows
from evaluate.results.table import HEADERS, as_break_even, as_matrix, as_text, summarise, trainings
from evaluate.training.model_spec import parse_model
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict
from evaluate.training.tune import LITTLE_DROPOUT, best_of, candidates, fit, settings_text
from models.choices import UnknownChoiceError
from models.registry import MODELS
from tests.support.graphs import small_graph

SHORT = TrainSettings(epochs=10, check_every=5, lr=0.01)


def training_graphs(graph: MultimodalGraph) -> list[TrainingGraph]:
    made = condense(graph, plan(graph, 0.2), "random", device="cpu")
    return [TrainingGraph("whole", graph), TrainingGraph("random", made.graph, made)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    graph = small_graph(num_target=80)
    protocol = Protocol(tuple(MODELS), seeds=2, training=SHORT)
    return evaluate(EvaluationTask.of(graph), training_graphs(graph), protocol)


def test_one_row_for_each_model_graph_and_seed(rows: list[Row]) -> None:
    keys = {(r.model, r.trained_on, r.train_seed) for r in rows}
    assert keys == {(m, t, s) for m in MODELS for t in ("whole", "condensed") for s in (0, 1)}
    assert len(rows) == len(keys)
    for row in rows:
        assert 0 <= row.macro_f1 <= 1
        assert row.micro_f1 == row.accuracy
        assert row.train_seconds > 0
        assert (row.condense_seed is None) == (row.trained_on == "whole")


def test_models_learn_the_small_graph() -> None:
    graph = small_graph(num_target=80)
    protocol = Protocol(tuple(MODELS), seeds=1, training=replace(SHORT, epochs=60))
    for row in evaluate(EvaluationTask.of(graph), training_graphs(graph)[:1], protocol):
        assert row.micro_f1 > row.majority + 0.25, row


def test_training_is_reproducible_and_depends_on_the_seed() -> None:
    task = EvaluationTask.of(small_graph(num_target=80))
    entry = MODELS["hgt"]
    choice = candidates(entry, SHORT, 1, 0)[0]

    def logits(seed: int) -> torch.Tensor:
        state = torch.random.get_rng_state()
        trained = fit(entry, choice, task, task.whole, seed)
        assert torch.equal(state, torch.random.get_rng_state())
        return predict(trained.model, task.whole, task.test_rows())

    assert torch.equal(logits(0), logits(0))
    assert not torch.equal(logits(0), logits(1))


def test_trainers_cannot_see_test_labels() -> None:
    graph = small_graph(num_target=80)
    task = EvaluationTask.of(graph)
    store = task.whole["movie"]
    assert bool((store.y[store.test_mask] == -1).all())
    assert bool((graph["movie"].y[store.test_mask] >= 0).all())
    learnt, _, weight = training_nodes(task.whole)
    assert torch.equal(learnt, graph["movie"].train_mask.nonzero().flatten())
    assert math.isclose(float(weight.sum()), 1, rel_tol=1e-6)

    permuted = small_graph(num_target=80)
    rows = permuted["movie"].test_mask.nonzero().flatten()
    permuted["movie"].y[rows] = permuted["movie"].y[rows.flip(0)]
    protocol = Protocol(("hgt",), seeds=1, tune=3, training=SHORT)
    one = evaluate(task, training_graphs(graph), protocol)
    other = evaluate(EvaluationTask.of(permuted), training_graphs(permuted), protocol)
    for a, b in zip(one, other, strict=True):
        assert (a.settings, a.val_micro_f1, a.epoch) == (b.settings, b.val_micro_f1, b.epoch)
        assert a.micro_f1 != b.micro_f1


def test_a_condensed_graph_in_the_same_units_as_the_whole() -> None:
    graph = small_graph(num_target=80)
    graph["movie"].x_text = graph["movie"].x_text * 1000 + 5
    task = EvaluationTask.of(graph)
    small = training_graphs(graph)[1].graph
    admitted = task.admit(small)
    origin = small["movie"].origin
    torch.testing.assert_close(admitted["movie"].x_text, task.whole["movie"].x_text[origin])
    assert float(task.whole["movie"].x_text.square().mean()) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("per_graph", "expected"), [(1, [0, 1, 2, 0]), (2, [0, 1, 2, 0, 1, 2, 0, 1])]
)
def test_fewer_trainings_a_graph_go_on_with_the_next_seeds(per_graph, expected) -> None:
    graph = small_graph(num_target=80)
    made = [condense(graph, plan(graph, 0.2), "random", seed=k, device="cpu") for k in range(4)]
    small = [TrainingGraph("random", one.graph, one) for one in made]
    protocol = Protocol(("mlp",), seeds=3, per_graph=per_graph, training=SHORT)
    rows = evaluate(EvaluationTask.of(graph), [TrainingGraph("whole", graph), *small], protocol)
    seeds = {c: [r.train_seed for r in rows if r.trained_on == c] for c in ("whole", "condensed")}
    assert seeds == {"whole": [0, 1, 2], "condensed": expected}
    graphs = [r.condense_seed for r in rows if r.trained_on == "condensed"]
    assert graphs == [k for k in range(4) for _ in range(per_graph)]


def test_predicting_in_blocks_changes_nothing() -> None:
    task = EvaluationTask.of(small_graph(num_target=80))
    for name, entry in MODELS.items():
        trained = fit(entry, candidates(entry, SHORT, 1, 0)[0], task, task.whole, 0)
        rows = task.test_rows()
        whole = predict(trained.model, task.whole, rows)
        torch.testing.assert_close(
            predict(trained.model, task.whole, rows, block=7), whole, msg=name
        )


def test_a_graph_of_another_schema_is_refused() -> None:
    task = EvaluationTask.of(small_graph(num_target=80))
    other = training_graphs(small_graph(num_target=80, text_width=5))[1].graph
    with pytest.raises(UserError, match=r"modalities .* differ from the whole graph's"):
        task.admit(other)


def test_all_graphs_get_the_same_candidates() -> None:
    for entry in MODELS.values():
        drawn = candidates(entry, SHORT, 6, seed=1)
        assert len(drawn) == 6
        assert len(set(drawn)) == 6
        assert drawn[0].model == entry.settings()
        assert drawn == candidates(entry, SHORT, 6, seed=1)


def test_the_second_candidate_is_little_regularised() -> None:
    first, second = candidates(MODELS["hgt"], SHORT, 2, seed=1)
    assert second.model == replace(first.model, **LITTLE_DROPOUT)
    assert second.training == first.training
    _, given = parse_model("hgt:dropout=0.4")
    assert candidates(given, SHORT, 2, seed=1)[1].model == given.choose_settings(input_dropout=0.1)
    _, none = parse_model("hgt:input_dropout=0.4")
    assert candidates(none, SHORT, 2, seed=1)[1].model.input_dropout == 0.4
    assert len(candidates(MODELS["sgc"], SHORT, 2, seed=1)) == 2
    of_sage = [one.training.weight_decay for one in candidates(MODELS["graphsage"], SHORT, 2, 1)]
    assert of_sage == [0.05, SHORT.weight_decay]
    of_sehgnn = [one.training.weight_decay for one in candidates(MODELS["sehgnn"], SHORT, 2, 1)]
    assert of_sehgnn == [0.0, 0.0]


def test_tuning_picks_the_best_on_validation() -> None:
    """Every group of the grid is tuned on its own graph, with the same candidates."""
    graph = small_graph(num_target=80)
    task, graphs = EvaluationTask.of(graph), training_graphs(graph)
    protocol = Protocol(("sgc",), seeds=1, tune=5, training=SHORT)
    rows = evaluate(task, graphs, protocol)
    entry, chosen = MODELS["sgc"], []
    choices = candidates(entry, SHORT, 5, TUNE_SEED)
    for trained_on in (task.training, task.admit(graphs[1].graph)):
        scores = [fit(entry, c, task, trained_on, TUNE_SEED).val_micro_f1 for c in choices]
        chosen.append(choices[scores.index(max(scores))])
        assert best_of(choices, scores) == chosen[-1]
    assert [row.settings for row in rows] == [settings_text(choice) for choice in chosen]
    assert all(row.tune_seconds > 0 for row in rows)


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (Protocol(("htg",)), "model .got 'htg'. is unknown; did you mean 'hgt'"),
        (Protocol(("hgt",), seeds=0), "seeds .got 0. must be at least 1"),
        (Protocol(("hgt",), per_graph=0), "per_graph .got 0."),
        (Protocol(("hgt",), seeds=2, per_graph=3), "per_graph .got 3. must be at most seeds .2."),
        (Protocol(()), "models .got nothing. needs at least one"),
        (Protocol(("hgt",), training=replace(SHORT, epochs=0)), "epochs .got 0."),
        (Protocol(("hgt",), training=replace(SHORT, patience=0)), "patience .got 0."),
    ],
)
def test_a_protocol_that_cannot_be_meant(protocol: Protocol, said: str) -> None:
    with pytest.raises((UserError, UnknownChoiceError), match=said):
        protocol.check()


def test_the_file_has_one_line_a_row(rows: list[Row], tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_rows(path, rows)
    with path.open() as stream:
        found = list(csv.DictReader(stream))
    needed = (
        "dataset source method ratio model trained_on condense_seed train_seed micro_f1 macro_f1 "
        "accuracy train_seconds condense_seconds bytes"
    )
    assert set(needed.split()) <= set(found[0])
    assert [float(line["micro_f1"]) for line in found] == [r.micro_f1 for r in rows]
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileError, match="lies in a missing folder"):
        write_rows(tmp_path / "missing" / "results.csv", rows)


def test_the_table_by_hand(rows: list[Row]) -> None:
    base = rows[0]
    made = [
        replace(base, model="m", trained_on=on, method=label, micro_f1=f, majority=0.4,
                train_seconds=t, condense_seconds=c, ratio=q, rising=None)
        for on, label, f, t, c, q in (
            ("whole", "whole", 0.8, 10.0, 0.0, 1.0), ("whole", "whole", 0.6, 10.0, 0.0, 1.0),
            ("condensed", "x", 0.6, 2.0, 4.0, 0.1), ("condensed", "y", 0.7, 20.0, 4.0, 0.1),
        )
    ]  # fmt: skip
    whole, x, y = summarise(made)
    assert whole.micro == pytest.approx((70, math.sqrt(200)))
    assert whole.retention == pytest.approx(100)
    assert x.retention == pytest.approx(100 * 0.6 / 0.7)
    assert x.corrected == pytest.approx(100 * 0.2 / 0.3)
    assert x.break_even == pytest.approx(0.5)
    assert y.break_even == math.inf
    assert whole.break_even is None
    text = as_text([whole, x, y]).splitlines()
    assert text[0].split()[0] == HEADERS[0]
    assert "never" in text[-1]
    assert "never" not in text[-2]

    other = replace(x, model="n", micro=(50.0, 1.0), retention=90.0)
    grid = [line.split("  ") for line in as_matrix([whole, x, y, other]).splitlines()]
    grid = [[cell.strip() for cell in line if cell.strip()] for line in grid]
    assert grid[0][:4] == ["trained on", "m", "n", "retention"]
    assert [line[0] for line in grid[1:]] == ["whole", "x", "y"]
    assert grid[2][1:4] == ["60.0 ± 0.0", "50.0 ± 1.0", f"{(100 * 0.6 / 0.7 + 90) / 2:.1f} %"]
    assert grid[3][1:3] == ["70.0 ± 0.0", "100.0 %"]  # Not trained: an empty cell, not counted.


def test_break_even_by_hand(rows: list[Row]) -> None:
    made = [
        replace(rows[0], model=model, trained_on=on, method=method, train_seconds=t, condense_seconds=c)
        for model, on, method, t, c in (
            ("hgt", "whole", "whole", 100.0, 0.0), ("hgt", "condensed", "x", 1.0, 49.5),
            ("sgc", "whole", "whole", 2.0, 0.0), ("sgc", "condensed", "x", 1.0, 49.5),
            ("mlp", "whole", "whole", 0.5, 0.0), ("mlp", "condensed", "x", 1.0, 49.5),
            ("gcn", "condensed", "x", 1.0, 49.5), ("hgt", "condensed", "y", 50.0, 1.0),
        )
    ]  # fmt: skip
    text = [line.split() for line in as_break_even(summarise(made)).splitlines()]
    assert text == [
        ["break-even", "against", "hgt", "sgc", "mlp"],
        ["x", "0.5", "50", "never"],
        ["y", "0.02"],
    ]
    assert as_break_even(summarise(made[:1] + made[6:7])) == ""  # No pair to compare.
    assert [trainings(b) for b in (0.123, 1.25, 12.4, 1234.0)] == ["0.12", "1.2", "12", "1,234"]


def test_condensed_graph_is_what_condense_returns() -> None:
    made = training_graphs(small_graph())[1].condensed
    assert isinstance(made, CondensedGraph)
    assert made.provenance.method == "random"


def test_unlabelled_test_nodes_are_refused_before_any_training() -> None:
    graph = small_graph(num_target=80)
    protocol = Protocol(("mlp",), seeds=1, training=SHORT)
    graphs = training_graphs(graph)
    graph["movie"].y[graph["movie"].test_mask.nonzero()[0]] = -1
    with pytest.raises(UserError, match=r"test_mask .got 1 nodes without a label"):
        evaluate(EvaluationTask.of(graph), graphs, protocol)


def test_the_inductive_setting_trains_and_validates_without_test_nodes() -> None:
    graph = small_graph(num_target=80)
    made = condense(graph, plan(graph, 0.4, setting="inductive"), "random", device="cpu")
    task = EvaluationTask.of(graph, setting="inductive")
    trained, validated = task.training["movie"], task.validation["movie"]
    assert trained.num_nodes == int(graph["movie"].train_mask.sum())
    assert validated.num_nodes == int((graph["movie"].train_mask | graph["movie"].val_mask).sum())
    assert task.whole["movie"].num_nodes == 80
    assert float(trained.x_text.square().mean()) == pytest.approx(1, rel=1e-3)

    protocol = Protocol(tuple(MODELS), seeds=1, tune=2, training=SHORT)
    graphs = [
        TrainingGraph("whole", task.trained_whole()),
        TrainingGraph("random", made.graph, made),
    ]
    rows = evaluate(task, graphs, protocol)
    assert {row.setting for row in rows} == {"inductive"}
    assert {row.ratio_train for row in rows if row.trained_on == "whole"} == {1.0}

    # What is chosen on validation nodes does not depend on test nodes; what is scored does.
    other = small_graph(num_target=80)
    mask = other["movie"].test_mask
    other["movie"].x_text[mask] = other["movie"].x_text[mask].flip(0)
    changed = evaluate(EvaluationTask.of(other, setting="inductive"), graphs, protocol)
    for a, b in zip(rows, changed, strict=True):
        assert (a.settings, a.val_micro_f1, a.epoch) == (b.settings, b.val_micro_f1, b.epoch)
    assert [a.micro_f1 for a in rows] != [b.micro_f1 for b in changed]


def test_graphs_of_another_setting_are_refused() -> None:
    graph = small_graph(num_target=80)
    with pytest.raises(UserError, match=r"setting .got 'transductive' for random. must be that"):
        evaluate(
            EvaluationTask.of(graph, setting="inductive"),
            training_graphs(graph),
            Protocol(("mlp",), 1),
        )


def test_rows_of_two_settings_are_averaged_apart(rows: list[Row]) -> None:
    both = [*rows, *(replace(row, setting="inductive", micro_f1=0.5) for row in rows)]
    lines = summarise(both)
    assert len(lines) == 2 * len(summarise(rows))
    assert {line.retention for line in lines[len(lines) // 2 :]} == {100.0}
