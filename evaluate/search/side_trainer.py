"""The trainings of a verification. Each is written to a file as it ends, so that none is run twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from condense.data.graph import num_target
from evaluate.results.record_store import RecordStore
from evaluate.search.architecture import Architecture
from evaluate.search.record import SideRow
from evaluate.search.trial import TrialData, run_trial
from evaluate.training.metrics import METRICS
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict

Key = tuple[str, int, int, int, int, str, str, str]


class SideTrainer:
    """Trains architectures on the sides of a verification, each once.

    Args:
        task: the whole graph; its test nodes score the models that were trained on it.
        path: path of the file, see `SideRow`; trainings listed there are not run again.
        seed: seed of every training.
        on_row: called as each training ends, but not for those in the file.

    Raises:
        FileError: the file holds something else, or cannot be written.
    """

    def __init__(
        self,
        task: EvaluationTask,
        path: Path,
        seed: int,
        on_row: Callable[[SideRow], None] = lambda row: None,
    ) -> None:
        self.task, self.seed, self._on_row = task, seed, on_row
        self._rows = RecordStore(SideRow, _key, path, "a search's rows")

    def key(
        self,
        side: str,
        nodes: int,
        architecture: Architecture,
        epochs: int,
        check_every: int,
        test: bool = False,
    ) -> Key:
        """The key of a training, see `SideRow`; of a tested one, the test labels are a part."""
        tested = self.task.test_digest if test else ""
        return (side, nodes, epochs, check_every, self.seed, *architecture.key, tested)

    def has(self, key: Key) -> bool:
        """Whether a training has been run."""
        return key in self._rows

    def train(
        self,
        side: str,
        data: TrialData,
        architecture: Architecture,
        epochs: int,
        check_every: int,
        test: bool = False,
    ) -> SideRow:
        """Run a training, unless its row is kept already, and return its row.

        Args:
            side: name of the side.
            data: the graphs to train and validate on.
            architecture: what to train.
            epochs: full-batch steps.
            check_every: epochs between validations.
            test: whether to score the whole graph's test nodes too, after training and selection.
        """
        nodes = num_target(data.graph)
        key = self.key(side, nodes, architecture, epochs, check_every, test)
        if kept := self._rows.get(key):
            return kept[-1]
        trained = run_trial(data, architecture, epochs, check_every, self.seed)
        tested = float("nan")
        if test:
            task = self.task
            logits = predict(trained.model, task.whole, task.test_rows(), epoch=trained.epoch).cpu()
            tested = METRICS["micro_f1"](logits, task.test_labels())
        row = SideRow(
            side, nodes, epochs, check_every, self.seed, *architecture.key,
            val=trained.val_micro_f1, test=tested,
            train_seconds=trained.train_seconds, validate_seconds=trained.validate_seconds,
            test_labels=key[-1],
        )  # fmt: skip
        self._rows.add([row])
        self._on_row(row)
        return row


def _key(row: SideRow) -> Key:
    return (
        row.side, row.nodes, row.epochs, row.check_every, row.seed, row.model, row.settings,
        row.test_labels,
    )  # fmt: skip
