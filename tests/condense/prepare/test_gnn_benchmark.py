"""The .npz files of gnn-benchmark: every spelling, unlabelled nodes, what is refused, and the real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError, UserError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.prepare import prepare
from tests.support.from_files import N, rows, to_table, undirected_graph
from tests.support.shared_data import DATA, needs

GRAPH = undirected_graph()
ADJACENCY = sp.csr_matrix((np.ones(GRAPH.num_edges), GRAPH.edge_index.numpy()), (N, N))
SPLIT = {f"{part}_idx": np.array(rows(GRAPH[f"{part}_mask"])) for part in ("train", "val", "test")}


def parts(name: str, matrix: sp.csr_matrix, separator: str = "_") -> dict[str, np.ndarray]:
    keys = ("data", "indices", "indptr", "shape")
    return {f"{name}{separator}{key}": np.array(getattr(matrix, key)) for key in keys}


ATTRIBUTES = parts("attr", sp.csr_matrix(GRAPH.x.numpy()))
LABELS = {"labels": GRAPH.y.numpy()}
FORMS = {
    "csr": parts("adj", ADJACENCY) | ATTRIBUTES | LABELS,
    "one direction": parts("adj", sp.csr_matrix(sp.triu(ADJACENCY))) | ATTRIBUTES | LABELS,
    "self-loops": parts("adj", ADJACENCY + sp.eye(N, format="csr")) | ATTRIBUTES | LABELS,
    "dots": (
        parts("adj_matrix", ADJACENCY, ".")
        | parts("attr_matrix", sp.csr_matrix(GRAPH.x.numpy()), ".")
        | LABELS
    ),
    "dense attributes": parts("adj", ADJACENCY) | {"node_attr": GRAPH.x.numpy()} | LABELS,
    "dense": {
        "adj_matrix": ADJACENCY.toarray(),
        "attr_matrix": GRAPH.x.numpy(),
        "node_label": GRAPH.y.numpy(),
    },
    "one-hot": (
        parts("adj", ADJACENCY)
        | ATTRIBUTES
        | parts("labels", sp.csr_matrix(np.eye(3)[GRAPH.y.numpy()]), ".")
    ),
}


def write(folder: Path, content: dict[str, np.ndarray]) -> Path:
    path = folder / "mine.npz"
    np.savez(path, **content)
    return path


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_all_spellings_give_the_graph_of_pyg(tmp_path: Path, content) -> None:
    torch.save(GRAPH, tmp_path / "mine.pt")
    expected = fingerprint(prepare(tmp_path / "mine.pt").graph)
    path = write(tmp_path, content | SPLIT)
    assert format_of(path) is FORMATS["gnn-benchmark"]
    assert fingerprint(prepare(path).graph) == expected


def test_values(tmp_path: Path) -> None:
    names = np.array(["a", None], dtype=object)  # Pickled, and not read.
    labels = np.where(np.arange(N) < 6, -1, GRAPH.y.numpy() + 4)
    content = FORMS["csr"] | {"labels": labels, "node_names": names} | SPLIT
    content["train_idx"] = content["train_idx"][content["train_idx"] > 5]
    made = prepare(write(tmp_path, content))
    node = made.graph["node"]
    assert made.graph.num_classes == 3
    assert node.y.tolist() == [-1] * 6 + (GRAPH.y[6:]).tolist()
    assert torch.equal(node.x_features, GRAPH.x)
    assert rows(node.train_mask) == [row for row in rows(GRAPH.train_mask) if row > 5]
    assert rows(node.test_mask) == rows(GRAPH.test_mask)
    assert torch.equal(made.graph["node", "links", "node"].edge_index, GRAPH.edge_index)
    assert any(change.startswith("node_names: left out") for change in made.changes)


SECOND = np.arange(N) // 3 % 3


def test_masks_of_several_splits(tmp_path: Path) -> None:
    masks = {
        f"{part}_mask": np.stack([GRAPH[f"{part}_mask"].numpy(), number == SECOND], 1)
        for number, part in enumerate(("train", "val", "test"))
    }
    path = write(tmp_path, FORMS["csr"] | masks)
    assert (
        rows(prepare(path, split_index=1).graph["node"].val_mask)
        == np.flatnonzero(SECOND == 1).tolist()
    )


def without(key: str) -> dict[str, np.ndarray]:
    return {name: value for name, value in FORMS["csr"].items() if name != key}


OBJECTS = {
    "adj_matrix": np.array(ADJACENCY, dtype=object),
    "node_attr": GRAPH.x.numpy(),
    "node_label": GRAPH.y.numpy(),
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (without("adj_indices"), r"mine\.npz cannot be read \(.*adj_indices.*; save it again"),
        (without("labels"), r"mine\.npz has no labels \(got adj_data, "),
        (
            {k: v for k, v in FORMS["csr"].items() if not k.startswith("attr")},
            r"mine\.npz has no attr ",
        ),
        (FORMS["csr"] | {"labels": np.zeros(59, dtype=int)}, r"labels int64 \[59\]\) must hold"),
        (FORMS["csr"] | parts("adj", sp.csr_matrix((50, 50))), r"60 rows .* adjacency \[50, 50\]"),
        (FORMS["csr"] | {"labels": np.array(["a"] * N)}, r"got labels of <U1 \[60\]\) must hold"),
        (FORMS["csr"] | {"adj_indices": ADJACENCY.indices + 50}, r"mine\.npz cannot be read"),
        (
            FORMS["csr"] | SPLIT | {"val_idx": np.array([3, 60])},
            r"mine\.npz: val_idx names node 60, which must lie in 0 … 59; count",
        ),
        (
            FORMS["csr"] | SPLIT | {"val_idx": np.array([0.5])},
            r"val_idx \(got float64 \[1\]\) must",
        ),
        (
            OBJECTS,
            r"mine\.npz holds its matrices as pickled objects.*\n(.*\n)?.*np\.load\('mine\.npz'",
        ),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, content, message: str) -> None:
    with pytest.raises(FileError, match=message):
        prepare(write(tmp_path, content), split=None if "train_idx" in content else "20/10/70")


def test_the_remedy_for_pickled_matrices_works(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = prepare(write(tmp_path, FORMS["csr"]), split="20/10/70").graph
    path = write(tmp_path, OBJECTS)
    with pytest.raises(FileError, match="pickled objects") as refused:
        prepare(path, split="20/10/70")
    exec(str(refused.value).split("once:\n")[1])
    assert fingerprint(prepare(path, split="20/10/70").graph) == fingerprint(expected)


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 cut off"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    assert not FORMATS["gnn-benchmark"].reader().recognises(path)
    with pytest.raises(FileError, match=r"mine\.npz cannot be read \(.*; save it again"):
        prepare(path, "gnn-benchmark", split="20/10/70")


def test_an_archive_of_an_unknown_version_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, FORMS["csr"])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 83
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"mine\.npz\) has none of the known formats"):
        prepare(path, split="20/10/70")
    with pytest.raises(FileError, match=r"mine\.npz cannot be read \(zip file version 8\.3\)"):
        prepare(path, "gnn-benchmark", split="20/10/70")


def test_from_the_file_to_the_table(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, FORMS["csr"] | SPLIT)
    to_table("mine.npz", "--modalities", "text:8", "image:4", "--target", "item")
    assert "mlp" in capsys.readouterr().out


def test_a_mistake_leaves_nothing_behind(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, without("labels") | SPLIT)
    assert cli.main(["prepare", "mine.npz", "--out", "mine.h5"]) == 2
    assert "mine.npz has no labels" in " ".join(capsys.readouterr().err.split())
    assert [p.name for p in tmp_path.iterdir()] == ["mine.npz"]


CORA = "planetoid/cora.npz"
PHOTO = "amazon/amazon_electronics_photo.npz"


@needs(CORA)
def test_the_real_cora() -> None:
    graph = prepare(DATA / CORA).graph
    node = graph["node"]
    assert (graph.num_classes, graph.num_nodes) == (7, 2708)
    assert graph["node", "links", "node"].edge_index.size(1) == 10556
    assert [int(node[f"{part}_mask"].sum()) for part in ("train", "val", "test")] == [
        140,
        500,
        1000,
    ]


@needs(PHOTO)
def test_the_real_photo() -> None:
    graph = prepare(DATA / PHOTO, split="20/30").graph
    assert (graph.num_classes, graph.num_nodes) == (8, 7650)
    assert graph["node", "links", "node"].edge_index.size(1) == 238_162
