"""Tables of numbers in text files: every value arrives, and mistakes are found by line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from condense.errors import FileError
from condense.prepare import delimited
from condense.prepare.delimited import read_numbers, read_words


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_values_arrive(tmp_path: Path, name: str, delimiter: str) -> None:
    expected = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    lines = [delimiter.join(map(repr, row)) for row in expected.tolist()]
    path = written(tmp_path / name, "\n".join(lines))  # Without a newline at the end.
    assert np.array_equal(read_numbers(path, "float32", delimiter=delimiter), expected)


def test_blocks_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 64)
    expected = np.arange(600).reshape(300, 2) * 10**12
    path = written(tmp_path / "a.csv.gz", "".join(f"{a},{b}\r\n" for a, b in expected.tolist()))
    assert np.array_equal(read_numbers(path, "int64", columns=2, rows=300), expected)


def test_gaps_in_floats_are_nan(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz", '\n2\n""\nnan\nNA\n3.5\n')
    expected = np.array([[np.nan, 2, np.nan, np.nan, np.nan, 3.5]]).T
    assert np.array_equal(read_numbers(path, "float64"), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "dtype", "message"),
    [
        ("", "int64", r"a\.csv\.gz cannot be read \(it is empty\); save it again"),
        ("1,2,3\n", "int64", "3 columns where 2 are expected"),
        ("1,2\n3,4\n5\n", "int64", "line 3 has 1 columns where 2 are expected"),
        ("1,2\n\n3,4\n", "int64", "line 2 has 1 columns where 2 are expected"),
        ("1,2\n3,a\n", "int64", "line 2 has 'a' where whole numbers are expected"),
        ("1,2\n3,\n", "int64", "line 2 has '' where whole numbers are expected"),
        ("1,2\n3,4.5\n", "int64", "line 2 has '4.5' where whole numbers are expected"),
        ("1,2\n3,a\n", "float32", "line 2 has 'a' where numbers are expected"),
        ("1,99999999999999999999\n", "int64", "99999999999999999999"),
        ("1,2\n3,4\n", "int64", r"\(got 2 lines\) must have 3, one per node"),
        ("1,2\n" * 4, "int64", r"\(got more than 3 lines\) must have 3, one per node"),
    ],
)
def test_mistakes_are_found(tmp_path: Path, text: str, dtype: str, message: str) -> None:
    path = written(tmp_path / "a.csv.gz", text)
    with pytest.raises(FileError, match=message):
        read_numbers(path, dtype, columns=2, rows=3, per="one per node")


@pytest.mark.parametrize("cut", [slice(-4), slice(99), slice(5, None), slice(0)])
def test_damaged_files_are_named(tmp_path: Path, cut: slice) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d,2\n" % i for i in range(99)))[cut])
    for read in (lambda: read_numbers(path, "int64"), lambda: read_words(path)):
        with pytest.raises(FileError, match=r"a\.csv\.gz cannot be read") as error:
            read()
        assert "\n" not in str(error.value)


def test_words(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz", "paper,has topic\n\nüber, b\n")
    assert read_words(path) == [["paper", "has topic"], ["über", "b"]]
    with pytest.raises(FileError, match=r"none\.csv\.gz is missing; put it there"):
        read_words(tmp_path / "none.csv.gz")
    path = written(tmp_path / "a.csv.gz", "a," * 600_000)
    with pytest.raises(FileError, match="more than 1,048,576 bytes where a few words"):
        read_words(path)
