"""Plans are read strictly, and trained as they say; figures are compared by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from condense.datasets.registry import DATASETS
from condense.errors import FileError, UserError
from condense.io import save
from evaluate.reproduce import (
    Published,
    Reproduced,
    Score,
    as_text,
    read_plan,
    reproduce,
    score_store,
)
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict
from evaluate.training.tune import fit
from models.choices import UnknownChoiceError
from models.gcn import GCNSettings
from models.hgnn_ima.model import ABLATIONS, HGNNIMASettings
from models.registry import MODELS
from tests.support.paths import ROOT
from tests.support.plans import PLAN, real_graph, written
from tests.support.shared_data import DATA, needs

PAPERS = ROOT / "configs" / "paper"


def test_settings_of_the_model_win_over_the_files_over_the_models_own(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, PLAN.format(dataset="cora")))
    gcn, mlp = plan.entries["gcn"].choice, plan.entries["mlp"].choice
    assert gcn.model == GCNSettings(hidden=8, dropped="entries")
    assert MODELS["gcn"].training["weight_decay"] != 0.001
    assert gcn.training == TrainSettings(epochs=4, check_every=2, lr=0.02, weight_decay=0.001)
    assert mlp.training == TrainSettings(epochs=6, check_every=2, weight_decay=0.001)
    assert [(p.model, p.metric, p.bar) for p in plan.published] == [
        ("gcn", "accuracy", 0.0),
        ("gcn", "macro_f1", None),
        ("mlp", "accuracy", 100.0),
    ]


def test_scores_are_those_of_the_trainer(tmp_path: Path) -> None:
    graph = real_graph(tmp_path)
    plan = read_plan(written(tmp_path, PLAN.format(dataset=tmp_path / "mine.h5")))
    scores: list[Sequence[Score]] = []
    accuracy, macro, mlp = reproduce(plan, tmp_path, "cpu", on_scores=scores.append)
    assert [(each[0].model, each[0].seed) for each in scores] == [
        ("mlp", 0), ("mlp", 1), ("gcn", 0), ("gcn", 1),
    ]  # fmt: skip
    task = EvaluationTask.of(graph, scaling="none")
    reached = []
    for seed in (0, 1):
        model = fit(MODELS["gcn"], plan.entries["gcn"].choice, task, task.whole, seed).model
        answer = predict(model, task.whole, task.test_rows()).argmax(dim=1)
        reached.append(100 * float((answer == task.test_labels()).double().mean()))
    assert accuracy.mean == pytest.approx(sum(reached) / 2)
    assert accuracy.sd == pytest.approx(abs(reached[0] - reached[1]) / 2**0.5)
    assert accuracy.difference == pytest.approx(accuracy.mean - 50)
    macros = [s.value for each in scores[2:] for s in each if s.metric == "macro_f1"]
    assert macro.mean == pytest.approx(50 * sum(macros))
    assert (accuracy.reached, macro.reached, mlp.reached) == (True, True, False)
    assert [one.seeds for one in reproduce(plan, tmp_path, "cpu", seeds=1)] == [1, 1, 1]


def test_a_variant_has_a_name_of_its_own(tmp_path: Path) -> None:
    real_graph(tmp_path)
    text = (
        PLAN.format(dataset=tmp_path / "mine.h5")
        + """
[models."gcn, narrow"]
model = "gcn"
settings = { hidden = 2 }

[[published]]
model = "gcn, narrow"
value = 40.0
source = "nowhere"
"""
    )
    plan = read_plan(written(tmp_path, text))
    assert [entry.model for entry in plan.entries.values()] == ["mlp", "gcn", "gcn"]
    assert plan.entries["gcn, narrow"].choice.model == GCNSettings(hidden=2)
    *_, found = reproduce(plan, tmp_path, "cpu", seeds=1)
    assert found.published.model == "gcn, narrow"


def test_the_ablations_of_hgnn_ima_are_those_of_its_file() -> None:
    plan = read_plan(PAPERS / "imdb.toml")
    for name, changes in ABLATIONS.items():
        choice = plan.entries[f"hgnn_ima {name}"].choice
        assert choice.model == replace(HGNNIMASettings(), **changes)
        assert choice.training == plan.entries["hgnn_ima"].choice.training


def test_the_table_by_hand() -> None:
    figures = [
        Published("gcn", "Kipf", 81.5, bar=81.0),
        Published("gat", "Velickovic", 83.0, bar=82.0),
        Published("mlp", "Kipf", 55.1, metric="macro_f1"),
        Published("sgc", "control"),
    ]
    made = [
        Reproduced("cora", figure, mean, 0.25, 5)
        for figure, mean in zip(figures, (81.25, 81.9, 57.0, 80.0), strict=True)
    ]
    lines = [line.split() for line in as_text(made).splitlines()[1:]]
    assert lines == [
        ["cora", "gcn", "accuracy", "Kipf", "81.5", "81.2", "±", "0.2", "-0.2", "81.0", "reached"],
        ["cora", "gat", "accuracy", "Velickovic", "83.0", "81.9", "±", "0.2", "-1.1", "82.0", "MISSED"],
        ["cora", "mlp", "macro_f1", "Kipf", "55.1", "57.0", "±", "0.2", "+1.9"],
        ["cora", "sgc", "accuracy", "control", "80.0", "±", "0.2"],
    ]  # fmt: skip


def test_model_names_are_taken_in_any_spelling(tmp_path: Path) -> None:
    text = PLAN.format(dataset="cora")
    other = text.replace("[models.mlp]", "[models.MLP]").replace('model = "mlp"', 'model = "Mlp"')
    assert other != text
    plans = [read_plan(written(tmp_path, each)) for each in (text, other)]
    assert plans[0].entries == plans[1].entries
    assert plans[0].published == plans[1].published
    with pytest.raises(UserError, match=r"MLP. is mlp again"):
        read_plan(written(tmp_path, text.replace("[models.mlp]", "[models.mlp]\n[models.MLP]")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds = 2", "seed = 2", "setting 'seed' is unknown; did you mean 'seeds'"),
        ("seeds = 2", "seeds = 0", r"seeds .got 0.: input should be greater than or equal to 1"),
        ('dataset = "cora"', 'dataset = "kora"', r"dataset .got 'kora'. is unknown; did you mean 'cora'"),
        ('scaling = "none"', 'scaling = "nine"', r"scaling .got 'nine'."),
        ('dataset = "cora"', "", r"dataset .got nothing. must be named"),
        ("[training]", "[trainings]", r"table .trainings. is unknown; did you mean 'training'"),
        ("epochs = 6", "epoch = 6", r"setting 'epoch' is unknown; did you mean 'epochs'"),
        ("epochs = 6", "epochs = 0", r"epochs .got 0. must be at least 1"),
        ("[models.mlp]", "[models.mpl]", r"\[models\] .got 'mpl'. is unknown; did you mean 'mlp'"),
        ("[models.mlp]", "[models]\nmlp = 3", r"models.mlp. .got 3. must be a table"),
        ("settings = {", "setting = {", r"'setting' is unknown; did you mean 'settings'"),
        ("hidden = 8", "hiden = 8", r"gcn.settings.: setting .hiden. is unknown; did you mean .hidden."),
        ("hidden = 8", "hidden = 'x'", r"hidden .got 'x'."),
        ('dropped = "entries"', 'dropped = "rows"', r"dropped .got 'rows'."),
        ("lr = 0.02", "rate = 0.02", r"setting 'rate' is unknown"),
        ('source = "Somebody else"', "", r"published.*source"),
        ("value = 60.0", "value = 600.0", r"value .got 600.0."),
        ("value = 60.0", "valu = 60.0", r"'valu' is unknown; did you mean 'value'"),
        ('metric = "macro_f1"', 'metric = "f1"', r"metric .got 'f1'."),
        ('model = "mlp"', 'model = "sgc"', r"model .got 'sgc'. has no table \[models.sgc\]"),
        ("[models.mlp]", '[models.mlp]\nprotocol = "probe"', r"mlp\]: protocol .got 'probe'. needs a model"),
        ("[models.mlp]", "[models.mlp]\npretraining = { epochs = 3 }", r"pretraining .got .*is not read"),
        ('metric = "macro_f1"', 'metric = "nmi"', r"metric .got 'nmi'. is of embeddings"),
        ('model = "mlp"', 'dataset = "kora"\nmodel = "mlp"', r"dataset .got 'kora'. is unknown"),
        ('model = "mlp"', 'model = "gcn"', r"\[models.mlp\] has no \[\[published\]\] figure"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_meant(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = PLAN.format(dataset="cora")
    assert old in text
    with pytest.raises((UserError, UnknownChoiceError), match=said):
        read_plan(written(tmp_path, text.replace(old, new, 1)))


def test_simulated_data_is_not_compared_with_published_figures(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, PLAN.format(dataset="amazon1")))
    with pytest.raises(FileError):
        reproduce(plan, tmp_path)


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_file_of_ours_can_be_read_and_gives_its_sources(path: Path) -> None:
    plan = read_plan(path)
    assert plan.experiment.dataset in DATASETS
    assert all(figure.source for figure in plan.published)
    assert plan.experiment.seeds >= 5


@pytest.mark.slow
@needs("planetoid")
@pytest.mark.parametrize("model", ["gcn", "sgc"])
def test_cora_reaches_its_bars(model: str) -> None:
    """The models that train in seconds; `python cli.py reproduce cora` holds the others to theirs."""
    plan = read_plan(PAPERS / "cora.toml")
    figures = [figure for figure in plan.published if figure.model == model]
    plan = replace(plan, entries={model: plan.entries[model]}, published=figures)
    found = reproduce(plan, DATA, "cpu")
    assert found
    assert all(one.reached for one in found), as_text(found)


def test_what_is_known_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_graph(tmp_path)
    plan = read_plan(written(tmp_path, PLAN.format(dataset=tmp_path / "mine.h5")))
    scores: list[Sequence[Score]] = []
    store = score_store()
    first = reproduce(plan, tmp_path, on_scores=scores.append, store=store)
    monkeypatch.setattr("evaluate.reproduce.workload.end_to_end", None)  # Whoever trains now fails.
    assert len({score.cell for score in store}) == len(scores) == 4
    again: list[Sequence[Score]] = []
    assert reproduce(plan, tmp_path, on_scores=again.append, store=store) == first
    assert again == scores


def test_corrected_test_labels_are_scored_anew(tmp_path: Path) -> None:
    graph, path = real_graph(tmp_path), tmp_path / "scores.csv"
    plan = read_plan(written(tmp_path, PLAN.format(dataset=tmp_path / "mine.h5")))
    reproduce(plan, tmp_path, store=score_store(path))
    rows = graph["movie"].test_mask.nonzero().flatten()
    graph["movie"].y[rows] = graph["movie"].y[rows.flip(0)]
    save(tmp_path / "mine.h5", graph)
    store = score_store(path)
    found = reproduce(plan, tmp_path, store=store)
    assert len({score.cell for score in store.new}) == 4
    assert found == reproduce(plan, tmp_path)
    assert reproduce(plan, tmp_path, store=score_store(path)) == found


def test_a_training_that_diverges_is_named_with_its_epoch(tmp_path: Path) -> None:
    real_graph(tmp_path)
    text = PLAN.format(dataset=tmp_path / "mine.h5").replace("lr = 0.02", "lr = 1e38")
    plan = read_plan(written(tmp_path, text))
    with pytest.raises(UserError, match=r"^gcn, seed 0: .* in epoch 2\) must be finite"):
        reproduce(plan, tmp_path)


def test_another_scaling_or_setting_is_another_training(tmp_path: Path) -> None:
    real_graph(tmp_path)
    text = PLAN.format(dataset=tmp_path / "mine.h5")
    names = set()
    for change in (
        ("", ""),
        ('scaling = "none"', 'scaling = "standard"'),
        ("hidden = 8", "hidden = 4"),
    ):
        plan = read_plan(written(tmp_path, text.replace(*change)))
        scores: list[Sequence[Score]] = []
        reproduce(plan, tmp_path, seeds=1, on_scores=scores.append)
        names |= {each[0].cell for each in scores}
    assert len(names) == 2 + 2 + 1
