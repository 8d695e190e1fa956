"""Splits in three files: every form gives one split, and the first wrong entry is named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import cli
from condense.errors import UserError
from condense.prepare.prepare import prepare
from tests.condense.prepare.test_pyg import data, saved

ROWS = {"train": [*range(12), 17], "val": [13, 12, 16], "test": [*range(18, 60)]}


def lines(path: Path, rows: list[int]) -> Path:
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def packed(path: Path, rows: list[int]) -> Path:
    path = path.with_suffix(".csv.gz")
    path.write_bytes(gzip.compress("\r\n".join(f' "{row}"' for row in rows).encode("utf-8-sig")))
    return path


def array(dtype: str, shape: tuple[int, ...]) -> Callable[[Path, list[int]], Path]:
    def write(path: Path, rows: list[int]) -> Path:
        np.save(path.with_suffix(".npy"), np.array(rows, dtype).reshape(shape))
        return path.with_suffix(".npy")

    return write


def mask(path: Path, rows: list[int]) -> Path:
    np.save(path.with_suffix(".npy"), np.isin(np.arange(60), rows))
    return path.with_suffix(".npy")


def tensor(path: Path, rows: list[int]) -> Path:
    torch.save(torch.tensor(rows), path.with_suffix(".pt"))
    return path.with_suffix(".pt")


FORMS = {
    "lines": lines,
    "a gzipped column with quotes and a mark of the byte order": packed,
    "int32 [m, 1]": array("int32", (-1, 1)),
    "float64 [m]": array("float64", (-1,)),
    "text [m]": array("U4", (-1,)),
    "mask": mask,
    "tensor": tensor,
}


def written(folder: Path, write: Callable[[Path, list[int]], Path] = lines) -> list[str]:
    return [str(write(folder / f"{part}.txt", rows)) for part, rows in ROWS.items()]


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
def test_every_form_gives_one_split(tmp_path: Path, write) -> None:
    made = prepare(saved(tmp_path, data()), split=written(tmp_path, write))
    for part, rows in ROWS.items():
        assert made.graph["node"][f"{part}_mask"].nonzero().flatten().tolist() == sorted(rows)
    assert any(change.startswith("split: train.") for change in made.changes)


def table(folder: Path) -> Path:
    """60 items with the ids i0 … i59, in the reverse order."""
    rows = [f"i{59 - i},{i % 3},{i}" for i in range(60)]
    (folder / "items.csv").write_text("\n".join(["id,kind,price", *rows]))
    (folder / "graph.toml").write_text(
        '[node.item]\nfile = "items.csv"\nid = "id"\nlabel = "kind"\nnumbers = "price"\n'
    )
    return folder / "graph.toml"


def test_ids_of_tables_name_nodes(tmp_path: Path) -> None:
    names = [
        str(lines(tmp_path / f"{part}.csv", [f"i{59 - row}" for row in rows]))  # pyright: ignore
        for part, rows in ROWS.items()
    ]
    item = prepare(table(tmp_path), split=names).graph["item"]
    assert item.val_mask.nonzero().flatten().tolist() == [12, 13, 16]
    with pytest.raises(
        UserError, match=r"train\.txt, line 1 \(got '0'\) must be the id of a 'item' node"
    ):
        prepare(table(tmp_path), split=written(tmp_path))


def test_ids_of_a_graph_in_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        '{"nodes": ['
        + ", ".join(f'{{"id": "n{i}", "y": {i % 2}, "a": {i}}}' for i in range(9))
        + '], "links": []}'
    )
    for part, names in {"train": "n3\nn4", "val": "n5", "test": "n8"}.items():
        (tmp_path / part).write_text(names)
    node = prepare(path, split=[str(tmp_path / part) for part in ROWS]).graph["node"]
    assert node.train_mask.nonzero().flatten().tolist() == [3, 4]


def content(name: str, text: str | bytes) -> Callable[[Path], object]:
    if isinstance(text, bytes):
        return lambda folder: (folder / name).write_bytes(text)
    return lambda folder: (folder / name).write_text(text)


MISTAKES = [
    (content("val.txt", "13\n\n60\n"), r"val\.txt, line 3 \(got '60'\) must be the number of a 'node' "),
    (content("val.txt", "13\n-1\n"), r"val\.txt, line 2 \(got '-1'\) must be the number .*; correct it$"),
    (content("val.txt", "node\n13\n"), r"line 1 \(got 'node'\) .* 0 … 59; correct it or, if it is the col"),
    (content("val.txt", "13\n1.5\n"), r"line 2 \(got '1\.5'\) must be the number"),
    (content("val.txt", "13\n14\n13\n"), r"val\.txt, lines 1, 3 name '13' twice; keep one"),
    (content("val.txt", "13\n3\n"), r"val\.txt, line 2 names '3', which .*train\.txt, line 4 names too"),
    (content("val.txt", "13,14\n"), r"val\.txt cannot be read \(line 1 has 2 columns where 1 is"),
    (content("val.txt", '13\n"14\n'), r"val\.txt cannot be read \("),
    (content("val.txt", "\n \n"), r"val\.txt names no node; give"),
    (content("val.txt", b"\xff\xfe1\x00"), r"val\.txt cannot be read \("),
    (content("train.txt", "0\n14\n15\n"), r"train\.txt, line 2 names '14', which has no label, as have 1"),
    (lambda folder: (folder / "val.txt").unlink(), r"val\.txt is missing; put it there"),
    (lambda folder: [(folder / "val.txt").unlink(), (folder / "val.txt").mkdir()], r"val\.txt cannot"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_the_first_wrong_entry_is_named(tmp_path: Path, change, message: str) -> None:
    graph, split = data(), written(tmp_path)
    graph.y[[14, 15]] = -1
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        prepare(saved(tmp_path, graph), split=split)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(59, dtype=bool), r"val\.npy \(got a mask of 59\) must have 60 entries"),
        (np.zeros(60, dtype=bool), r"val\.npy names no node"),
        (np.array([13, 60]), r"val\.npy, entry 2 \(got '60'\) must be the number"),
        (np.array([13, 13]), r"val\.npy, entries 1, 2 name '13' twice"),
        (np.array([13, 2]), r"val\.npy, entry 2 names '2', which .*train\.txt, line 3 names too"),
        (
            np.array([0.5]),
            r"val\.npy \(got float64 \[1\]\) must hold ids or numbers of nodes, or a mask",
        ),
        (np.ones((2, 2), dtype=int), r"val\.npy \(got int64 \[2, 2\]\)"),
        (np.array(13), r"val\.npy \(got int64 \[\]\)"),
        (np.array([{}]), r"val\.npy cannot be read \("),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, values: np.ndarray, message: str) -> None:
    train, _, test = written(tmp_path)
    np.save(tmp_path / "val.npy", values)
    with pytest.raises(UserError, match=message):
        prepare(saved(tmp_path, data()), split=[train, str(tmp_path / "val.npy"), test])


def test_tensors_that_do_not_fit(tmp_path: Path) -> None:
    train, _, test = written(tmp_path)
    for values in (torch.tensor(3), torch.rand(3), torch.rand(3, dtype=torch.cfloat), {"a": 1}):
        torch.save(values, tmp_path / "val.pt")
        with pytest.raises(UserError, match=r"val\.pt"):
            prepare(saved(tmp_path, data()), split=[train, str(tmp_path / "val.pt"), test])


def test_the_command_takes_three_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, data())
    written(Path())
    words = ["--split", "train.txt", "val.txt", "test.txt"]
    assert cli.main(["prepare", "mine.pt", "--out", "mine.h5", *words]) == 0
    assert "splits   train 13, val 3, test 42" in capsys.readouterr().out
    assert cli.main(["prepare", "mine.pt", "--out", "two.h5", *words[:3]]) == 2
    assert "split (got train.txt val.txt) must be" in capsys.readouterr().err
    assert not Path("two.h5").exists()
