"""OGB's folders: the graph is that of OGB's loader, and files that do not fit are named."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data

import cli
from condense.data.fingerprint import fingerprint
from condense.errors import FileError, UserError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.prepare import prepare
from tests.condense.prepare.test_pyg import data
from tests.support.from_files import to_table

PART = torch.arange(60) // 3 % 3
PARTS = {"train": "train", "valid": "val", "test": "test"}


def text(rows: torch.Tensor) -> str:
    """A line a row; repr keeps all digits of floats."""
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.reshape(len(rows), -1).tolist())


def files() -> dict[str, str]:
    """`test_pyg.data()` in OGB's layout."""
    content = data()
    split = {
        f"split/time/{name}.csv.gz": text((number == PART).nonzero())
        for number, name in enumerate(PARTS)
    }
    return {
        "raw/num-node-list.csv.gz": "60\n",
        "raw/num-edge-list.csv.gz": "200\n",
        "raw/edge.csv.gz": text(content.edge_index.t()),
        "raw/node-feat.csv.gz": text(content.x),
        "raw/node-label.csv.gz": text(content.y),
        **split,
    }


def mag() -> dict[str, str]:
    """Six papers in two classes, three authors without features; the layout of ogbn-mag."""
    return {
        "raw/num-node-dict.csv.gz": "author,paper\n3,6\n",
        "raw/triplet-type-list.csv.gz": "paper,cites,paper\nauthor,writes,paper\n",
        "raw/nodetype-has-feat.csv.gz": "author,paper\nFalse,True\n",
        "raw/nodetype-has-label.csv.gz": "author,paper\nFalse,True\n",
        "raw/relations/author___writes___paper/edge.csv.gz": "0,5\n2,1\n",
        "raw/relations/author___writes___paper/num-edge-list.csv.gz": "2\n",
        "raw/relations/author___writes___paper/edge_reltype.csv.gz": "0\n0\n",
        "raw/relations/paper___cites___paper/edge.csv.gz": "0,1\n5,3\n4,4\n",
        "raw/relations/paper___cites___paper/num-edge-list.csv.gz": "3\n",
        "raw/node-feat/paper/node-feat.csv.gz": "1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n",
        "raw/node-feat/paper/node_year.csv.gz": "2010\n2011\n2012\n2013\n2014\n2015\n",
        "raw/node-label/paper/node-label.csv.gz": "0\n1\n0\n1\n\n1\n",
        "split/time/nodetype-has-split.csv.gz": "author,paper\nFalse,True\n",
        "split/time/paper/train.csv.gz": "0\n1\n",
        "split/time/paper/valid.csv.gz": "3\n2\n",
        "split/time/paper/test.csv.gz": "5\n",
    }


def folder(place: Path, content: Mapping[str, str | bytes | None]) -> Path:
    """A folder with gzipped files; None is a file left out, bytes are written as they are."""
    for name, value in content.items():
        if value is not None:
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(value.encode()) if isinstance(value, str) else value)
    return place


def reference() -> Data:
    content = data()
    for number, name in enumerate(PARTS.values()):
        content[f"{name}_mask"] = number == PART
    return content


def test_the_graph_is_that_of_the_same_data_in_pyg(tmp_path: Path) -> None:
    source = folder(tmp_path / "ogbn_mine", files())
    torch.save(reference(), tmp_path / "mine.pt")
    made = prepare(source, name="mine")
    assert fingerprint(made.graph) == fingerprint(prepare(tmp_path / "mine.pt").graph)
    assert "edges: as directed in the file" in made.changes
    assert prepare(source).graph.name == "ogbn_mine"


@pytest.mark.parametrize("name", ["ogbn_products", "products", "ogbn-products"])
def test_undirected_edges_get_both_directions(tmp_path: Path, name: str) -> None:
    content = {**files(), "raw/edge-feat.csv.gz": text(torch.arange(400.0).view(200, 2))}
    made = prepare(folder(tmp_path / name, content))
    relation = made.graph["node", "links", "node"]
    ends = data().edge_index
    assert torch.equal(relation.edge_index[:, ::2], ends)  # As OGB's loader, each by its reverse.
    assert torch.equal(relation.edge_index[:, 1::2], ends.flip(0))
    assert torch.equal(relation.edge_attr[1::2], torch.arange(400.0).view(200, 2))
    assert torch.equal(relation.edge_attr[::2], relation.edge_attr[1::2])
    assert "edges: in both directions, as OGB's loader has them" in made.changes


def test_attributes_are_kept_or_listed(tmp_path: Path) -> None:
    years = torch.arange(1960, 2020)
    more = {"raw/node_year.csv.gz": text(years), "raw/node_species.csv.gz": text(years)}
    made = prepare(folder(tmp_path / "a", {**files(), **more}))
    assert torch.equal(made.graph["node"].node_year, years.view(-1, 1))
    assert "left out, since no model reads them: raw/node_species.csv.gz" in made.changes


def test_one_of_several_splits(tmp_path: Path) -> None:
    other = {f"split/scaffold/{name}.csv.gz": f"{i}\n{i + 1}\n{i + 2}\n" for name, i in
             (("train", 0), ("valid", 3), ("test", 6))}  # fmt: skip
    source = folder(tmp_path / "a", {**files(), **other})
    first = prepare(source)
    assert first.graph["node"].val_mask.nonzero().flatten().tolist() == [3, 4, 5]
    assert "split: scaffold; choose another with --split (time)" in first.changes
    for words in ({"split": "time"}, {"split_index": 1}):
        made = prepare(source, **words)
        assert torch.equal(made.graph["node"].val_mask, PART == 1)
        assert not any("split" in change for change in made.changes)
    with pytest.raises(
        UserError, match=r"split \(got 'tyme'\) is not one of .*a; did you mean 'time'"
    ):
        prepare(source, split="tyme")


def test_one_of_several_splits_of_several_types(tmp_path: Path) -> None:
    parts = {"train": "3\n2\n", "valid": "0\n1\n", "test": "5\n"}
    other = {f"split/random/paper/{name}.csv.gz": rows for name, rows in parts.items()}
    source = folder(tmp_path / "a", {**mag(), **other})
    for name, train in (("time", [0, 1]), ("random", [2, 3])):
        paper = prepare(source, split=name).graph["paper"]
        assert paper.train_mask.nonzero().flatten().tolist() == train
    source = folder(tmp_path / "b", {**mag(), "split/random/author/train.csv.gz": "0\n"})
    with pytest.raises(FileError, match=r"split/random/author/valid\.csv\.gz is missing"):
        prepare(source)
    more = {f"split/random/author/{name}.csv.gz": "0\n" for name in parts}
    source = folder(tmp_path / "c", {**mag(), **more})
    with pytest.raises(
        FileError, match=r"split/time has no folder author, which other splits have"
    ):
        prepare(source)


def test_unlabelled_nodes(tmp_path: Path) -> None:
    lines = files()["raw/node-label.csv.gz"].splitlines()
    gaps = {6: "", 7: "nan", 8: "-1", 15: '""'}  # Test nodes.
    content = {
        **files(),
        "raw/node-label.csv.gz": "\n".join(gaps.get(i, c) for i, c in enumerate(lines)),
    }
    expected = data().y
    expected[list(gaps)] = -1
    assert torch.equal(prepare(folder(tmp_path / "a", content)).graph["node"].y, expected)


def test_several_node_types(tmp_path: Path) -> None:
    made = prepare(folder(tmp_path / "mag", mag()))
    graph, paper = made.graph, made.graph["paper"]
    assert (graph.target, graph.num_classes) == ("paper", 2)
    assert graph["author"].num_nodes == 3
    assert torch.equal(paper.x_features, torch.arange(1.0, 13).view(6, 2))
    assert paper.node_year.flatten().tolist() == [*range(2010, 2016)]
    assert paper.y.tolist() == [0, 1, 0, 1, -1, 1]
    masks = [paper[f"{part}_mask"].nonzero().flatten().tolist() for part in PARTS.values()]
    assert masks == [[0, 1], [2, 3], [5]]
    assert graph.edge_types == [("author", "writes", "paper"), ("paper", "cites", "paper")]
    assert graph["author", "writes", "paper"].edge_index.tolist() == [[0, 2], [5, 1]]
    assert graph["paper", "cites", "paper"].edge_index.tolist() == [[0, 5, 4], [1, 3, 4]]
    note = "left out, since no model reads them: raw/relations/author___writes___paper/edge_reltype.csv.gz"
    assert note in made.changes


def test_a_split_may_be_drawn(tmp_path: Path) -> None:
    content = {name: value for name, value in files().items() if not name.startswith("split")}
    source = folder(tmp_path / "a", content)
    with pytest.raises(UserError, match=r"has no split .* --split 20/10/70"):
        prepare(source)
    assert int(prepare(source, split="20/10/70").graph["node"].train_mask.sum()) == 12


WRONG = {
    "missing edges": ({"raw/edge.csv.gz": None}, r"raw/edge\.csv\.gz is missing; put it there"),
    "missing labels": ({"raw/node-label.csv.gz": None}, r"node-label\.csv\.gz is missing"),
    "missing part": ({"split/time/test.csv.gz": None}, r"time/test\.csv\.gz is missing"),
    "damaged": ({"raw/node-feat.csv.gz": b"no archive"}, r"node-feat\.csv\.gz cannot be read \("),
    "cut off": (
        {"raw/edge.csv.gz": gzip.compress(b"0,1\n" * 200)[:-5]},
        r"edge\.csv\.gz cannot be",
    ),
    "no number": (
        {"raw/edge.csv.gz": "0,1\n2,b\n"},
        r"edge\.csv\.gz cannot be read \(line 2 has 'b' where whole numbers are expected\)",
    ),
    "out of range": (
        {"raw/edge.csv.gz": "0,1\n" * 199 + "3,60\n"},
        r"edge\.csv\.gz names node 60, which must lie in 0 … 59",
    ),
    "negative": ({"split/time/train.csv.gz": "-1\n"}, r"train\.csv\.gz names node -1, which must"),
    "three columns": ({"raw/edge.csv.gz": "0,1,2\n" * 200}, r"edge\.csv\.gz .*3 columns where 2"),
    "fewer edges": (
        {"raw/edge.csv.gz": "0,1\n" * 199},
        r"edge\.csv\.gz \(got 199 lines\) must have 200, one per edge",
    ),
    "fewer features": (
        {"raw/node-feat.csv.gz": "0,1\n" * 59},
        r"node-feat\.csv\.gz \(got 59 lines\) must have 60, one per node",
    ),
    "more labels": (
        {"raw/node-label.csv.gz": "1\n" * 61},
        r"node-label.*\(got more than 60 lines\)",
    ),
    "half a class": (
        {"raw/node-label.csv.gz": "1\n" * 59 + "1.5\n"},
        r"node-label\.csv\.gz, line 60 \(got 1\.5\) must be a class, a whole number",
    ),
    "several labels": (
        {"raw/node-label.csv.gz": "1,0,1\n" * 60},
        r"node-label\.csv\.gz \(got 3 columns\): several labels per node \(multi-label classification\) are "
        "not supported; keep the column of one task",
    ),
    "several graphs": (
        {"raw/num-node-list.csv.gz": "30\n30\n"},
        r"num-node-list\.csv\.gz \(got 2 lines, first 30\) must hold one number",
    ),
    "a part of a second split": (
        {"split/random/train.csv.gz": "1\n"},
        r"split/random/valid\.csv\.gz is missing; put it there",
    ),
    "binary": ({"raw/data.npz": b""}, r"data\.npz is OGB's binary layout, which is not read; load"),
}
WRONG_MAG = {
    "unknown type": (
        {"raw/triplet-type-list.csv.gz": "paper,cites,papers\n"},
        r"triplet-type-list\.csv\.gz \(got paper,cites,papers\) must have lines of head",
    ),
    "no counts": (
        {"raw/num-node-dict.csv.gz": "author,paper\n3,many\n"},
        r"num-node-dict\.csv\.gz \(got 2 lines\) must be a line of node types and a line",
    ),
    "no relation": (
        {"raw/relations/author___writes___paper/edge.csv.gz": None},
        r"author___writes___paper/edge\.csv\.gz is missing",
    ),
    "out of range": (
        {"raw/relations/author___writes___paper/edge.csv.gz": "0,5\n3,1\n"},
        r"edge\.csv\.gz names author 3, which must lie in 0 … 2",
    ),
    "another type's features": (
        {"raw/node-feat/venue/node-feat.csv.gz": "1\n"},
        r"node-feat/venue must be named after a node type .*\(author, paper\)",
    ),
    "no labels": (
        {"raw/node-label/paper/node-label.csv.gz": None},
        r"raw/node-label has no folder of a node type",
    ),
}


@pytest.mark.parametrize(
    ("whole", "changes", "message"),
    [
        *(pytest.param(files, *wrong, id=f"one type, {name}") for name, wrong in WRONG.items()),
        *(pytest.param(mag, *wrong, id=f"types, {name}") for name, wrong in WRONG_MAG.items()),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, whole, changes, message: str) -> None:
    source = folder(tmp_path / "a", {**whole(), **changes})
    with pytest.raises(FileError, match=message) as error:
        prepare(source)
    assert "\n" not in str(error.value)


def test_it_is_recognised_by_names(tmp_path: Path) -> None:
    assert format_of(folder(tmp_path / "a", files())) is FORMATS["ogb"]
    assert format_of(folder(tmp_path / "b", mag())) is FORMATS["ogb"]
    (tmp_path / "c" / "raw").mkdir(parents=True)
    with pytest.raises(UserError, match="none of the known formats"):
        format_of(tmp_path / "c")


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder(tmp_path, {f"mine/{name}": value for name, value in files().items()}))
    to_table("mine")
    said = capsys.readouterr().out
    assert "note     edges: as directed in the file" in said
    assert "mlp" in said


def test_mistakes_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {**files(), "raw/edge.csv.gz": "0,60\n" * 200}
    monkeypatch.chdir(folder(tmp_path, {f"mine/{name}": value for name, value in content.items()}))
    assert cli.main(["prepare", "mine", "--out", "mine.h5"]) == 2
    assert "names node 60" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
