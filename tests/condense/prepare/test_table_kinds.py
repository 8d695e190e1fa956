"""Values of JSON may be of one kind in some pieces of a file and of another in others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from condense.data.text import text_features
from condense.prepare.prepare import prepare
from condense.prepare.tables import json_lines

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
