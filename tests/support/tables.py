"""Small tables of items and users in four formats, with the graph.toml that describes them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

SPEC = """
[node.item]
file = "items.csv"
id = "asin"
text = ["title", "about"]
numbers = ["price", "rank"]
categories = "brand"
label = "kind"
split = "part"

[node.user]
file = "users.csv"
id = "user"
numbers = "age"

[edge.also_buy]
file = "also.csv"
source = { type = "item", column = "from" }
target = { type = "item", column = "to" }
weight = "count"

[edge.buys]
file = "buys.csv"
source = "user"
target = "asin"
reverse = true
"""
ITEMS = {
    "asin": ["a", "007", "c", "12", "e", "f"],
    "title": ["red game", "red, game", 'red\n"film"', "film", None, "red film"],
    "about": [None, "film game", "red game", None, None, None],
    "price": [1.0, 3.0, None, 3.0, None, 1.0],
    "rank": [5, 5, 5, 5, None, 5],
    "brand": ["x", "y", "y", None, "z", "y"],
    "kind": ["film", "game", "film", None, "game", "film"],
    "part": ["train", "Training", "val", None, "validation", "test"],
}
USERS = {"user": [10, 7], "age": [20, 40]}
ALSO = {"from": ["a", "007", "12"], "to": ["c", "a", "f"], "count": [2, 1, 0.5]}
BUYS = {"user": [7, 10, 7], "asin": ["c", "a", "f"]}
TABLES = {"items": ITEMS, "users": USERS, "also": ALSO, "buys": BUYS}


def as_csv(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(row.values() for row in table.to_pylist())


def as_json(table: pa.Table, path: Path) -> None:
    rows = [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]
    path.write_text("\n\n".join(json.dumps(row) for row in rows))


FORMATS = {
    "csv": as_csv,
    "tsv": lambda table, path: as_csv(table, path, "\t"),
    "parquet": pyarrow.parquet.write_table,
    "jsonl": as_json,
}


def written(folder: Path, kind: str = "csv", spec: str = SPEC) -> Path:
    for name, columns in TABLES.items():
        FORMATS[kind](pa.table(columns), folder / f"{name}.{kind}")
    path = folder / "graph.toml"
    path.write_text(spec.replace(".csv", f".{kind}"))
    return path
