"""Rows of results, one for each trained model, and their file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from condense.data.inductive import Setting
from evaluate.results.records import read_records, write_records
from evaluate.results.values import Amount, AmountOrNaN, Count, Score, Seed

WHOLE = "whole"
CONDENSED = "condensed"


REMEDY = "evaluate again, or name a results.csv"
"""What errors advise where a file of rows cannot be read."""


@dataclass(frozen=True)
class Row:
    """One model trained once.

    Attributes:
        dataset: name of the whole graph.
        source: "real" or "simulated".
        method: condensation method with its changed settings, or "whole".
        ratio: target nodes trained on ÷ all target nodes.
        ratio_train: target nodes trained on ÷ training nodes.
        model: name of the model.
        trained_on: "whole" (the sub-graph of training nodes in the inductive setting) or "condensed";
            tested on the whole graph in either case.
        condense_seed: of the condensation; empty for the whole graph.
        train_seed: of the training.
        micro_f1, macro_f1, accuracy: on the whole graph's test nodes.
        val_micro_f1: of the state that was kept.
        majority: accuracy of always predicting the most frequent training class.
        epoch: of the state that was kept.
        train_seconds: optimisation alone.
        validate_seconds: validation while training.
        tune_seconds: spent on choosing the settings, once for this model and method.
        condense_seconds: 0 for the whole graph; NaN where nobody recorded them.
        nodes, edges, bytes: of the graph trained on, all types and relations together.
        settings: of model and training, as text.
        setting: "transductive" or "inductive".
        cell: name of this training, see `evaluate.grid.cell`; empty in older files.
        auc: mean over classes of the area under the ROC curve of one against the others, on test nodes;
            None where no class has both a node and another, and in older files.
        peak_mib: by how much memory rose while the model was optimised, in MiB, see
            `evaluate.training.memory`; None where the system does not report it, and in older files.
        condense_peak: the condensing's greatest memory over its stages, in MiB: all of the process's, or on
            a GPU what was allocated there; None for the whole graph.
        threads: of the training; 0 in older files.
        test_labels: digest of the test nodes and their classes when the scores were computed, see
            `EvaluationTask.test_digest`; empty in older files.
        rising: whether the validation score was still rising when the training ended, see
            `evaluate.training.rising`; None where it was validated once, and in older files.
    """

    dataset: str
    source: Annotated[str, Field(pattern="^(real|simulated)$")]
    method: str
    ratio: Amount
    ratio_train: Amount
    model: str
    trained_on: Annotated[str, Field(pattern=f"^({WHOLE}|{CONDENSED})$")]
    condense_seed: Seed | None
    train_seed: Seed
    micro_f1: Score
    macro_f1: Score
    accuracy: Score
    val_micro_f1: Score
    majority: Score
    epoch: Count
    train_seconds: Amount
    validate_seconds: Amount
    tune_seconds: Amount
    condense_seconds: AmountOrNaN
    nodes: Count
    edges: Count
    bytes: Count
    settings: str
    setting: Setting = "transductive"
    cell: str = ""
    auc: Score | None = None
    peak_mib: Amount | None = None
    condense_peak: Amount | None = None
    threads: Count = 0
    test_labels: Annotated[str, Field(pattern="^([0-9a-f]{16})?$")] = ""
    rising: bool | None = None


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write `rows` as CSV, replacing the file only when it is complete.

    Raises:
        FileError: the file cannot be written.
    """
    write_records(path, Row, rows)


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of `write_rows`; columns that older files lack are at their defaults.

    Raises:
        FileError: the file cannot be read, or is of another kind or version.
    """
    return read_records(path, Row, "results", REMEDY)
