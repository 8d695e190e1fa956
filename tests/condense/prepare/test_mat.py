"""HAN's .mat files: dense and sparse matrices, weights, unlabelled nodes, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
import torch
from torch_geometric.data import HeteroData

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.prepare import prepare
from tests.support.from_files import N, rows, to_table, undirected_graph

GRAPH = undirected_graph()
LINKS = sp.csr_matrix((np.ones(GRAPH.num_edges), GRAPH.edge_index.numpy()), (N, N))
# Asymmetric, to tell the direction: edges 0 → 1, 0 → 3 (twice) and 5 → 4, and an entry on the diagonal.
PATHS = sp.csr_matrix(([1.0, 2.0, 1.0, 9.0], ([0, 0, 5, 7], [1, 3, 4, 7])), (N, N))
ONE_HOT = np.eye(3, dtype=np.uint8)[GRAPH.y.numpy()]
SPLIT = {f"{part}_idx": np.array(rows(GRAPH[f"{part}_mask"])) for part in ("train", "val", "test")}
CONTENT = {
    "PAP": LINKS.toarray() + np.eye(N),
    "feature": GRAPH.x.numpy(),
    "label": ONE_HOT,
    **SPLIT,
}


def write(folder: Path, content: dict[str, Any], **changes: Any) -> Path:
    path = folder / "mine.mat"
    kept = {key: value for key, value in {**content, **changes}.items() if value is not None}
    scipy.io.savemat(path, kept, do_compression=True)
    return path


FORMS = {
    "dense": {},
    "sparse": {"PAP": LINKS.tocsc(), "feature": sp.csc_matrix(GRAPH.x.numpy().astype(float))},
    "features": {"feature": None, "features": GRAPH.x.numpy()},
    "numbers as float64": {key: value.astype(float) for key, value in SPLIT.items()},
    "columns": {key: value[:, None] for key, value in SPLIT.items()},
    "class numbers": {"label": GRAPH.y.numpy() + 1},
}


@pytest.mark.parametrize("changes", FORMS.values(), ids=FORMS)
def test_all_forms_give_the_graph_of_pyg(tmp_path: Path, changes) -> None:
    same = HeteroData()
    same["node"].x, same["node"].y = GRAPH.x, GRAPH.y
    for part in ("train", "val", "test"):
        same["node"][f"{part}_mask"] = GRAPH[f"{part}_mask"]
    same["node", "PAP", "node"].edge_index = GRAPH.edge_index
    torch.save(same, tmp_path / "same.pt")
    path = write(tmp_path, CONTENT, **changes)
    assert format_of(path) is FORMATS["mat"]
    assert fingerprint(prepare(path).graph) == fingerprint(prepare(tmp_path / "same.pt").graph)


def test_values(tmp_path: Path) -> None:
    labels = ONE_HOT.copy()
    labels[55] = 0
    test = np.array([row for row in SPLIT["test_idx"] if row != 55])
    names = np.array(["a", "b"], dtype=object)
    changes = {
        "label": labels,
        "test_idx": test,
        "net_PTP": PATHS,
        "names": names,
        "more": [[1, 2]],
    }
    made = prepare(write(tmp_path, CONTENT, **changes))
    graph, node = made.graph, made.graph["node"]
    assert graph.edge_types == [("node", "PAP", "node"), ("node", "net_PTP", "node")]
    assert graph["node", "net_PTP", "node"].edge_index.tolist() == [[0, 0, 5], [1, 3, 4]]
    assert graph["node", "net_PTP", "node"].edge_weight.tolist() == [1, 2, 1]
    assert "edge_weight" not in graph["node", "PAP", "node"]
    assert torch.equal(node.x_features, GRAPH.x)
    assert node.y[55] == -1
    assert rows(node.test_mask) == test.tolist()
    assert "61 entries on diagonals: left out, as HAN does" in made.changes
    assert any(change.startswith("more: left out") for change in made.changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"feature": None},
            r"mine\.mat \(got PAP \[60, 60\], label .*\) must hold feature \[n, d\]",
        ),
        ({"label": None}, r"must hold feature .* save them under these names"),
        (
            {"label": None, "feature": None, "PvsA": np.ones((5, 4))},
            r"holds relations such as PvsA without labels.*ACM3025\.mat",
        ),
        ({"PAP": np.ones((59, 59))}, r"has no matrix \[60, 60\] for the 60 rows of feature"),
        (
            {"label": ONE_HOT[:59]},
            r"label \(got \[59, 3\]\) must have a row for each of the 60 rows",
        ),
        ({"feature": GRAPH.x.numpy() * 1j}, r"feature \(got complex64\) must hold real numbers"),
        (
            {"val_idx": [60]},
            r"mine\.mat: val_idx names node 60, which must lie in 0 … 59; count",
        ),
        ({"val_idx": [0.5]}, r"val_idx \(got float64 \[1, 1\]\) must hold numbers of nodes"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        prepare(write(tmp_path, CONTENT, **changes))


def test_other_versions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["feature"] = np.ones((3, 3))
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    with path.open("r+b") as stream:
        stream.write(head)
    with pytest.raises(FileError, match=r"\(got MATLAB's version 7\.3\) must .*save\('…', '-v7'\)"):
        prepare(path)
    scipy.io.savemat(path, {"feature": np.ones((3, 3))}, format="4")
    with pytest.raises(FileError, match=r"\(got MATLAB's version 4\) must"):
        prepare(path)


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IMx"]
)
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.mat"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"mine\.mat"):
        prepare(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_files_that_are_cut_off_are_named(tmp_path: Path, share: float) -> None:
    path = write(tmp_path, CONTENT)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError, match=r"mine\.mat"):
        prepare(path)


def test_a_matrix_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "mine.mat"
    scipy.io.savemat(path, {"feature": np.ones((3, 3)), "label": np.ones((3, 1))})
    data = path.read_bytes()
    size = np.array([3, 3], dtype=np.int32).tobytes()
    assert size in data
    path.write_bytes(data.replace(size, np.array([10**6, 10**6], dtype=np.int32).tobytes(), 1))
    with pytest.raises(FileError, match=r"mine\.mat cannot be read \(.*GiB when dense"):
        prepare(path)


def test_from_the_file_to_the_table(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CONTENT, net_PTP=PATHS)
    to_table("mine.mat", "--modalities", "text:8", "image:4")
    assert "mlp" in capsys.readouterr().out


def test_a_mistake_leaves_nothing_behind(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CONTENT, label=None)
    assert cli.main(["prepare", "mine.mat", "--out", "mine.h5"]) == 2
    assert "must hold feature [n, d]" in " ".join(capsys.readouterr().err.split())
    assert [p.name for p in tmp_path.iterdir()] == ["mine.mat"]
