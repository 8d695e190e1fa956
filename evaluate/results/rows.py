"""Rows of results, one for each trained model, and their file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from condense.data.inductive import Setting
from evaluate.results.records import read_records, write_records

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
        condense_seconds: 0 for the whole graph.
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
    """

    dataset: str
    source: str
    method: str
    ratio: float
    ratio_train: float
    model: str
    trained_on: str
    condense_seed: int | None
    train_seed: int
    micro_f1: float
    macro_f1: float
    accuracy: float
    val_micro_f1: float
    majority: float
    epoch: int
    train_seconds: float
    validate_seconds: float
    tune_seconds: float
    condense_seconds: float
    nodes: int
    edges: int
    bytes: int
    settings: str
    setting: Setting = "transductive"
    cell: str = ""
    auc: float | None = None
    peak_mib: float | None = None
    condense_peak: float | None = None
    threads: int = 0


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
