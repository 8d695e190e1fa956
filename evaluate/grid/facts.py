"""The facts that all rows of a graph share, computed once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from condense.data.graph import num_target
from condense.data.inductive import Setting
from evaluate.grid.plan import Cell
from evaluate.grid.protocol import TrainingGraph
from evaluate.grid.workload import TrainingResult
from evaluate.results.rows import CONDENSED, WHOLE, Row
from evaluate.training.metrics import majority_share
from evaluate.training.tasks import Task
from evaluate.training.tune import settings_text


@dataclass(frozen=True)
class GraphFacts:
    """The part of a `Row` that is known before any training on the graph; see `Row`.

    Attributes:
        note: what is written behind the settings, see `Task.note`.
    """

    dataset: str
    source: str
    method: str
    ratio: float
    ratio_train: float
    trained_on: str
    condense_seed: int | None
    majority: float
    condense_seconds: float
    nodes: int
    edges: int
    bytes: int
    setting: Setting
    condense_peak: float | None
    test_labels: str
    note: str

    @classmethod
    def of(cls, task: Task, training_graph: TrainingGraph) -> GraphFacts:
        """The facts of one graph."""
        raw, condensed = training_graph.graph, training_graph.condensed
        stages = [] if condensed is None else condensed.provenance.stages
        return cls(
            dataset=task.raw.name,
            source=task.raw.source,
            method=training_graph.label,
            ratio=num_target(raw) / num_target(task.raw),
            ratio_train=num_target(raw) / int(task.raw[task.raw.target].train_mask.sum()),
            trained_on=WHOLE if condensed is None else CONDENSED,
            condense_seed=None if condensed is None else condensed.provenance.seed,
            majority=majority_share(task.test_labels(), task.majority()),
            condense_seconds=0.0 if condensed is None else condensed.provenance.condense_seconds,
            nodes=sum(int(raw[t].num_nodes) for t in raw.node_types),
            edges=sum(raw[r].edge_index.size(1) for r in raw.edge_types),
            bytes=task.bytes_of(raw),
            setting=task.setting,
            condense_peak=max((s["peak_bytes"] / 2**20 for s in stages), default=None),
            test_labels=task.test_digest,
            note=task.note(condensed is None),
        )

    def row(self, cell: Cell, outcome: TrainingResult, tune_seconds: float) -> Row:
        """The row of a training on this graph, whose model must have been tested."""
        assert outcome.scores is not None
        scores: dict[str, Any] = dict(outcome.scores)
        facts = dataclasses.asdict(self)
        note = facts.pop("note")
        return Row(
            **facts,
            **scores,
            model=cell.model,
            train_seed=cell.seed,
            val_micro_f1=outcome.val_micro_f1,
            epoch=outcome.epoch,
            train_seconds=outcome.train_seconds,
            validate_seconds=outcome.validate_seconds,
            tune_seconds=tune_seconds,
            settings=f"{settings_text(cell.choice)} {note}".rstrip(),
            cell=cell.name,
            peak_mib=outcome.peak_mib,
            threads=outcome.threads,
            rising=outcome.rising,
        )
