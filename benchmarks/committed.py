"""The committed results behind docs/results: rows of `benchmarks.tables`, and means quoted from lost rows.

benchmarks/rows/<table>/ holds one row per training. benchmarks/quoted/<table>.csv holds means and standard
deviations, in points, of trainings whose rows were not kept; they enter tables and retention, never a
paired difference.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.tables import METHODS, MODELS, TABLES
from evaluate.results.rows import WHOLE, Row, read_rows
from evaluate.results.table import Line, summarise

ROWS = Path(__file__).parent / "rows"
QUOTED = Path(__file__).parent / "quoted"
OURS = "srgm"


@dataclass(frozen=True)
class Heading:
    """How the results pages present one table.

    Attributes:
        title: of the data set; says so where the data is simulated.
        page: the page of docs/results that holds the table, without its ending.
    """

    title: str
    page: str


# In the order of the headline table and of the forest plot.
HEADINGS: dict[str, Heading] = {
    "imdb": Heading("IMDB", "imdb"),
    "imdb-unique": Heading("IMDB, no duplicates", "imdb"),
    "imdb-tabular": Heading("IMDB, with tabular", "imdb"),
    "acm": Heading("ACM", "acm"),
    "dblp": Heading("DBLP", "dblp"),
    "cora": Heading("Cora", "cora"),
    "photo": Heading("Photo", "photo"),
    "photo-rich": Heading("Photo, a fifth labelled", "photo"),
    "amazon1": Heading("amazon1 (simulated)", "amazon1"),
    "photo-inductive": Heading("Photo, inductive", "inductive"),
    "amazon1-inductive": Heading("amazon1 (simulated), inductive", "inductive"),
}


def rows_of(table: str, models: Sequence[str] = MODELS) -> list[Row]:
    """Rows of a table, model by model in the order of `models`, methods in the order of the tables.

    Models that were not trained on SR-GM's graphs are left out: nothing can be compared there.
    """
    by_model: dict[str, list[Row]] = {model: [] for model in models}
    for path in sorted((ROWS / table).glob("*.csv")):
        for row in read_rows(path):
            if row.model in by_model:
                by_model[row.model].append(row)
    order = {method: i for i, method in enumerate(METHODS)}
    return sorted(
        (
            row
            for rows in by_model.values()
            if any(row.method == OURS for row in rows)
            for row in rows
        ),
        key=lambda row: (order.get(row.method, len(order)), models.index(row.model)),
    )


def lines_of(table: str, models: Sequence[str] = MODELS) -> list[Line]:
    """Means over seeds, quoted ones included, with retention against the whole graph's."""
    lines = summarise(rows_of(table, models)) + [
        line for line in _quoted(table) if line.model in models
    ]
    whole = {line.model: line.micro[0] for line in lines if line.method == WHOLE}
    lines = [
        line
        if line.retention is not None or line.model not in whole
        else replace(line, retention=100 * line.micro[0] / whole[line.model])
        for line in lines
    ]
    order = {method: i for i, method in enumerate(METHODS)}
    return sorted(
        lines, key=lambda x: (order.get(x.method, len(order)), list(models).index(x.model))
    )


def _quoted(table: str) -> list[Line]:
    """The quoted means of a table; numbers that were not quoted are NaN."""
    path = QUOTED / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Line(
                model=record["model"],
                method=record["method"],
                runs=TABLES[table].seeds,
                micro=(float(record["mean"]), float(record["sd"])),
                macro=(math.nan, math.nan),
                retention=None,
                corrected=None,
                nodes=float(record["nodes"]),
                edges=float(record["edges"]),
                bytes=float(record["bytes"]),
                condense_seconds=float(record["condense_seconds"]),
                train_seconds=math.nan,
                break_even=None,
            )
            for record in csv.DictReader(file)
        ]
