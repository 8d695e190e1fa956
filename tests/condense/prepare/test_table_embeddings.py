"""Tables: embeddings that users bring, in .npy files and in columns of lists."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from condense.data.fingerprint import fingerprint
from condense.errors import UserError
from condense.io import load, save
from condense.prepare.prepare import prepare
from tests.support.tables import FORMATS, ITEMS, SPEC, written

ROWS = np.arange(12, dtype=np.float32).reshape(6, 2)
LISTS = pa.list_(pa.float32())


def described(setting: str) -> str:
    return SPEC.replace('text = ["title", "about"]', f"embeddings = {{ {setting} }}")


def with_lists(folder: Path, kind: str, cells: object, setting: str = 'clip = "clip"') -> Path:
    path = written(folder, kind, described(setting))
    FORMATS[kind](pa.table({**ITEMS, "clip": cells}), folder / f"items.{kind}")
    return path


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", ">f4"])
def test_a_file_has_a_row_for_each_row_of_the_table(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "clip.npy", ROWS.astype(dtype))
    item = prepare(written(tmp_path, spec=described('clip = "clip.npy"'))).graph["item"]
    assert item.x_clip.dtype == (torch.float16 if dtype == "float16" else torch.float32)
    assert torch.equal(item.x_clip.float(), torch.from_numpy(ROWS))
    assert "has_clip" not in item
    assert "x_text" not in item


def test_a_file_stays_as_it_is_and_is_read_where_it_lies(tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", ROWS)
    before = (tmp_path / "clip.npy").read_bytes()
    x = prepare(written(tmp_path, spec=described('clip = "clip.npy"'))).graph["item"].x_clip
    maps = Path("/proc/self/maps")
    if maps.exists():
        (line,) = [each for each in maps.read_text().splitlines() if "clip.npy" in each]
        first, last = (int(end, 16) for end in line.split()[0].split("-"))
        assert first <= x.data_ptr() < last
    x[0, 0] = 99
    assert (tmp_path / "clip.npy").read_bytes() == before


def test_rows_without_numbers_lack_the_modality(tmp_path: Path) -> None:
    rows = ROWS.copy()
    rows[[1, 4]] = np.nan
    np.save(tmp_path / "clip.npy", rows)
    made = prepare(written(tmp_path, spec=described('clip = "clip.npy"')))
    assert made.graph["item"].has_clip.tolist() == [True, False, True, True, False, True]
    save(tmp_path / "mine.h5", made.graph)
    assert fingerprint(load(tmp_path / "mine.h5")) == fingerprint(made.graph)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    "type_", [pa.list_(pa.float32()), pa.list_(pa.float64(), 2), pa.large_list(pa.int64())]
)
def test_a_column_has_a_list_in_each_cell(tmp_path: Path, kind: str, type_: pa.DataType) -> None:
    cells: list = ROWS.astype(int).tolist()
    cells[2] = None
    path = with_lists(tmp_path, kind, pa.array(cells, type_))
    item = prepare(path).graph["item"]
    expected = torch.from_numpy(ROWS).clone()
    expected[2] = 0
    assert torch.equal(item.x_clip, expected)
    assert item.has_clip.tolist() == [True, True, False, True, True, True]


def test_files_and_columns_stand_side_by_side(tmp_path: Path) -> None:
    np.save(tmp_path / "text.npy", ROWS)
    path = with_lists(tmp_path, "parquet", ROWS.tolist(), 'clip = "clip", text = "text.npy"')
    item = prepare(path).graph["item"]
    assert torch.equal(item.x_text, item.x_clip)


def test_a_file_of_other_rows_or_of_none(tmp_path: Path) -> None:
    path = written(tmp_path, spec=described('clip = "clip.npy"'))
    npy = re.escape(str(tmp_path / "clip.npy"))
    with pytest.raises(UserError, match=npy):
        prepare(path)
    for wrong, got in (
        (ROWS[:5], r"float32 \[5, 2\]"),
        (ROWS[:, 0], r"float32 \[6\]"),
        (ROWS > 1, r"bool \[6, 2\]"),
    ):
        np.save(tmp_path / "clip.npy", wrong)
        with pytest.raises(UserError, match=rf"{npy} \(got {got}\) must have numbers \[6, width\]"):
            prepare(path)
    np.save(tmp_path / "clip.npy", ROWS[:, :0])
    with pytest.raises(UserError, match="width"):
        prepare(path)
    (tmp_path / "clip.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match=npy):
        prepare(path)
    whole = (np.save(tmp_path / "clip.npy", ROWS), (tmp_path / "clip.npy").read_bytes())[1]
    (tmp_path / "clip.npy").write_bytes(whole[:-8])
    with pytest.raises(UserError, match=npy):
        prepare(path)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [[1.0, 2]] * 4 + [[1.0], [2.0, 3]],
            r"row 5: clip \(got \[1.0\]\) must hold as many numbers",
        ),
        (
            pa.array([None] * 6, LISTS),
            r"rows 1, 2, 3 and 3 more: clip \(got nothing\) must hold numbers",
        ),
        ([[1.0, np.inf]] + [[1.0, 2]] * 5, r"row 1: clip \(got \[1.0, inf\]\) must hold finite"),
        ([[1.0, None]] + [[1.0, 2]] * 5, r"row 1: clip .* must hold finite numbers"),
        ([["a"]] * 6, r"column 'clip' \(got list<.*string>\) must hold lists of numbers"),
        ([1.0] * 6, r"column 'clip' \(got double\) must hold lists of numbers"),
        (pa.array([[]] * 6, LISTS), r"clip \(got \[\]\) must hold numbers"),
    ],
)
def test_cells_that_are_no_embeddings(tmp_path: Path, cells: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        prepare(with_lists(tmp_path, "parquet", cells))


def test_a_modality_is_given_once(tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", ROWS)
    spec = SPEC.replace('label = "kind"', 'label = "kind"\nembeddings = { text = "clip.npy" }')
    with pytest.raises(UserError, match=r"\[node.item\]: embeddings \(got 'text'\) has a modality"):
        prepare(written(tmp_path, spec=spec))


def test_embeddings_are_of_types_with_a_table(tmp_path: Path) -> None:
    spec = SPEC.replace(
        'file = "users.csv"\nid = "user"\nnumbers = "age"', 'embeddings = {a = "b.npy"}'
    )
    with pytest.raises(UserError, match="file is not set; name the table"):
        prepare(written(tmp_path, spec=spec))


def test_a_column_that_the_table_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no column 'clap', which embeddings names"):
        prepare(with_lists(tmp_path, "parquet", ROWS.tolist(), 'clip = "clap"'))
