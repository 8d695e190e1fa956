"""Single trainings of a verification, each kept in a file as it ends, so that none is run twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from condense.data.graph import num_target
from evaluate.results.records import write_records
from evaluate.search.architecture import Architecture
from evaluate.search.record import SideRow, read_table
from evaluate.search.trial import Side, run_trial
from evaluate.training.metrics import score
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict

Key = tuple[str, int, int, int, int, str, str]


@dataclass
class Ledger:
    """Trains, and remembers.

    Attributes:
        task: the whole graph, for test scores of models that were trained on it.
        path: of the file; what is in it is known.
        seed: of every training.
        on_row: called as each training ends, not for those that are known.
        rows: all that is known.
    """

    task: EvaluationTask
    path: Path
    seed: int
    on_row: Callable[[SideRow], None] = lambda row: None
    rows: dict[Key, SideRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is known."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = {_key(row): row for row in read_table(self.path, SideRow)}

    def train(
        self,
        name: str,
        side: Side,
        architecture: Architecture,
        epochs: int,
        check_every: int,
        test: bool = False,
    ) -> SideRow:
        """An architecture's training on a side, unless it is known.

        Args:
            name: of the side.
            side: what it is.
            architecture: what is trained.
            epochs: of the training.
            check_every: epochs between validations.
            test: whether to score the whole graph's test nodes too, once training and its selection are over.
        """
        nodes = num_target(side.graph)
        key = (name, nodes, epochs, check_every, self.seed, *architecture.key)
        if key in self.rows:
            return self.rows[key]
        trained = run_trial(side, architecture, epochs, check_every, self.seed)
        tested = float("nan")
        if test:
            task = self.task
            predicted = predict(trained.model, task.whole, task.test_rows()).argmax(dim=1)
            truth = task.test_labels()
            tested = score(predicted.cpu(), truth, task.raw.num_classes).micro_f1
        row = SideRow(
            name, nodes, epochs, check_every, self.seed, *architecture.key,
            val=trained.val_micro_f1, test=tested,
            train_seconds=trained.train_seconds, validate_seconds=trained.validate_seconds,
        )  # fmt: skip
        self.rows[key] = row
        write_records(self.path, SideRow, self.rows.values())
        self.on_row(row)
        return row


def _key(row: SideRow) -> Key:
    return (
        row.side, row.nodes, row.epochs, row.check_every, row.seed, row.model, row.settings,
    )  # fmt: skip
