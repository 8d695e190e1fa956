"""Plans, read from TOML files: which models to train, how, and what the papers report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from condense.config import STRICT, build, from_file
from condense.data.features import Scaling
from condense.datasets.registry import DATASETS, FILE_ENDINGS
from condense.errors import UserError
from evaluate.grid.protocol import Protocol
from evaluate.reproduce.condensing import Condensing
from evaluate.training.metrics import METRICS
from evaluate.training.pretrain import PretrainSettings
from evaluate.training.probe import ProbeSettings
from evaluate.training.train import TrainSettings
from evaluate.training.tune import Candidate
from models.choices import canonical, choose, nearest, registered
from models.registry import MODELS
from models.self_supervised import learns_unlabelled

CLUSTERING = ("nmi", "ari")
"""Metrics of clusters of embeddings, see `evaluate.training.clustering`."""


@checked(frozen=True, config=STRICT)
class Published:
    """A figure that somebody reports, a table [[published]].

    Attributes:
        model: a name among the file's [models]; it must say how to train it.
        source: paper and table, or another public place, where the figure was read; or what a line
            without a figure is for, such as a control.
        value: in points, 0 … 100 (AUC, NMI and ARI too); None for a line that nobody published.
        metric: one of `METRICS` on test nodes; or "nmi" or "ari" of clusters of the embeddings, with the
            protocol "probe" only.
        dataset: where it was measured; the file's by default.
        bar: what our mean over seeds must reach, in points; None promises nothing.
    """

    model: str
    source: str
    value: Annotated[float, Field(ge=0, le=100)] | None = None
    metric: str = "accuracy"
    dataset: str = ""
    bar: Annotated[float, Field(ge=0, le=100)] | None = None


@checked(frozen=True, config=STRICT)
class ModelTable:
    """How to train one model, a table [models.NAME].

    Attributes:
        model: a name in `MODELS`; by default NAME, which may be any other for a variant of a model.
        settings: of the model, where they differ from its defaults.
        training: of `TrainSettings`, where they differ from the file's; like these, for "end to end" alone.
        protocol: "end to end": the model learns the training nodes' labels. "probe": embeddings are learnt
            without labels, then classified by a linear probe and clustered; see `evaluate.training.probe`.
        pretraining: of `PretrainSettings`, for the protocol "probe".
        probe: of `ProbeSettings`, likewise.
        condense: of `Condensing`: train on a condensed graph, made with the training's seed, in place of the
            whole one; "end to end" alone.
    """

    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    protocol: Literal["end to end", "probe"] = "end to end"
    pretraining: dict[str, Any] = field(default_factory=dict)
    probe: dict[str, Any] = field(default_factory=dict)
    condense: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise for tables that the protocol does not read.

        Raises:
            UserError: such a table is not empty.
        """
        ours = ("training", "condense")
        idle = ("pretraining", "probe") if self.protocol == "end to end" else ours
        for name in idle:
            if getattr(self, name):
                raise UserError(
                    f"{name} (got {getattr(self, name)}) is not read by the protocol "
                    f"{self.protocol!r}; delete it, or choose the other protocol"
                )


@checked(frozen=True, config=STRICT)
class Experiment:
    """The top level of the file.

    Attributes:
        dataset: a name in `DATASETS`, or the path of a graph's file (.h5); simulated data is refused.
        published: see `Published`.
        modalities: of the target type; the data set's usual ones by default.
        scaling: of all features; see `FeatureScaler`.
        seeds: trainings of each model, with seeds 0, 1, …
    """

    dataset: str = ""
    published: list[dict[str, Any]] = field(default_factory=list)
    modalities: list[str] | None = None
    scaling: Scaling = "standard"
    seeds: Annotated[int, Field(ge=1)] = 5


@dataclasses.dataclass(frozen=True)
class Entry:
    """How to train one model.

    Attributes:
        model: in `MODELS`.
        choice: settings of model and training.
        pretraining: for the protocol "probe"; None trains end to end.
        probe: likewise.
        condensing: of the graph to train on; None for the whole graph.
    """

    model: str
    choice: Candidate
    pretraining: PretrainSettings | None = None
    probe: ProbeSettings = dataclasses.field(default_factory=ProbeSettings)
    condensing: Condensing | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """A file, read and checked.

    Attributes:
        experiment: its top level.
        entries: the plan's name of a model -> how to train it.
        published: figures of these.
    """

    experiment: Experiment
    entries: Mapping[str, Entry]
    published: Sequence[Published]

    def dataset_of(self, figure: Published) -> str:
        """Where a figure was measured."""
        return figure.dataset or self.experiment.dataset

    def datasets_of(self, name: str) -> list[str]:
        """Where a model is trained: all data sets of which it has a figure."""
        return list(dict.fromkeys(self.dataset_of(f) for f in self.published if f.model == name))

    @property
    def datasets(self) -> list[str]:
        """All data sets."""
        return list(dict.fromkeys(self.dataset_of(f) for f in self.published))


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file: `Experiment`'s keys, [training], [models.NAME] and [[published]].

    Training settings hold in this order: [models.NAME.training], [training], the model's own, the trainer's.
    The protocol "probe" reads [models.NAME.pretraining] and [models.NAME.probe] in place of the first two.

    Raises:
        UserError: no such file, an unknown key or model, a value out of range, or a model without a figure.
        UnknownChoiceError: an unknown model or data set.
    """
    experiment, tables = from_file(Experiment, path, ("training", "models"), "plan")
    if not experiment.dataset:
        raise UserError(f'plan {path}: dataset (got nothing) must be named; add dataset = "cora"')
    shared = tables.get("training", {})
    entries: dict[str, Entry] = {}
    for word, table in tables.get("models", {}).items():
        entry = _entry(path, word, table, shared, experiment.seeds)
        # Without a key `model` the table's name is a model's, in any spelling.
        name = word if table.get("model") else entry.model
        if name in entries:
            raise UserError(
                f"plan {path} [models.{word}] is {name} again; delete one of the tables"
            )
        entries[name] = entry
    published = [_figure(path, table, entries) for table in experiment.published]
    _check_figures(path, entries, published)
    plan = Plan(experiment, entries, published)
    for dataset in plan.datasets:
        if not dataset.endswith(FILE_ENDINGS):
            choose(DATASETS, dataset, f"plan {path}: dataset")
    return plan


def _figure(path: Path, table: dict[str, Any], entries: Mapping[str, Entry]) -> Published:
    """A table [[published]], its model spelled as among `entries`."""
    figure = build(Published, table, f"plan {path} [[published]]")
    name = registered(entries, figure.model)
    return figure if name is None else dataclasses.replace(figure, model=name)


def _check_figures(
    path: Path, entries: Mapping[str, Entry], published: Sequence[Published]
) -> None:
    """Raise unless every figure has a model that can reach it, and every model a figure."""
    where = f"plan {path} [[published]]"
    for figure in published:
        if figure.model not in entries:
            raise UserError(
                f"{where}: model (got {figure.model!r}) has no table "
                f"[models.{figure.model}]; add one, even if empty, or {nearest(figure.model, entries)}"
            )
        choose({**METRICS, **dict.fromkeys(CLUSTERING)}, figure.metric, f"{where}: metric")
        if figure.metric in CLUSTERING and entries[figure.model].pretraining is None:
            raise UserError(
                f"{where}: metric (got {figure.metric!r}) is of embeddings; give [models.{figure.model}] "
                'protocol = "probe", or name another metric'
            )
    for name in entries:
        if name not in {figure.model for figure in published}:
            raise UserError(
                f"plan {path} [models.{name}] has no [[published]] figure to compare with; "
                "add one, or delete the table"
            )
    if not published:
        raise UserError(f"plan {path}: published (got nothing) needs a figure; add [[published]]")


def _entry(path: Path, name: str, table: Any, shared: Mapping[str, Any], seeds: int) -> Entry:
    """The model of a table [models.NAME], and how it is trained."""
    where = f"plan {path} [models.{name}"
    if not isinstance(table, dict):
        raise UserError(f"{where}] (got {table!r}) must be a table; write [models.{name}]")
    if "model" not in table:
        canonical(MODELS, name, f"plan {path} [models]")
    own = build(ModelTable, table, f"{where}]")
    try:
        own.check()
    except UserError as error:
        raise UserError(f"{where}]: {error}") from None
    model = canonical(MODELS, own.model or name, f"{where}] model")
    entry = MODELS[model]
    settings = build(entry.settings, own.settings, f"{where}.settings]")
    if own.protocol == "probe":
        if not learns_unlabelled(entry.build):
            able = ", ".join(n for n, e in MODELS.items() if learns_unlabelled(e.build))
            raise UserError(
                f"{where}]: protocol (got 'probe') needs a model that learns without labels; "
                f'choose one of {able}, or "end to end"'
            )
        values = {**entry.training, **own.pretraining}
        pretraining = build(PretrainSettings, values, f"{where}.pretraining]")
        probe = build(ProbeSettings, own.probe, f"{where}.probe]")
        return Entry(model, Candidate(settings, TrainSettings()), pretraining, probe)
    values = {**entry.training, **shared, **own.training}
    training = build(TrainSettings, values, f"{where}.training] or [training]")
    Protocol((model,), seeds, training=training).check()
    condensing = None
    if own.condense:
        condensing = build(Condensing, own.condense, f"{where}.condense]")
        condensing.check()
    return Entry(model, Candidate(settings, training), condensing=condensing)
