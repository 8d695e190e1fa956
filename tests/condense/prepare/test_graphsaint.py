"""GraphSAINT's folders: the graph is that of the same data in PyG, and files that do not fit are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch_geometric.data import Data

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError, UserError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.prepare import prepare
from tests.condense.prepare.test_pyg import data
from tests.support.from_files import to_table

PART = np.arange(60) // 3 % 3
CLASSES = {str(i): i % 3 for i in range(60)}
ROLES = {
    part: np.flatnonzero(number == PART).tolist() for number, part in enumerate(("tr", "va", "te"))
}


def adjacency() -> sp.csr_matrix:
    """The edges of `test_pyg.data()`, each once, from row to column."""
    ends = data().edge_index.numpy()
    matrix = sp.csr_matrix((np.ones(200), tuple(ends)), shape=(60, 60))
    matrix.data[:] = 1
    return matrix


def files() -> dict[str, object]:
    return {
        "adj_full.npz": adjacency(),
        "feats.npy": data().x.double().numpy(),
        "class_map.json": CLASSES,
        "role.json": ROLES,
    }


def folder(place: Path, content: Mapping[str, object]) -> Path:
    """A folder with matrices, arrays and JSON; text is written as it is, None is a file left out."""
    place.mkdir(parents=True)
    for name, value in content.items():
        path = place / name
        if isinstance(value, str):
            path.write_text(value)
        elif isinstance(value, np.ndarray):
            np.save(path, value, allow_pickle=True)
        elif sp.issparse(value):
            sp.save_npz(path, value)
        elif value is not None:
            path.write_text(json.dumps(value))
    return place


def reference() -> Data:
    content = data()
    entries = adjacency().tocoo()
    ends = np.stack([entries.row, entries.col]).astype(np.int64)
    content.edge_index = torch.from_numpy(ends)
    for number, name in enumerate(("train", "val", "test")):
        content[f"{name}_mask"] = torch.from_numpy(number == PART)
    return content


def one_hot(label: int) -> list[int]:
    return [int(c == label) for c in range(3)]


@pytest.mark.parametrize(
    "classes",
    [
        CLASSES,
        {i: float(c) for i, c in CLASSES.items()},
        {i: one_hot(c) for i, c in CLASSES.items()},
    ],
    ids=["classes", "floats", "one-hot"],
)
def test_the_graph_is_that_of_the_same_data_in_pyg(tmp_path: Path, classes) -> None:
    source = folder(tmp_path / "mine", {**files(), "class_map.json": classes})
    torch.save(reference(), tmp_path / "mine.pt")
    made = prepare(source)
    graph, node = made.graph, made.graph["node"]
    assert fingerprint(graph) == fingerprint(prepare(tmp_path / "mine.pt").graph)
    assert torch.equal(node.x_features, data().x)
    assert torch.equal(node.y, data().y)
    assert node.val_mask.nonzero().flatten().tolist() == ROLES["va"]
    theirs = {tuple(ends) for ends in data().edge_index.t().tolist()}
    assert {tuple(e) for e in graph["node", "links", "node"].edge_index.t().tolist()} == theirs


@pytest.mark.parametrize("kind", [bool, np.float32])
def test_entries_count_one_edge_each(tmp_path: Path, kind) -> None:
    matrix = adjacency().astype(kind)
    matrix.data[:2] = 0
    matrix.data[2:5] = 5
    made = prepare(folder(tmp_path / "a", {**files(), "adj_full.npz": matrix}))
    relation = made.graph["node", "links", "node"]
    assert torch.equal(relation.edge_index, reference().edge_index[:, 2:])
    assert "edge_weight" not in relation
    assert "adj_full.npz: each entry other than 0 is one edge without a weight" in made.changes


def test_unlabelled_nodes(tmp_path: Path) -> None:
    test = ROLES["te"]
    classes = {i: one_hot(c) for i, c in CLASSES.items() if int(i) != test[0]}
    classes[str(test[1])] = [0, 0, 0]
    expected = data().y
    expected[test[:2]] = -1
    made = prepare(folder(tmp_path / "a", {**files(), "class_map.json": classes}))
    assert torch.equal(made.graph["node"].y, expected)


def test_the_training_graph_is_left_out(tmp_path: Path) -> None:
    made = prepare(folder(tmp_path / "a", {**files(), "adj_train.npz": "not read"}))
    assert any(change.startswith("adj_train.npz: left out") for change in made.changes)


def changed(name: str, key: str, value: object) -> dict[str, object]:
    content = files()[name]
    assert isinstance(content, dict)
    return {name: {**content, key: value}}


def out_of_bounds() -> sp.csr_matrix:
    matrix = adjacency()
    matrix.indices[7] = 10**6
    return matrix


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feats.npy": None}, r"feats\.npy is missing; put it there"),
        ({"class_map.json": None}, r"class_map\.json is missing"),
        ({"role.json": None}, r"role\.json is missing"),
        ({"feats.npy": "no array"}, r"feats\.npy cannot be read \("),
        (
            {"feats.npy": np.ones(60)},
            r"feats\.npy \(got float64 \[60\]\) must hold numbers \[nodes, width\]",
        ),
        (
            {"feats.npy": np.array([[Path("a")]])},
            r"feats\.npy cannot be read \(Object arrays.*never read.*if you trust the file, load it with",
        ),
        (
            {"feats.npy": np.ones((59, 2))},
            r"adj_full\.npz \(got shape \[60, 60\]\) must be \[59, 59\], a row and a column for each node",
        ),
        ({"adj_full.npz": "no archive"}, r"adj_full\.npz cannot be read \("),
        (
            {"adj_full.npz": adjacency().tocoo()},
            r"adj_full\.npz cannot .*format is b'coo' where b'csr'",
        ),
        ({"adj_full.npz": out_of_bounds()}, r"adj_full\.npz cannot be read \(.*indices"),
        ({"class_map.json": "{"}, r"class_map\.json cannot be read \("),
        ({"class_map.json": [1, 2]}, r"class_map\.json cannot be read \(a list where an object"),
        (
            changed("class_map.json", "60", 1),
            r"class_map\.json names node 60, which must lie in 0 … 59",
        ),
        (
            changed("class_map.json", "a", 1),
            r"class_map\.json \(got 'a'\) must have numbers of nodes",
        ),
        (
            changed("class_map.json", "7", "cat"),
            r"class_map\.json \(got cat for node 7\) must give each",
        ),
        (
            changed("class_map.json", "7", 1.5),
            r"class_map\.json \(got 1\.5 for node 7\) must give each",
        ),
        (changed("class_map.json", "7", float("nan")), r"class_map\.json \(got nan for node 7\)"),
        (changed("class_map.json", "7", None), r"class_map\.json \(got None for node 7\)"),
        (
            changed("class_map.json", "7", [1, 0, 1]),
            r"class_map\.json \(got 2 labels for node 7\) gives a node several labels; multi-label class",
        ),
        (
            {"role.json": {"tr": [0], "va": [1]}},
            r"role\.json must have a list of numbers .* under 'te'",
        ),
        (
            changed("role.json", "va", [0.5]),
            r"role\.json must have a list of numbers .* under 'va'",
        ),
        (changed("role.json", "va", [60]), r"role\.json names node 60, which must lie in 0 … 59"),
        ({"role.json": "[" * 10_000}, r"role\.json cannot be read \(nested deeper"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(FileError, match=message) as error:
        prepare(folder(tmp_path / "a", {**files(), **changes}), "graphsaint")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("part", ["format", "shape", "data", "indices", "indptr"])
@pytest.mark.parametrize(
    "spoil", [lambda a: a.reshape(-1)[:0], lambda a: a.ravel()[0], lambda a: None]
)
def test_spoilt_matrices_are_named(tmp_path: Path, part: str, spoil: Callable) -> None:
    source = folder(tmp_path / "a", files())
    with np.load(source / "adj_full.npz") as archive:
        parts = dict(archive)
    parts[part] = spoil(parts[part])
    np.savez(source / "adj_full.npz", **{k: v for k, v in parts.items() if v is not None})
    if part == "format" and parts[part] is not None and np.ndim(parts[part]) == 0:
        return  # It is what it was.
    with pytest.raises(FileError, match=r"adj_full\.npz"):
        prepare(source)


def test_it_is_recognised_by_names(tmp_path: Path) -> None:
    assert format_of(folder(tmp_path / "a", files())) is FORMATS["graphsaint"]
    with pytest.raises(UserError, match="none of the known formats"):
        format_of(folder(tmp_path / "b", {**files(), "role.json": None}))


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), files())
    to_table("mine")
    said = capsys.readouterr().out
    assert "mlp" in said


def test_mistakes_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), {**files(), **changed("role.json", "va", [60])})
    assert cli.main(["prepare", "mine", "--out", "mine.h5"]) == 2
    assert "names node 60" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
