"""Tables of a few hundred rows in four formats, and batches that are small beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from condense.data.pyg import edges as converted
from condense.data.rules import edges as rules
from condense.edges import statistics
from condense.io import scratch
from condense.io.scratch import Scratch
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import Prepared, prepare
from condense.prepare.tables import batches, categories, json_lines, numbered, numbers, table_file
from tests.support.tables import FORMATS

SPEC = """
[node.item]
file = "items.csv"
id = "id"
numbers = ["price", "rank", "size"]
categories = ["brand", "maker"]
label = "kind"
[node.tag]
[edge.likes]
file = "likes.csv"
source = { type = "item", column = "a" }
target = { type = "item", column = "b" }
weight = "w"
reverse = true
[edge.tagged]
file = "tagged.csv"
source = { type = "item", column = "a" }
target = { type = "tag", column = "b" }
[edge.near]
file = "near.csv"
source = { type = "tag", column = "a" }
target = { type = "tag", column = "b" }
"""
ITEMS, EDGES = 90, 400


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make batches of all kinds so small that tables have many, and arrays so that all are in files."""
    monkeypatch.setattr(scratch, "SMALL", 0)
    sizes = {
        "ROWS": (table_file, batches, categories, numbers),
        "BLOCK": (batches, json_lines),
        "EDGES": (converted, rules, statistics),
        "COPIED": (numbered,),
        "LINES": (json_lines,),
    }
    for name, modules in sizes.items():
        for module in modules:
            monkeypatch.setattr(module, name, 400 if name == "BLOCK" else 17)


def data() -> dict[str, dict[str, list]]:
    rng = np.random.Generator(np.random.PCG64(3))

    def some(values: list, count: int = EDGES) -> list:
        return [values[i] for i in rng.integers(0, len(values), count)]

    ids = [f"n{i}" for i in rng.permutation(ITEMS)]
    items = {
        "id": ids,
        "price": [
            None if i % 7 == 0 else float(x) for i, x in enumerate(rng.lognormal(0, 4, ITEMS))
        ],
        "rank": rng.integers(0, 1000, ITEMS).tolist(),
        "size": [None if i % 7 == 0 else 1e6 + i for i in range(ITEMS)],
        "brand": some([None, *(f"b{i}" for i in range(80))], ITEMS),
        "maker": some(["x", "y"], ITEMS),
        "kind": some(["k1", "k2"], ITEMS),
    }
    tags = [f"t{i}" for i in range(60)]
    likes = {"a": some(ids), "b": some(ids), "w": some([0.0, 0.5, 2.0])}
    return {
        "items": items,
        "likes": likes,
        "tagged": {"a": some(ids), "b": some([None, *tags[:30]])},
        "near": {"a": some(tags), "b": some(tags)},
    }


def written(folder: Path, kind: str, tables: dict[str, dict[str, list]]) -> Path:
    for name, columns in tables.items():
        FORMATS[kind](pa.table(columns), folder / f"{name}.{kind}")
    path = folder / "graph.toml"
    path.write_text(SPEC.replace(".csv", f".{kind}"))
    return path


def made(path: Path, folder: Path | None = None, drop: bool = True) -> Prepared:
    options = ReadOptions(scratch=Scratch(folder))
    return prepare(path, split="1/1", on_unknown="drop" if drop else "error", options=options)
