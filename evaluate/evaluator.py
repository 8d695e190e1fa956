"""Training models on whole and condensed graphs by one protocol."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph, num_bytes, num_target
from condense.errors import UserError
from evaluate.arena import Arena
from evaluate.cells import cell_name
from evaluate.metrics import majority_share, score
from evaluate.results import CONDENSED, WHOLE, Row
from evaluate.train import TrainSettings, predict
from evaluate.tune import Candidate, best_of, candidates, fit
from models.choices import choose
from models.registry import MODELS

TUNE_SEED = 12345  # Apart from the seeds that are reported, which count from 0.


@dataclass(frozen=True)
class Contestant:
    """A graph to train on.

    Attributes:
        label: what tables call it: "whole" or a method.
        graph: in the data set's units; for "whole" see `Arena.trained_whole`.
        condensed: None for the whole graph.
    """

    label: str
    graph: MultimodalGraph
    condensed: CondensedGraph | None = None


@dataclass(frozen=True)
class Protocol:
    """What is the same for all graphs.

    Attributes:
        models: names in `MODELS`.
        seeds: trainings of each model on each graph, with seeds 0, 1, …
        per_graph: trainings on each condensed graph, at most `seeds`: the k-th graph of a method then
            goes on with the seeds where the one before stopped, so that a line of `seeds` trainings
            varies both seeds together. All graphs get all seeds by default.
        tune: settings tried for each model and method (the whole graph counts as one), chosen on
            validation nodes; 1 takes the model's defaults.
        training: epochs, check interval, and the default learning rate.
    """

    models: Sequence[str]
    seeds: int = 5
    per_graph: int | None = None
    tune: int = 1
    training: TrainSettings = dataclasses.field(default_factory=TrainSettings)

    def check(self) -> None:
        """Raise before long work if something cannot be meant.

        Raises:
            UnknownChoiceError: an unknown model.
            UserError: no model, a number below 1, or more trainings a graph than seeds.
        """
        if not self.models:
            raise UserError(
                f"models (got nothing) needs at least one; choose out of {', '.join(MODELS)}"
            )
        for name in self.models:
            choose(MODELS, name, "models")
        numbers = {
            "seeds": self.seeds,
            "per_graph": self.seeds if self.per_graph is None else self.per_graph,
            "tune": self.tune,
            "epochs": self.training.epochs,
            "check_every": self.training.check_every,
            "patience": 1 if self.training.patience is None else self.training.patience,
        }
        for name, value in numbers.items():
            if value < 1:
                raise UserError(
                    f"{name} (got {value}) must be at least 1; leave it out for the default"
                )
        if self.per_graph is not None and self.per_graph > self.seeds:
            # A seed that comes twice on one graph would count one training as two.
            raise UserError(
                f"per_graph (got {self.per_graph}) must be at most seeds ({self.seeds}); "
                "raise --seeds, or leave --per-graph out"
            )


def evaluate(
    arena: Arena,
    contestants: Sequence[Contestant],
    protocol: Protocol,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Train every model on every contestant and test it on the whole graph.

    Args:
        arena: the whole graph.
        contestants: graphs to train on.
        protocol: the same for all of them.
        on_row: called as each training ends.

    Raises:
        UnknownChoiceError: an unknown model.
        UserError: a contestant does not fit the whole graph, or was condensed in another setting.
    """
    _check_settings(arena, contestants)
    arena.test_labels()  # Before long work: whether there is something to score.
    entries = {name: choose(MODELS, name, "model") for name in protocol.models}
    admitted = [
        arena.training if c.condensed is None else arena.admit(c.graph) for c in contestants
    ]
    rows = []
    for name, entry in entries.items():
        choices = candidates(entry, protocol.training, protocol.tune, TUNE_SEED)
        tuned_for: dict[tuple[str, int], tuple[Candidate, float]] = {}
        trained: Counter[tuple[str, int]] = Counter()
        for contestant, graph in zip(contestants, admitted, strict=True):
            # Once a method and size, so that more condensing seeds do not buy more tuning.
            key = (contestant.label, num_target(graph))
            if key not in tuned_for:
                started = time.perf_counter()
                choice = best_of(entry, choices, arena, graph, TUNE_SEED)
                tuned_for[key] = choice, time.perf_counter() - started
            choice, tuned = tuned_for[key]
            whole = contestant.condensed is None
            count = protocol.seeds if whole else (protocol.per_graph or protocol.seeds)
            seeds = [(trained[key] + i) % protocol.seeds for i in range(count)]
            trained[key] += count
            for row in seed_rows(arena, contestant, graph, name, choice, seeds, tuned):
                rows.append(row)
                on_row(row)
    return rows


def _check_settings(arena: Arena, contestants: Sequence[Contestant]) -> None:
    """Raise unless all graphs were condensed in the setting in which models are compared."""
    for contestant in contestants:
        made = contestant.condensed
        if made is not None and made.provenance.setting != arena.setting:
            raise UserError(
                f"setting (got {made.provenance.setting!r} for {contestant.label}) must be that of the "
                f"comparison, {arena.setting!r}; condense it again with --setting {arena.setting}"
            )


def seed_rows(
    arena: Arena,
    contestant: Contestant,
    graph: MultimodalGraph,
    name: str,
    choice: Candidate,
    seeds: Sequence[int],
    tune_seconds: float = 0.0,
    known: Mapping[str, Row] = MappingProxyType({}),
) -> Iterator[Row]:
    """One row a training seed, each trained and tested as it is asked for, unless it is known.

    Args:
        arena: the whole graph.
        contestant: what is trained on, in the data set's units.
        graph: the same in the models' units.
        name: of the model.
        choice: its settings and training.
        seeds: of the trainings.
        tune_seconds: what choosing took.
        known: rows of earlier runs by their `cell`.
    """
    truth = arena.test_labels()
    raw, made = contestant.graph, contestant.condensed
    total, trained = num_target(arena.raw), int(arena.raw[arena.raw.target].train_mask.sum())
    content = "" if made is None else fingerprint(raw)
    for seed in seeds:
        cell = cell_name(
            arena.fingerprint, arena.setting, arena.scaling, content, name, choice, seed
        )
        if cell in known:
            yield known[cell]
            continue
        result = fit(MODELS[name], choice, arena, graph, seed)
        predicted = predict(result.model, arena.whole, arena.test_rows()).argmax(dim=1).cpu()
        scores = score(predicted, truth, arena.raw.num_classes)
        yield Row(
            dataset=arena.raw.name,
            source=arena.raw.source,
            method=contestant.label,
            ratio=num_target(raw) / total,
            ratio_train=num_target(raw) / trained,
            model=name,
            trained_on=WHOLE if made is None else CONDENSED,
            condense_seed=None if made is None else made.provenance.seed,
            train_seed=seed,
            micro_f1=scores.micro_f1,
            macro_f1=scores.macro_f1,
            accuracy=scores.accuracy,
            val_micro_f1=result.val_micro_f1,
            majority=majority_share(truth, arena.majority()),
            epoch=result.epoch,
            train_seconds=result.train_seconds,
            validate_seconds=result.validate_seconds,
            tune_seconds=tune_seconds,
            condense_seconds=0.0 if made is None else made.provenance.condense_seconds,
            nodes=sum(int(raw[t].num_nodes) for t in raw.node_types),
            edges=sum(raw[r].edge_index.size(1) for r in raw.edge_types),
            bytes=num_bytes(raw),
            settings=_settings(choice),
            setting=arena.setting,
            cell=cell,
        )


def _settings(choice: Candidate) -> str:
    values = {**dataclasses.asdict(choice.model), **dataclasses.asdict(choice.training)}
    return " ".join(f"{k}={v}" for k, v in values.items())
