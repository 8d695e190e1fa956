"""Values of a column may be of one kind in some parts of a file and of another in others."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from condense.data.text import text_features
from condense.errors import UserError
from condense.prepare.prepare import prepare
from condense.prepare.tables import json_lines
from tests.support import many_batches
from tests.support.many_batches import made
from tests.support.tables import FORMATS

SPEC = """
[node.item]
file = "items.jsonl"
id = "id"
label = "kind"
{feature}
[edge.near]
file = "items.jsonl"
source = {{ type = "item", column = "id" }}
target = {{ type = "item", column = "id" }}
"""
DATES, WORDS = ["2024-01-05"], ["red"]
KEYS = {
    "list": (DATES, WORDS),
    "struct": ({"m": DATES[0]}, {"m": "red"}),
    "lists in structs": ([{"m": DATES}], [{"m": WORDS}]),
    "list and struct": (DATES, {"m": "red"}),
    "number and string": (1, "red"),
}


def described(folder: Path, feature: str, rows: list[dict]) -> Path:
    rows = [{"id": f"n{i}", "kind": "xy"[i % 2], **row} for i, row in enumerate(rows)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "graph.toml"
    path.write_text(SPEC.format(feature=feature))
    return path


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_that_is_not_wanted_may_change_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(json_lines, "BLOCK", 60)  # A row or two in each piece.
    first, later = KEYS[kind]
    rows = [{"v": [i, i / 2], "m": first if i < 6 else later} for i in range(12)]
    path = described(tmp_path, 'embeddings = { v = "v" }', rows)
    x = prepare(path, split="1/1").graph["item"].x_v
    assert x.tolist() == [[i, i / 2] for i in range(12)]


def test_lists_of_texts_that_look_like_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "BLOCK", 60)
    words = [["2024-01-05"] if i < 6 else ["red", "2024-01-05"] for i in range(12)]
    path = described(tmp_path, 'text = "t"', [{"t": each} for each in words])
    x = prepare(path, split="1/1").graph["item"].x_text
    assert torch.equal(x, text_features([" ".join(each) for each in words]))


def test_types_of_pieces_are_unified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "BLOCK", 1)
    path = tmp_path / "rows.jsonl"
    for kind in ("list", "struct", "lists in structs"):
        path.write_text("".join(json.dumps({"m": value}) + "\n" for value in KEYS[kind]))
        found = json_lines.json_types(path, ["m"])
        assert found is not None
        assert "string" in str(found["m"])
        rows = [row for b in json_lines.json_batches(path, found, ["m"]) for row in b.to_pylist()]
        assert [row["m"] for row in rows] == list(KEYS[kind])


def test_a_column_may_change_its_kind_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of JSON are told from strings, and whole ones from others, by all rows and not by the first."""
    many_batches.small(monkeypatch)
    (tmp_path / "n.jsonl").write_text(
        "".join(
            json.dumps({"id": i, "y": i % 2, "x": i if i < 50 else i / 4}) + "\n" for i in range(60)
        )
    )
    (tmp_path / "e.jsonl").write_text(
        "".join(json.dumps({"a": i, "b": i if i < 50 else str(i)}) + "\n" for i in range(60))
    )
    path = tmp_path / "graph.toml"
    node = '[node.n]\nfile = "n.jsonl"\nid = "id"\nnumbers = "x"\nlabel = "y"\n'
    path.write_text(node + '[edge.e]\nfile = "e.jsonl"\nsource = "a"\ntarget = "b"\n')
    graph = made(path, tmp_path).graph
    assert graph["n", "e", "n"].edge_index.tolist() == [list(range(60))] * 2
    # 3e15 is read as 3000000000000000 where all numbers are whole, and 60.5 is in the last batch.
    ids = [3e15, *(float(i) for i in range(58)), 60.5]
    FORMATS["parquet"](pa.table({"id": ids, "y": [0, 1] * 30, "x": ids}), tmp_path / "n.parquet")
    FORMATS["parquet"](pa.table({"a": ids, "b": ids}), tmp_path / "e.parquet")
    path.write_text(path.read_text().replace("jsonl", "parquet"))
    assert made(path, tmp_path).graph["n", "e", "n"].edge_index.tolist() == [list(range(60))] * 2
    FORMATS["parquet"](pa.table({"a": ids[:59], "b": ids[:59]}), tmp_path / "e.parquet")
    with pytest.raises(UserError, match=r"e\.parquet, row 1: a \(got 3000000000000000\.0\) must"):
        made(path, tmp_path, drop=False)
