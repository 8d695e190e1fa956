"""HGB's folders: the graph is that of PyG's HGBDataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch_geometric.data import HeteroData
from torch_geometric.datasets import HGBDataset

from condense.data.fingerprint import fingerprint
from condense.errors import UserError
from condense.prepare.formats import FORMATS, format_of
from condense.prepare.prepare import prepare
from tests.support.from_files import to_table

PAPERS, AUTHORS = 40, 7
RELATIONS = {
    0: (0, 1, "paper-author"),
    1: (1, 0, "author-paper"),
    2: (0, 0, "paper-cite-paper"),
    3: (0, 2, "paper->term"),
}
TRIPLES = {
    0: ("paper", "to", "author"),
    1: ("author", "to", "paper"),
    2: ("paper", "cite", "paper"),
    3: ("paper", "to", "term"),
}


def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(PAPERS, 5, generator=generator), torch.rand(AUTHORS, 5, generator=generator)


def edges() -> dict[int, torch.Tensor]:
    """Relation -> numbers within the types [2, edges]."""
    generator, sizes = torch.Generator().manual_seed(1), (PAPERS, AUTHORS, 3)
    return {
        number: torch.stack(
            [torch.randint(0, sizes[end], (30,), generator=generator) for end in ends[:2]]
        )
        for number, ends in RELATIONS.items()
    }


def table(rows: list[list[object]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def files() -> dict[str, str]:
    """40 papers in two classes, 7 authors and 3 terms; terms have no features."""
    papers, authors = (x.tolist() for x in features())
    nodes = [
        *([i, f"p{i}", 0, ",".join(map(str, x))] for i, x in enumerate(papers)),
        *([PAPERS + i, f"a {i}", 1, ",".join(map(str, x))] for i, x in enumerate(authors)),
        *([PAPERS + AUTHORS + i, f"t{i}", 2] for i in range(3)),
    ]
    first = (0, PAPERS, PAPERS + AUTHORS)
    links = [
        [source + first[RELATIONS[r][0]], destination + first[RELATIONS[r][1]], r, weight(r, i)]
        for r, ends in edges().items()
        for i, (source, destination) in enumerate(ends.t().tolist())
    ]
    labels = [[i, f"p{i}", 0, i % 2] for i in range(30)]
    info = {
        "dataset": "mine",
        "node.dat": {"node type": {"0": "paper", "1": "author", "2": "term"}},
        "label.dat": {"node type": {"0": {"0": "a", "1": "b"}}},
        "link.dat": {
            "link type": {
                str(r): dict(zip(("start", "end", "meaning"), each, strict=True))
                for r, each in RELATIONS.items()
            }
        },
    }
    return {
        "node.dat": table(nodes),
        "link.dat": table(links),
        "label.dat": table(labels[:20]),
        "label.dat.test": table(labels[20:]),
        "info.dat": json.dumps(info, indent=4),
    }


def weight(relation: int, edge: int) -> float:
    return 1.0 if relation != 2 else 1 + edge % 3


def folder(place: Path, content: Mapping[str, str | None]) -> Path:
    place.mkdir(parents=True)
    for name, value in content.items():
        if value is not None:
            (place / name).write_text(value)
    return place


def test_the_graph_is_that_of_pyg(tmp_path: Path) -> None:
    source = folder(tmp_path / "acm" / "raw" / "ACM", files())
    made = prepare(source, name="mine")
    graph, paper = made.graph, made.graph["paper"]
    assert (graph.target, graph.num_classes) == ("paper", 2)
    assert torch.equal(paper.x_features, features()[0])
    assert torch.equal(graph["author"].x_features, features()[1])
    assert graph["term"].num_nodes == 3
    assert "x_features" not in graph["term"]
    for number, ends in edges().items():
        assert torch.equal(graph[TRIPLES[number]].edge_index, ends)
        assert ("edge_weight" in graph[TRIPLES[number]]) == (number == 2)
    cite = graph["paper", "cite", "paper"]
    assert torch.equal(cite.edge_weight, torch.tensor([weight(2, i) for i in range(30)]))

    theirs = HGBDataset(str(tmp_path), "ACM")[0]
    assert isinstance(theirs, HeteroData)
    train = paper.train_mask | paper.val_mask
    assert torch.equal(theirs["paper"].train_mask, train)
    theirs["paper"].train_mask, theirs["paper"].val_mask = paper.train_mask, paper.val_mask
    torch.save(theirs, tmp_path / "mine.pt")
    assert fingerprint(prepare(tmp_path / "mine.pt").graph) == fingerprint(graph)


def test_a_fifth_of_each_class_is_for_validation(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", files())
    made = prepare(source)
    paper = made.graph["paper"]
    assert torch.bincount(paper.y[paper.val_mask]).tolist() == [2, 2]
    assert torch.bincount(paper.y[paper.train_mask]).tolist() == [8, 8]
    assert paper.test_mask.nonzero().flatten().tolist() == [*range(20, 30)]
    assert paper.y[30:].eq(-1).all()  # Neither file labels them.
    assert torch.equal(paper.y[:30], torch.arange(30) % 2)
    assert torch.equal(paper.val_mask, prepare(source).graph["paper"].val_mask)
    assert any(
        each.startswith("split: 4 nodes of label.dat are for validation") for each in made.changes
    )
    assert any(
        each.startswith("test labels: those of label.dat.test; some") for each in made.changes
    )


def test_a_rare_class_keeps_its_training_node(tmp_path: Path) -> None:
    content = files()
    content["label.dat"] += "30\tp30\t0\t2\n"
    paper = prepare(folder(tmp_path / "a", content)).graph["paper"]
    assert bool(paper.train_mask[30])


def test_test_labels_may_be_withheld(tmp_path: Path) -> None:
    lines = files()["label.dat.test"].splitlines()
    withheld = [
        line.rsplit("\t", 1)[0] + end for line, end in zip(lines, ["", "\t"] * 5, strict=True)
    ]
    made = prepare(folder(tmp_path / "a", {**files(), "label.dat.test": "\n".join(withheld)}))
    assert made.graph["paper"].y[20:].eq(-1).all()
    assert int(made.graph["paper"].test_mask.sum()) == 10
    assert any(each.startswith("test labels: 10 of 10 are withheld") for each in made.changes)


def test_without_test_nodes_a_split_is_drawn(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", {**files(), "label.dat.test": None})
    with pytest.raises(UserError, match=r"has no split .* --split 20/10/70"):
        prepare(source)
    assert int(prepare(source, split="20/10/70").graph["paper"].train_mask.sum()) == 4


def test_ids_need_no_order(tmp_path: Path) -> None:
    """Ids from anywhere, in any order of types: numbers count each type's lines."""
    content = {
        "node.dat": "70\ta\t1\t1,2\n5\tb\t0\n9\tc\t1\t3,4\n6\td\t0\n7\te\t1\t5,6\n"
        "8\tf\t1\t7,8\n11\tg\t1\t9,10\n",
        "link.dat": "5\t9\t4\n6\t7\t4\n",
        "label.dat": "70\ta\t1\t0\n9\tc\t1\t1\n8\tf\t1\t0\n11\tg\t1\t0\n",
        "label.dat.test": "7\te\t1\t0\n",
    }
    made = prepare(folder(tmp_path / "a", content))
    assert torch.equal(made.graph["type_1"].x_features, torch.arange(1.0, 11).view(5, 2))
    assert made.graph["type_1"].y.tolist() == [0, 1, 0, 0, 0]
    ends = made.graph["type_0", "link_4", "type_1"].edge_index
    assert ends.tolist() == [[0, 1], [1, 2]]
    assert "info.dat is missing: types and relations are named after their numbers" in made.changes


FREEBASE = """node.dat

TYPE\tMEANING
0\t\tBOOK
1\t\tFILM
2\t\tMUSIC
Attribute Dimension: none

-----------------------------------------------
link.dat

LINK\tSTART\tEND\tMEANING
0\t\t0\t\t1\t\tBOOK-and-FILM
1\t\t1\t\t0\t\tFILM-FILM
2\t\t0\t\t0\t\tBOOK-cites-BOOK
3\t\t0\t\t2\t\tBOOK-about-MUSIC

label.dat

TYPE\tCLASS\tMEANING
0\t\t0\t\tscholarly
"""


def test_names_may_be_in_tables(tmp_path: Path) -> None:
    graph = prepare(folder(tmp_path / "a", {**files(), "info.dat": FREEBASE})).graph
    assert graph.target == "book"
    assert graph.edge_types == [
        ("book", "and", "film"),
        ("film", "to", "book"),
        ("book", "cites", "book"),
        ("book", "about", "music"),
    ]


def test_it_is_recognised_by_names(tmp_path: Path) -> None:
    assert format_of(folder(tmp_path / "a", files())) is FORMATS["hgb"]
    with pytest.raises(UserError, match="none of the known formats"):
        format_of(folder(tmp_path / "b", {**files(), "label.dat": None}))


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), files())
    to_table("mine", ratio="0.3")
    said = capsys.readouterr().out
    assert "note     test labels: " in said
    assert "mlp" in said
