"""Rows of results, one for each trained model, and their file."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.data.inductive import Setting
from condense.errors import FileError

WHOLE = "whole"
CONDENSED = "condensed"


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
        majority: accuracy of always answering the most frequent training class.
        epoch: of the state that was kept.
        train_seconds: optimisation alone.
        validate_seconds: validation while training.
        tune_seconds: choosing the settings, once for this model and method.
        condense_seconds: 0 for the whole graph.
        nodes, edges, bytes: of the graph trained on, all types and relations together.
        settings: of model and training, as text.
        setting: "transductive" or "inductive".
        cell: what names this training among all others, see `evaluate.cells`; empty in older files.
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


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write `rows` as CSV, replacing the file only when it is complete.

    Raises:
        FileError: the file cannot be written.
    """
    names = [f.name for f in dataclasses.fields(Row)]
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow(dataclasses.asdict(row))
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileError(
            f"{path} cannot be written ({error.strerror}); choose another --out"
        ) from None


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of `write_rows`; columns that older files lack are at their defaults.

    Raises:
        FileError: the file cannot be read, or is of another kind or version.
    """
    kinds = {f.name: str(f.type) for f in dataclasses.fields(Row)}
    optional = {f.name for f in dataclasses.fields(Row) if f.default is not dataclasses.MISSING}
    rows = []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            found = list(reader.fieldnames or ())
            if found != [n for n in kinds if n in found or n not in optional]:
                raise ValueError("other columns")
            for record in reader:
                if None in record or None in record.values():
                    raise ValueError(f"line {reader.line_num} is of another length")
                values: dict[str, Any] = {n: _read(kinds[n], record[n]) for n in found}
                rows.append(Row(**values))
        return rows
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise FileError(
            f"{path} cannot be read as results ({error}); evaluate again, or name a results.csv"
        ) from None


def _read(kind: str, text: str) -> str | int | float | None:
    if not text and "None" in kind:
        return None
    if kind.startswith("int"):
        return int(text)
    return float(text) if kind == "float" else text
