"""JSON objects on disk: replaced whole, and readable as older versions wrote them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from condense.errors import FileError
from evaluate.results.json_files import read_json, write_json


def test_non_finite_numbers_survive(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    write_json(path, {"low": math.nan, "speed_up": math.inf, "out": Path("runs")})
    assert json.loads(path.read_text()) == {"low": "NaN", "speed_up": "Infinity", "out": "runs"}
    record = read_json(path)
    assert math.isnan(record["low"])
    assert record["speed_up"] == math.inf
    assert [file.name for file in tmp_path.iterdir()] == ["search.json"]


def test_null_of_older_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    path.write_text('{"kendall": {"value": 0.5, "low": null}}')
    assert read_json(path) == {"kendall": {"value": 0.5, "low": None}}
    assert read_json(tmp_path / "nothing.json") == {}


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    path.write_text("[1]")
    with pytest.raises(FileError, match=r"not an object.*choose another --out"):
        read_json(path)
    for text, problem in (
        ('{"a": 1, "b', r"line 1 column 10"),
        ("null", "not an object but NoneType"),
        ("", "line 1 column 1"),
        ('{"a": "\0"}', "control character at: line 1 column 8"),
        ('{"a": ' + "[" * 10**5 + "]" * 10**5 + "}", "nested deeper"),
    ):
        path.write_text(text)
        with pytest.raises(FileError, match=f"search.json cannot be read .*{problem}.*; delete it"):
            read_json(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FileError, match="is a folder"):
        write_json(path, {})
