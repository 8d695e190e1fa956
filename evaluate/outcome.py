"""One training of the grid, run and tested."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from evaluate.arena import Arena
from evaluate.grid import Cell
from evaluate.metrics import Scores, auc, score
from evaluate.protocol import Contestant
from evaluate.results import Row
from evaluate.train import predict
from evaluate.tune import fit
from models.registry import MODELS


@dataclass(frozen=True)
class Setup:
    """Everything that trainings need, ready for them.

    Attributes:
        arena: the whole graph.
        contestants: what is trained on, in the data set's units.
        graphs: the same in the models' units.
    """

    arena: Arena
    contestants: Sequence[Contestant]
    graphs: Sequence[MultimodalGraph]

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        return self.arena.whole[self.arena.whole.target].y.device

    @classmethod
    def of(cls, arena: Arena, contestants: Sequence[Contestant]) -> Setup:
        """Check that the contestants can be compared in the arena, and bring them into its units.

        Raises:
            UserError: a contestant does not fit the whole graph, or was condensed in another setting.
        """
        for contestant in contestants:
            made = contestant.condensed
            if made is not None and made.provenance.setting != arena.setting:
                raise UserError(
                    f"setting (got {made.provenance.setting!r} for {contestant.label}) must be that of the "
                    f"comparison, {arena.setting!r}; condense it again with --setting {arena.setting}"
                )
        graphs = [
            arena.training if c.condensed is None else arena.admit(c.graph) for c in contestants
        ]
        return cls(arena, contestants, graphs)


@dataclass(frozen=True)
class Outcome:
    """What came out of one training.

    Attributes:
        val_micro_f1, epoch: of the state that was kept.
        train_seconds: optimisation alone.
        validate_seconds: validation while training.
        seconds: all together, with building the model and testing it.
        peak_mib: memory that optimisation took, see `evaluate.memory.TrainingPeak`.
        threads: of the training.
        scores, auc: on test nodes; None where the model was not tested.
    """

    val_micro_f1: float
    epoch: int
    train_seconds: float
    validate_seconds: float
    seconds: float
    peak_mib: float | None
    threads: int
    scores: Scores | None = None
    auc: float | None = None

    @classmethod
    def of_row(cls, row: Row) -> Outcome:
        """What a row of an earlier run tells."""
        return cls(
            row.val_micro_f1,
            row.epoch,
            row.train_seconds,
            row.validate_seconds,
            row.train_seconds + row.validate_seconds,
            row.peak_mib,
            row.threads,
            Scores(row.micro_f1, row.macro_f1, row.accuracy),
            row.auc,
        )


def run_cell(setup: Setup, cell: Cell) -> Outcome:
    """Train a cell's model and, where the cell says so, test it; everything random follows from its seed."""
    arena, started = setup.arena, time.perf_counter()
    graph = setup.graphs[cell.contestant]
    trained = fit(MODELS[cell.model], cell.choice, arena, graph, cell.seed)
    scores = area = None
    if cell.tests:
        logits = predict(trained.model, arena.whole, arena.test_rows()).cpu()
        truth = arena.test_labels()
        scores = score(logits.argmax(dim=1), truth, arena.raw.num_classes)
        # In float64: float32 rounds the chances of sure nodes to 1 alike, and their order would be lost.
        area = auc(logits.double().softmax(dim=1), truth)
    return Outcome(
        val_micro_f1=trained.val_micro_f1,
        epoch=trained.epoch,
        train_seconds=trained.train_seconds,
        validate_seconds=trained.validate_seconds,
        seconds=time.perf_counter() - started,
        peak_mib=None if trained.peak_bytes is None else trained.peak_bytes / 2**20,
        threads=torch.get_num_threads(),
        scores=scores,
        auc=None if area is None or area != area else area,
    )
