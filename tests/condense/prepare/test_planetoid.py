"""Planetoid's folders: the graph of PyG's own reader, pickles of every age, and nothing that runs code."""

from __future__ import annotations

import os
import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.plain_pickle import read_pickle
from condense.prepare.prepare import prepare
from tests.support.from_files import N, rows, to_table, undirected_graph

GRAPH = undirected_graph()
TRAINED, ALL = 30, 42  # The nodes of allx are 0 … 41; the test nodes follow in a shuffled order.
TEST = np.random.default_rng(0).permutation(np.arange(ALL, N))


def pickled(protocol: int = 2) -> dict[str, bytes]:
    """The files of GRAPH, whose first 30 nodes train, the next 12 validate and the rest are for the test."""
    x, one_hot = sp.csr_matrix(GRAPH.x.numpy()), np.eye(3, dtype=np.int32)[GRAPH.y.numpy()]
    graph = defaultdict(list)
    for source, destination in GRAPH.edge_index.T.tolist():
        graph[source].append(destination)
    graph[3] += [3, graph[3][0]]  # A self-loop, and an edge twice, as in the published files.
    parts = {
        "x": x[:TRAINED],
        "y": one_hot[:TRAINED],
        "allx": x[:ALL],
        "ally": one_hot[:ALL],
        "tx": x[TEST],
        "ty": one_hot[TEST],
        "graph": graph,
    }
    files = {name: pickle.dumps(part, protocol) for name, part in parts.items()}
    return files | {"test.index": "".join(f"{row}\n" for row in TEST).encode()}


def write(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    renamed = {name.replace("test_index", "test.index"): each for name, each in changes.items()}
    for name, content in {**pickled(), **renamed}.items():
        if content is not None:
            data = content if isinstance(content, bytes) else pickle.dumps(content, 2)
            (folder / f"ind.toy.{name}").write_bytes(data)
    return folder


def expected(folder: Path) -> str:
    numbers = torch.arange(N)
    graph = GRAPH.clone()
    graph.train_mask, graph.test_mask = numbers < TRAINED, numbers >= ALL
    graph.val_mask = ~graph.train_mask & ~graph.test_mask
    torch.save(graph, folder / "same.pt")
    return fingerprint(prepare(folder / "same.pt").graph)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_give_the_graph_of_pyg(tmp_path: Path, protocol: int) -> None:
    folder = write(tmp_path / "toy", **pickled(protocol))
    assert format_of(folder) is FORMATS["planetoid"]
    made = prepare(folder)
    assert fingerprint(made.graph) == expected(tmp_path)
    assert any("12 nodes validate, not 500" in change for change in made.changes)


def test_a_folder_with_raw_below(tmp_path: Path) -> None:
    write(tmp_path / "Toy" / "raw")
    assert prepare(tmp_path / "Toy").graph.name == "Toy"
    assert fingerprint(prepare(tmp_path / "Toy").graph) == expected(tmp_path)


def test_isolated_test_nodes_have_no_label(tmp_path: Path) -> None:
    """Citeseer's test.index skips nodes: two here, of which one is the last but one."""
    x = sp.csr_matrix(GRAPH.x.numpy())
    one_hot = np.eye(3, dtype=np.int32)[GRAPH.y.numpy()]
    test = np.array([row for row in TEST if row not in (45, 58)])
    near = {row: [row - 1] for row in range(1, N)}
    index = "\n".join(map(str, test)).encode()
    folder = write(tmp_path / "toy", tx=x[test], ty=one_hot[test], test_index=index, graph=near)
    made = prepare(folder)
    node = made.graph["node"]
    assert rows(node.y < 0) == [45, 58]
    assert rows(node.test_mask) == [row for row in range(ALL, N) if row not in (45, 58)]
    kept = node.y >= 0
    assert torch.equal(node.x_features[kept], GRAPH.x[kept])
    assert not node.x_features[[45, 58]].any()
    assert torch.equal(node.y[kept], GRAPH.y[kept])
    # Each neighbour is listed once, and both directions are there.
    ends = made.graph["node", "links", "node"].edge_index
    assert ends.T.tolist() == sorted(
        [[i, i - 1] for i in range(1, N)] + [[i - 1, i] for i in range(1, N)]
    )
    assert "ind.toy.test.index skips 2 nodes, which have no features and no label" in made.changes


def python2(array: np.ndarray) -> bytes:
    """A float64 array as Python 2 with numpy 1 pickles it: bytes are strings of latin-1."""
    shape = b"".join(b"K" + bytes([n]) for n in array.shape)
    raw = array.astype("<f8").tobytes()
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01"
        + shape
        + (b"\x86", b"\x85")[array.ndim == 1]
        + b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb."
    )


def test_arrays_of_python_2(tmp_path: Path) -> None:
    array = np.array([[1.5, -2.0, 0.0], [3e300, 1e-300, 7.0]])
    (tmp_path / "a").write_bytes(python2(array))
    assert np.array_equal(pickle.loads(python2(array), encoding="latin1"), array)
    assert np.array_equal(read_pickle(tmp_path / "a"), array)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int8).reshape(2, 3),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([True, False]),
        np.zeros((0, 3), dtype=np.float32),
    ],
    ids=["int8", "big-endian", "columns", "bool", "empty"],
)
def test_arrays_of_numpy(tmp_path: Path, array: np.ndarray, protocol: int) -> None:
    (tmp_path / "a").write_bytes(pickle.dumps(array, protocol))
    assert np.array_equal(read_pickle(tmp_path / "a"), array)


class Runs:
    """A pickle of this calls a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.called = function, arguments

    def __reduce__(self) -> Any:
        return self.called


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("part", ["x", "graph"])
def test_no_code_runs(tmp_path: Path, part: str, protocol: int) -> None:
    mark = tmp_path / "was_here"
    harmful = pickle.dumps(Runs(os.mkdir, str(mark)), protocol)
    folder = write(tmp_path / "toy", **{part: harmful})
    with pytest.raises(
        FileError, match=rf"ind\.toy\.{part} holds posix\.mkdir; a pickle may run code"
    ):
        prepare(folder)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Runs(eval, "1"), 2), r"holds __builtin__\.eval"),
        (
            pickle.dumps(np.array([1, "a"], dtype=object), 2),
            r"cannot be read \(an array of objects\)",
        ),
        (pickle.dumps(np.array(["a"]), 2), r"cannot be read \(values of type U1\)"),
        (pickle.dumps(Path("a"), 2), r"holds pathlib"),
        (b"\x80\x02cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.", "cannot be read"),
        # Attributes of the class itself, and a place in the memo for which 16 GiB would be allocated.
        (b"\x80\x02cnumpy\nndarray\nN}X\x05\x00\x00\x00numpyK\x01s\x86b.", "cannot be read"),
        (b"\x80\x02K\x01r\xff\xff\xff\x7f.", r"cannot be read \(place 2147483647 of a memo\)"),
        (pickle.dumps(Runs(bytes, 1 << 40), 2), "cannot be read"),
        (b"\x80\x02\x82\x01.", r"holds an instruction EXT1"),
        (b"", "cannot be read"),
        (pickled()["allx"][:-50], "cannot be read"),
    ],
)
def test_what_is_no_plain_data_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FileError, match=rf"ind\.toy\.allx .*{message}"):
        prepare(write(tmp_path, allx=content))


WIDE = sp.csr_matrix(np.ones((TRAINED, 13), dtype=np.float32))
OUTSIDE = sp.csr_matrix(np.ones((ALL, 12)))
OUTSIDE.indices = OUTSIDE.indices + 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": WIDE}, r"ind\.toy\.x \(got 13 columns\) must have the 12 of ind\.toy\.allx"),
        (
            {"y": np.eye(3)[[0] * 29]},
            r"ind\.toy\.y \(got 29 rows\) must have the 30 of ind\.toy\.x",
        ),
        ({"ally": np.zeros(ALL)}, r"ind\.toy\.ally \(got shape \[42\]\) must hold a matrix"),
        ({"tx": [1]}, r"ind\.toy\.tx \(got list\) must hold a matrix"),
        ({"allx": OUTSIDE}, r"ind\.toy\.allx cannot be read"),
        ({"graph": [[1]]}, r"ind\.toy\.graph must map each node to a list"),
        ({"graph": {0: 1}}, r"ind\.toy\.graph must map each node to a list"),
        (
            {"graph": {0: [60]}},
            r"ind\.toy\.graph \(got node 60\) must hold numbers of nodes, 0 … 59",
        ),
        ({"graph": {0: ["a"]}}, r"ind\.toy\.graph \(got node 'a'\) must hold"),
        ({"graph": dict.fromkeys(range(50), [1] * 50)}, r"declares 2,500 neighbours"),
        ({"test_index": b"42 a"}, r"ind\.toy\.test\.index \(got .*'a'\) must hold a whole number"),
        (
            {"test_index": b"3\n"},
            r"test\.index \(got 3\) must hold the numbers of test nodes, which follow",
        ),
        ({"test_index": b"99999999"}, r"test\.index \(got 99999999\) must hold"),
        ({"test_index": b"42\n42"}, r"test\.index \(got 1 different numbers\) must hold 18"),
        ({"ty": None}, r"ind\.toy\.ty is missing"),
        ({"test_index": None}, r"ind\.toy\.test\.index is missing"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        prepare(write(tmp_path, **changes))


def test_several_graphs_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "ind.other.allx").write_bytes(b"")
    with pytest.raises(
        FileError, match=r"\(got those of other, toy\) must hold the files .* of one graph"
    ):
        prepare(tmp_path)
    with pytest.raises(FileError, match=r"\(got none\) must hold the files"):
        prepare(tmp_path.parent, "planetoid")


def test_from_the_files_to_the_table(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "toy")
    to_table("toy", "--modalities", "text:12")
    assert "mlp" in capsys.readouterr().out


def test_a_mistake_leaves_nothing_behind(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "toy", graph=pickle.dumps(Runs(os.mkdir, "was_here")))
    assert cli.main(["prepare", "toy", "--out", "mine.h5"]) == 2
    assert "holds posix.mkdir" in " ".join(capsys.readouterr().err.split())
    assert [p.name for p in tmp_path.iterdir()] == ["toy"]
