"""GraphML, GEXF and node-link JSON: one graph from all of them, attributes by their kinds, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import torch
from torch_geometric.utils import to_networkx

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError, UserError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.node_attributes import arrays_of
from condense.prepare.prepare import prepare
from tests.support.from_files import N, rows, to_table, undirected_graph

GRAPH = undirected_graph()
PARTS = ("train", "val", "test")


def part_of(node: int) -> str:
    return next(part for part in PARTS if GRAPH[f"{part}_mask"][node])


def numbers(directed: bool) -> nx.Graph:
    """GRAPH, whose features are twelve attributes a to l."""
    graph = nx.DiGraph() if directed else nx.Graph()
    for node in range(N):
        features = dict(zip("abcdefghijkl", GRAPH.x[node].tolist(), strict=True))
        graph.add_node(f"n{node}", **features, y=int(GRAPH.y[node]), split=part_of(node))
    graph.add_edges_from((f"n{a}", f"n{b}") for a, b in GRAPH.edge_index.T.tolist())
    return graph


def lists() -> nx.Graph:
    """GRAPH, whose features are two lists."""
    graph = numbers(directed=False)
    for _, given in graph.nodes(data=True):
        features = [given.pop(letter) for letter in "abcdefghijkl"]
        given |= {"text": features[:8], "image": features[8:]}
    return graph


def node_link(graph: nx.Graph, edges: str = "edges") -> dict[str, Any]:
    return nx.node_link_data(graph, edges=edges)


def write(folder: Path, graph: nx.Graph, ending: str, edges: str = "edges") -> Path:
    path = folder / f"mine{ending}"
    if ending == ".json":
        path.write_text(json.dumps(node_link(graph, edges)))
    else:
        (nx.write_graphml if ending == ".graphml" else nx.write_gexf)(graph, path)
    return path


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("ending", [".graphml", ".gexf", ".json"])
def test_all_files_give_the_graph_of_pyg(tmp_path: Path, ending: str, directed: bool) -> None:
    torch.save(GRAPH, tmp_path / "same.pt")
    same = prepare(tmp_path / "same.pt", modalities={"numbers": "x"})
    path = write(tmp_path, numbers(directed), ending)
    assert format_of(path) is FORMATS["networkx"]
    assert fingerprint(prepare(path).graph) == fingerprint(same.graph)


@pytest.mark.parametrize("edges", ["links", "edges"])
def test_lists_are_modalities(tmp_path: Path, edges: str) -> None:
    torch.save(GRAPH, tmp_path / "same.pt")
    same = prepare(tmp_path / "same.pt", modalities={"image": 4, "text": 8}).graph
    same["node"].x_image, same["node"].x_text = (
        GRAPH.x[:, 8:].contiguous(),
        GRAPH.x[:, :8].contiguous(),
    )
    made = prepare(write(tmp_path, lists(), ".json", edges))
    assert fingerprint(made.graph) == fingerprint(same)


def films(directed: bool = True) -> nx.Graph:
    """Four films of two classes and two people; the last film has no class, no split and no poster."""
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    for i, (genre, split) in enumerate(
        [("war", "train"), ("art", "train"), ("war", "val"), ("art", "test")]
    ):
        node = {
            "type": "film",
            "class": genre,
            "split": split,
            "poster": [0.5 * i, 1],
            "year": 1990 + i,
        }
        graph.add_node(f"f{i}", **node, title=f"title {i}")
    graph.add_node("f4", type="film", year=2000, title="last")
    graph.add_node("p0", type="person", age=40)
    graph.add_node("p1", type="person", age=50.5)
    graph.add_edge("p1", "f4", type="directs", weight=2.5)
    graph.add_edge("p0", "f0", type="directs", since=3)
    graph.add_edge("p0", "f0", relation="likes")
    graph.add_edge("f1", "f3")
    graph.add_edge("f3", "f2", key="sequel_of")
    return graph


def test_values(tmp_path: Path) -> None:
    made = prepare(write(tmp_path, films(), ".json"))
    graph, film = made.graph, made.graph["film"]
    assert (graph.target, graph.node_types, graph.num_classes) == ("film", ["film", "person"], 2)
    assert film.y.tolist() == [1, 0, 1, 0, -1]
    assert film.x_numbers.tolist() == [[1990], [1991], [1992], [1993], [2000]]
    assert film.x_poster[:4].tolist() == [[0, 1], [0.5, 1], [1, 1], [1.5, 1]]
    assert film.has_poster.tolist() == [True] * 4 + [False]
    assert graph["person"].x_numbers.tolist() == [[40], [50.5]]
    assert [rows(film[f"{part}_mask"]) for part in PARTS] == [[0, 1], [2], [3]]
    edges = {relation: graph[relation].edge_index.tolist() for relation in graph.edge_types}
    assert edges == {
        ("person", "directs", "film"): [[0, 1], [0, 4]],
        ("person", "likes", "film"): [[0], [0]],
        ("film", "links", "film"): [[1], [3]],
        ("film", "sequel_of", "film"): [[3], [2]],
    }
    assert graph["person", "directs", "film"].edge_weight.tolist() == [1, 2.5]
    assert "film: classes from class, art → 0, war → 1" in made.changes
    assert "person / directs / film: 1 edges without a weight have 1" in made.changes
    assert any(change.startswith("attributes since of edges: left out") for change in made.changes)
    assert any(change.startswith("film: title left out") for change in made.changes)


def test_edges_without_direction_lead_both_ways(tmp_path: Path) -> None:
    graph = prepare(write(tmp_path, films(directed=False), ".json")).graph
    assert graph["film", "directs", "person"].edge_index.tolist() == [[0, 4], [0, 1]]
    assert graph["person", "directs", "film"].edge_index.tolist() == [[0, 1], [0, 4]]
    assert graph["film", "directs", "person"].edge_weight.tolist() == [1, 2.5]
    assert graph["film", "links", "film"].edge_index.tolist() == [[1, 3], [3, 1]]


def test_masks_of_pyg_and_features_x(tmp_path: Path) -> None:
    """What PyG's to_networkx makes."""
    names = ["x", "y", "train_mask", "val_mask", "test_mask"]
    path = write(tmp_path, to_networkx(GRAPH, node_attrs=names), ".json")
    torch.save(GRAPH, tmp_path / "same.pt")
    assert fingerprint(prepare(path).graph) == fingerprint(prepare(tmp_path / "same.pt").graph)


def test_defaults_of_graphml(tmp_path: Path) -> None:
    path = write(tmp_path, numbers(directed=True), ".graphml")
    text = path.read_text()
    key = next(line for line in text.splitlines() if 'attr.name="split"' in line)
    number = key.split('id="')[1].split('"')[0]
    filled = key.replace(" />", "><default>test</default></key>")
    path.write_text(text.replace(key, filled).replace(f'<data key="{number}">test</data>', ""))
    assert rows(prepare(path).graph["node"].test_mask) == rows(GRAPH.test_mask)


def test_names_of_nodes_are_no_classes(tmp_path: Path) -> None:
    graph = numbers(directed=False)
    for node, given in graph.nodes(data=True):
        given["label"] = f"Node {node}"
        del given["y"]
    with pytest.raises(UserError, match="no type with labels"):
        prepare(write(tmp_path, graph, ".gexf"))


@pytest.mark.parametrize("name", ["y", "class", "label"])
def test_each_class_may_have_one_labelled_node(tmp_path: Path, name: str) -> None:
    rows = {i: {name: "ab"[i] if i < 2 else None, "size": i} for i in range(5)}
    notes: list[str] = []
    assert arrays_of(tmp_path, "film", rows, notes)["y"].tolist() == [0, 1, -1, -1, -1]
    assert f"film: classes from {name}, a → 0, b → 1" in notes


def changed(**attributes: Any) -> dict[str, Any]:
    """The JSON of `lists` with other attributes of node n3; None takes one out."""
    content = node_link(lists())
    node = content["nodes"][3] | attributes
    content["nodes"][3] = {key: value for key, value in node.items() if value is not None}
    return content


def with_edge(**attributes: Any) -> dict[str, Any]:
    content = node_link(lists())
    content["edges"][2] |= attributes
    return content


AGED = node_link(lists())
for given in AGED["nodes"]:
    given |= {"age": 1, "size": 2}
del AGED["nodes"][4]["age"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            changed(split="training"),
            r"split of node 'n3' \(got 'training'\) must be one of train, val",
        ),
        (changed(y=0.5), r"y of node 'n3' \(got 0\.5\) must be a class"),
        (changed(y="a"), r"y of node 'n0' \(got 0\) must be a name, as at other nodes"),
        (changed(text=[1.0]), r"text of node 'n3' \(got \[1\.0\]\) must be a list of 8 numbers"),
        (changed(text=["a"] * 8), r"text of node 'n3' .* must be a list of 8 numbers"),
        (changed(text=[float("nan")] * 8), r"text of node 'n3' .* must be finite"),
        (changed(type=2.5), r"type of 'n3' \(got 2\.5\) must be a name"),
        (changed(id="n2"), r"id of nodes\[3\] \(got 'n2'\) must be a name or number of its own"),
        (changed(id=[1]), r"id of nodes\[3\] \(got \[1\]\) must be"),
        (AGED, r"age of node 'n4' \(got None\) must be set where age, size are features"),
        (with_edge(target="n60"), r"target of edges\[2\] \(got 'n60'\) must be the id of a node"),
        (with_edge(weight="2"), r"weight of .* \(got '2'\) must be a number"),
        ({"nodes": []}, r"mine\.json \(got nodes\) must hold lists nodes and links or edges"),
        ({"nodes": [], "links": []}, r"\(got no nodes\) must hold a graph"),
        ([1], r"mine\.json \(got list\) must hold lists"),
    ],
)
def test_wrong_json_is_named(tmp_path: Path, content, message: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    with pytest.raises(FileError, match=message):
        prepare(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"mine\.json cannot be read"):
        prepare(path)


BOMB = (
    '<?xml version="1.0" encoding="{0}"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    "<graphml><graph><node id='&b;'/></graph></graphml>"
)


@pytest.mark.parametrize("ending", [".graphml", ".gexf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "cp037"])
def test_document_types_are_refused(tmp_path: Path, ending: str, encoding: str) -> None:
    path = tmp_path / f"mine{ending}"
    path.write_bytes(BOMB.format(encoding).encode(encoding))
    with pytest.raises(FileError, match=r"line 1, (declares a document type|is no XML)"):
        prepare(path)


EDITS = {
    "an unknown end": (
        'target="n',
        'target="m',
        r"line \d+: an edge's target \(got 'm\d+'\) must be the id",
    ),
    "a node twice": (
        '<node id="n5"',
        '<node id="n4"',
        r"line \d+: a node's id \(got 'n4'\) must be its own",
    ),
    "no end tag": ("</graph>", "", r"line \d+, is no XML \(mismatched tag\)"),
    "two graphs": ("</graph>", "</graph><graph></graph>", r"\(got 2 graphs\) must hold one"),
    "no graph": ("graph", "grape", r"\(got 0 graphs\) must hold one"),
    "another direction": ("<edge ", '<edge type="directed" directed="true" ', r"cannot be read"),
}


@pytest.mark.parametrize("ending", [".graphml", ".gexf"])
@pytest.mark.parametrize(("before", "after", "message"), EDITS.values(), ids=EDITS)
def test_wrong_xml_is_named(
    tmp_path: Path, ending: str, before: str, after: str, message: str
) -> None:
    path = write(tmp_path, numbers(directed=False), ending)
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(FileError, match=rf"mine\{ending}.*{message}"):
        prepare(path)


@pytest.mark.parametrize("ending", [".graphml", ".json"])
def test_from_the_file_to_the_table(tmp_path: Path, monkeypatch, capsys, ending: str) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, numbers(directed=False) if ending == ".graphml" else lists(), ending)
    to_table(f"mine{ending}", "--target", "item")
    assert "mlp" in capsys.readouterr().out


def test_a_mistake_leaves_nothing_behind(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text(json.dumps(changed(split="training")))
    assert cli.main(["prepare", "mine.json", "--out", "mine.h5"]) == 2
    assert "split of node 'n3' (got 'training')" in " ".join(capsys.readouterr().err.split())
    assert [p.name for p in tmp_path.iterdir()] == ["mine.json"]
