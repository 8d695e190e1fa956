"""Whatever happens to a table, reading it gives whole rows or an error that names the place."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.errors import FileError
from evaluate.reproduce.scores import Score, read_scores, score_store
from evaluate.results.records import read_records, write_records
from evaluate.results.rows import Row, read_rows, write_rows
from evaluate.results.store import Failure, ResultStore
from tests.evaluate.report.rows import row

ROWS = [
    dataclasses.replace(
        row(method, "mlp", seed, 0.5 + 0.01 * seed), auc=0.75, peak_mib=12.5, threads=16,
        settings='hops=2, "quoted"', test_labels="0123456789abcdef", rising=seed == 1,
    )
    for method, seed in (("whole", 0), ("srgm:epochs=0,damping=off", 0), ("srgm", 1))
]  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_rows(tmp_path / "results.csv", ROWS)
    return tmp_path / "results.csv"


def check_sane(rows: list[Row]) -> None:
    """Each value is what a row may hold."""
    for one in rows:
        assert one.trained_on in ("whole", "condensed")
        assert one.setting in ("transductive", "inductive")
        assert one.rising in (True, False, None)
        for name in ("micro_f1", "macro_f1", "accuracy", "val_micro_f1", "majority", "auc"):
            value = getattr(one, name)
            assert (name == "auc" and value is None) or 0 <= value <= 1
        for name in ("train_seconds", "validate_seconds", "tune_seconds", "ratio", "ratio_train"):
            assert 0 <= getattr(one, name) < math.inf
        assert all(getattr(one, name) >= 0 for name in ("epoch", "nodes", "edges", "bytes"))


def test_a_table_cut_anywhere_gives_its_whole_lines(table: Path) -> None:
    content = table.read_bytes()
    for length in range(len(content)):
        table.write_bytes(content[:length])
        kept = max(content[:length].count(b"\n") - 1, 0)
        assert read_rows(table) == ROWS[:kept]


def test_a_mutated_table_is_read_or_refused(table: Path) -> None:
    content, rng = table.read_bytes(), random.Random(0)
    read = 0
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 1, 4))):
            at, count = rng.randrange(len(changed)), rng.choice((1, 1, 8))
            changed[at : at + count] = rng.choice(
                (b"", b"\0" * count, rng.randbytes(count), b"-", b'"', b",", b"\n", b"7", b"nan,", b"1e9")
            )  # fmt: skip
        table.write_bytes(changed)
        with contextlib.suppress(FileError):
            check_sane(read_rows(table))
            read += 1
    assert read > 20  # Many mutations leave a text or a number that may be there.


def test_a_damaged_last_line_is_left_out_with_a_warning(table: Path, caplog) -> None:
    for damage in ("whole,imdb", "\0" * 40, "x," * 40):
        write_rows(table, ROWS)
        with table.open("a") as stream:
            stream.write(damage + "\n")
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert read_rows(table) == ROWS
        (message,) = caplog.messages
        assert f"{table}: line 5, the last, is left out" in message
        assert "all before it are kept, 3; the next run computes what is missing" in message


def test_the_next_run_drops_the_damaged_line_and_computes_what_is_missing(table: Path) -> None:
    table.write_bytes(table.read_bytes()[:-30])
    store = ResultStore(table.parent)
    assert [store.row_of(one.cell) for one in ROWS] == [*ROWS[:-1], None]
    store.add_rows(ROWS[-1:])
    assert read_rows(table) == ROWS


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("micro_f1", "7.0", "less than or equal to 1"),
        ("macro_f1", "nan", "less than or equal to 1"),
        ("val_micro_f1", "-0.1", "greater than or equal to 0"),
        ("accuracy", "", "unable to parse"),
        ("auc", "inf", "less than or equal to 1"),
        ("train_seconds", "inf", "less than or equal to"),
        ("tune_seconds", "-1", "greater than or equal to 0"),
        ("nodes", "-3", "greater than or equal to 0"),
        ("edges", "9" * 400, "less than"),
        ("epoch", "x", "unable to parse"),
        ("trained_on", "hole", "match pattern"),
        ("setting", "traductive", "'transductive' or 'inductive'"),
        ("rising", "perhaps", "valid boolean"),
    ],
)
def test_damage_before_the_last_line_is_refused_by_line_and_column(
    table: Path, column: str, text: str, rule: str
) -> None:
    write_records(table, Row, [ROWS[0], dataclasses.replace(ROWS[1], **{column: "@"}), ROWS[2]])  # type: ignore[arg-type]
    table.write_text(table.read_text().replace(",@", f",{text}"))
    before = table.read_bytes()
    with pytest.raises(FileError, match=f"line 3, column {column} .*{rule}.*delete the line, or"):
        read_rows(table)
    with pytest.raises(FileError, match=f"line 3, column {column} .*--fresh"):
        ResultStore(table.parent)
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "where"),
    [(b"\0", "byte 4 of it is NUL"), (b"\xff", "byte 4 of it is not UTF-8"), (b"\n", "1 fields where")],
)  # fmt: skip
def test_damaged_bytes_before_the_last_line_are_refused(
    table: Path, damage: bytes, where: str
) -> None:
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(lines[0] + lines[1] + lines[2][:3] + damage + lines[2][4:] + lines[3])
    with pytest.raises(FileError, match=f"line 3, {where}"):
        read_rows(table)


def test_other_columns_are_named(table: Path) -> None:
    text = table.read_text()
    for old, new, problem in (
        ("dataset,", "dat,", "column dataset is missing"),
        (",cell", ",sell", "column 25 (got 'sell') is none of this table's"),
        ("nodes,edges", "edges,nodes", "are in another order"),
        ("auc", "cell", "column 26 (got 'cell') is none of this table's"),
    ):
        table.write_text(text.replace(old, new, 1))
        with pytest.raises(FileError) as caught:
            read_rows(table)
        assert "line 1, " in str(caught.value)
        assert problem in str(caught.value)


def test_scores_that_are_undefined_stay_undefined(tmp_path: Path) -> None:
    path = tmp_path / "imdb.csv"
    scores = [Score("a", "imdb", "mlp", 0, metric, value, 1.5)
              for metric, value in (("auc", math.nan), ("ari", -0.25))]  # fmt: skip
    score_store(path).add(scores)
    kept = read_scores(path)
    assert math.isnan(kept[0].value)
    assert kept[1] == scores[1]
    path.write_text(path.read_text().replace("-0.25", "7.0") + "a,imdb,mlp,0,nmi,0.5,1.0\n")
    with pytest.raises(FileError, match=r"line 3, column value \(got '7.0'\)"):
        score_store(path)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.builds(
    Failure, names, names, names, names, st.none() | st.integers(0, 9), st.none(), names
), max_size=3))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_text_survives(rows: list[Failure]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "failures.csv"
        write_records(path, Failure, rows)
        assert read_records(path, Failure, "failures", "") == rows
