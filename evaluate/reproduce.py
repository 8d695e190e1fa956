"""Published figures, reproduced: one TOML file a data set says what to train and what the papers report."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from condense.config import STRICT, build, from_file
from condense.data.datasets.registry import DATASETS, FILE_ENDINGS, load_dataset
from condense.data.features import Scaling
from condense.errors import UserError
from condense.run import find_device
from evaluate.arena import Arena
from evaluate.evaluator import seed_rows
from evaluate.protocol import Contestant, Protocol
from evaluate.results import WHOLE, Row
from evaluate.table import aligned
from evaluate.train import TrainSettings
from evaluate.tune import Candidate
from models.choices import choose, nearest
from models.registry import MODELS


@checked(frozen=True, config=STRICT)
class Published:
    """A figure that somebody reports, a table [[published]].

    Attributes:
        model: a name among the file's [models]; it must say how to train it.
        value: in points, 0 … 100.
        source: paper and table, or another public place, where the figure was read.
        metric: what it measures, on test nodes.
        bar: what our mean over seeds must reach, in points; None promises nothing.
    """

    model: str
    value: Annotated[float, Field(ge=0, le=100)]
    source: str
    metric: Literal["accuracy", "micro_f1", "macro_f1"] = "accuracy"
    bar: Annotated[float, Field(ge=0, le=100)] | None = None


@checked(frozen=True, config=STRICT)
class ModelTable:
    """How to train one model, a table [models.NAME].

    Attributes:
        model: a name in `MODELS`; by default NAME, which may be any other for a variant of a model.
        settings: of the model, where they differ from its defaults.
        training: of `TrainSettings`, where they differ from the file's.
    """

    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


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
class Plan:
    """A file, read and checked.

    Attributes:
        experiment: its top level.
        models: name -> its model, in `MODELS`.
        choices: name -> settings and training.
        published: figures of these.
    """

    experiment: Experiment
    models: Mapping[str, str]
    choices: Mapping[str, Candidate]
    published: Sequence[Published]


@dataclasses.dataclass(frozen=True)
class Reproduced:
    """A published figure beside ours.

    Attributes:
        dataset: its name.
        published: the figure.
        mean: ours over seeds, in points.
        sd: sample standard deviation over seeds, in points; 0 for one seed.
        seeds: how many.
    """

    dataset: str
    published: Published
    mean: float
    sd: float
    seeds: int

    @property
    def difference(self) -> float:
        """Ours − published, in points."""
        return self.mean - self.published.value

    @property
    def reached(self) -> bool:
        """Whether the bar, if there is one, is reached."""
        return self.published.bar is None or self.mean >= self.published.bar


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file: `Experiment`'s keys, [training], [models.NAME] and [[published]].

    Training settings hold in this order: [models.NAME.training], [training], the model's own, the trainer's.

    Raises:
        UserError: no such file, an unknown key or model, a value out of range, or a model without a figure.
        UnknownChoiceError: an unknown model.
    """
    experiment, tables = from_file(Experiment, path, ("training", "models"))
    if not experiment.dataset:
        raise UserError(f'config {path}: dataset (got nothing) must be named; add dataset = "cora"')
    if not experiment.dataset.endswith(FILE_ENDINGS):
        choose(DATASETS, experiment.dataset, f"config {path}: dataset")
    models, choices = {}, {}
    for name, table in tables.get("models", {}).items():
        models[name], choices[name] = _choice(
            path, name, table, tables.get("training", {}), experiment.seeds
        )
    published = [build(Published, t, f"config {path} [[published]]") for t in experiment.published]
    for figure in published:
        if figure.model not in choices:
            raise UserError(
                f"config {path} [[published]]: model (got {figure.model!r}) has no table "
                f"[models.{figure.model}]; add one, even if empty, or {nearest(figure.model, choices)}"
            )
    for name in choices:
        if name not in {figure.model for figure in published}:
            raise UserError(
                f"config {path} [models.{name}] has no [[published]] figure to compare with; "
                "add one, or delete the table"
            )
    if not published:
        raise UserError(f"config {path}: published (got nothing) needs a figure; add [[published]]")
    return Plan(experiment, models, choices, published)


def _choice(
    path: Path, name: str, table: Any, shared: Mapping[str, Any], seeds: int
) -> tuple[str, Candidate]:
    """The model of a table [models.NAME], and how it is trained."""
    where = f"config {path} [models.{name}"
    if not isinstance(table, dict):
        raise UserError(f"{where}] (got {table!r}) must be a table; write [models.{name}]")
    if "model" not in table:
        choose(MODELS, name, f"config {path} [models]")
    own = build(ModelTable, table, f"{where}]")
    model = own.model or name
    entry = choose(MODELS, model, f"{where}] model")
    settings = build(entry.settings, own.settings, f"{where}.settings]")
    values = {**entry.training, **shared, **own.training}
    training = build(TrainSettings, values, f"{where}.training] or [training]")
    Protocol((model,), seeds, training=training).check()
    return model, Candidate(settings, training)


def reproduce(
    plan: Plan,
    root: Path,
    device: str = "auto",
    seeds: int | None = None,
    on_row: Callable[[Row], None] = lambda row: None,
    known: Mapping[str, Row] = MappingProxyType({}),
) -> list[Reproduced]:
    """Train every model of `plan` on the whole graph and set its test scores beside the published ones.

    Args:
        plan: from `read_plan`.
        root: folder of the data sets' files.
        device: where to train.
        seeds: in place of the plan's number.
        on_row: called as each training ends, and for those that are known.
        known: rows of earlier runs by their `cell`; these trainings are not run again.

    Raises:
        UserError: the data set is unknown, or has no such modality; a seed too few.
        FileError: its files are missing or damaged; simulated ones do not count.
    """
    experiment = plan.experiment
    count = experiment.seeds if seeds is None else seeds
    Protocol(tuple(dict.fromkeys(plan.models.values())), count).check()
    graph = load_dataset(experiment.dataset, root, "real", experiment.modalities)
    arena = Arena.of(graph, find_device(device), scaling=experiment.scaling)
    whole = Contestant(WHOLE, arena.trained_whole())
    rows: dict[str, list[Row]] = {}
    for name, choice in plan.choices.items():
        rows[name] = []
        model = plan.models[name]
        for row in seed_rows(
            arena, whole, arena.training, model, choice, range(count), known=known
        ):
            rows[name].append(row)
            on_row(row)
    found = []
    for figure in plan.published:
        points = [100 * getattr(row, figure.metric) for row in rows[figure.model]]
        sd = statistics.stdev(points) if len(points) > 1 else 0.0
        found.append(Reproduced(experiment.dataset, figure, statistics.fmean(points), sd, count))
    return found


def as_text(found: Sequence[Reproduced]) -> str:
    """One line for each figure, with whether our bar is reached."""
    grid = [("data set", "model", "metric", "source", "published", "ours", "difference", "bar", "")]
    for one in found:
        figure = one.published
        grid.append((
            one.dataset, figure.model, figure.metric, figure.source,
            f"{figure.value:.1f}", f"{one.mean:.1f} ± {one.sd:.1f}", f"{one.difference:+.1f}",
            "" if figure.bar is None else f"{figure.bar:.1f}",
            "" if figure.bar is None else "reached" if one.reached else "MISSED",
        ))  # fmt: skip
    return aligned(grid, left=4)
