"""Tables: values in four formats are one graph, and each is where it belongs."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pyarrow as pa
import torch

import cli
from condense.data.fingerprint import fingerprint
from condense.data.text import text_features
from condense.prepare.formats import format_of
from condense.prepare.prepare import prepare
from tests.support.tables import (
    ALSO,
    BUYS,
    FORMATS,
    ITEMS,
    SPEC,
    USERS,
    as_csv,
    as_json,
    written,
)


def test_every_value_is_where_it_belongs(tmp_path: Path) -> None:
    made = prepare(written(tmp_path))
    graph = made.graph
    assert (graph.name, graph.target, graph.num_classes) == ("graph", "item", 2)
    item, user = graph["item"], graph["user"]
    assert (item.num_nodes, user.num_nodes) == (6, 2)
    also = graph["item", "also_buy", "item"]
    assert also.edge_index.tolist() == [[0, 1, 3], [2, 0, 5]]
    assert also.edge_weight.tolist() == [2, 1, 0.5]
    assert graph["user", "buys", "item"].edge_index.tolist() == [[1, 0, 1], [2, 0, 5]]
    assert graph["item", "rev_buys", "user"].edge_index.tolist() == [[2, 0, 5], [1, 0, 1]]
    assert len(graph.edge_types) == 3
    assert item.y.tolist() == [0, 1, 0, -1, 1, 0]
    assert item.train_mask.nonzero().flatten().tolist() == [0, 1]
    assert item.val_mask.nonzero().flatten().tolist() == [2, 4]
    assert item.test_mask.nonzero().flatten().tolist() == [5]
    # Prices 1, 3, 3, 1 have the mean 2 and the deviation 1; all ranks are one number.
    expected = torch.tensor([[-1, 0], [1, 0], [0, 0], [1, 0], [0, 0], [-1, 0.0]])
    assert torch.equal(item.x_item_numbers, expected)
    assert item.has_item_numbers.tolist() == [True, True, True, True, False, True]
    assert user.x_user_numbers.flatten().tolist() == [-1, 1]
    # y is the most frequent brand; x and z follow by the alphabet.
    expected = torch.tensor([[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0.0]])
    assert torch.equal(item.x_categories, expected)
    assert item.has_categories.tolist() == [True, True, True, False, True, True]
    texts = ["red game", "red, game film game", 'red\n"film" red game', "film", "red film"]
    there = [0, 1, 2, 3, 5]
    assert torch.equal(item.x_text[there], text_features(texts))
    assert item.has_text.tolist() == [True, True, True, True, False, True]
    items = tmp_path / "items.csv"
    assert f"{items}: the classes of kind are 0 'film', 1 'game'" in made.changes
    # Row 3 of the file begins in line 4, and its title has two lines.
    unlabelled = f"{items}, line 6: kind is empty, so that 1 of 6 nodes are unlabelled"
    assert unlabelled in made.changes


def test_all_formats_give_one_graph(tmp_path: Path) -> None:
    graphs = []
    for kind in FORMATS:
        (tmp_path / kind).mkdir()
        graphs.append(prepare(written(tmp_path / kind, kind)).graph)
    assert len({fingerprint(graph) for graph in graphs}) == 1


def test_compressed_files_and_other_delimiters(tmp_path: Path) -> None:
    expected = fingerprint(prepare(written(tmp_path)).graph)
    (tmp_path / "buys.csv.gz").write_bytes(gzip.compress(b"7;c\n10;a\n7;f\n"))
    (tmp_path / "buys.csv").unlink()
    layout = 'file = "buys.csv.gz"\nheader = ["user", "asin"]\ndelimiter = ";"'
    spec = tmp_path / "graph.toml"
    spec.write_text(SPEC.replace('file = "buys.csv"', layout))
    assert fingerprint(prepare(spec).graph) == expected
    assert format_of(tmp_path).module == "tables"  # A folder with a graph.toml.


def test_json_with_strings_and_numbers_in_a_column(tmp_path: Path) -> None:
    expected = fingerprint(prepare(written(tmp_path, "jsonl")).graph)
    rows = (tmp_path / "buys.jsonl").read_text()
    (tmp_path / "buys.jsonl").write_text(rows.replace('"user": 10', '"user": "10"'))
    assert fingerprint(prepare(tmp_path / "graph.toml").graph) == expected


def test_json_keeps_dates_and_joins_lists(tmp_path: Path) -> None:
    rows = [
        {
            "day": f"2020-01-0{i + 1}",
            "about": ["red", None, "game"] if i else ["game red"],
            "y": i % 2,
        }
        for i in range(8)
    ]
    (tmp_path / "days.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "next.csv").write_text("a,b\n2020-01-01,2020-01-04\n")
    spec = tmp_path / "graph.toml"
    node = '[node.day]\nfile = "days.jsonl"\nid = "day"\ntext = "about"\nlabel = "y"\n'
    spec.write_text(node + '[edge.next]\nfile = "next.csv"\nsource = "a"\ntarget = "b"\n')
    graph = prepare(spec, split="1/1").graph
    assert graph["day", "next", "day"].edge_index.tolist() == [[0], [3]]
    assert torch.allclose(graph["day"].x_text[0], graph["day"].x_text[1])


def test_nodes_may_be_the_ids_that_edges_name(tmp_path: Path) -> None:
    path = written(tmp_path)
    users = '[node.user]\nfile = "users.csv"\nid = "user"\nnumbers = "age"\n'
    path.write_text(SPEC.replace(users, "[node.user]\n"))
    made = prepare(path)
    assert made.graph["user"].num_nodes == 2
    assert made.graph["user", "buys", "item"].edge_index.tolist() == [[0, 1, 0], [2, 0, 5]]
    assert "x_numbers" in made.graph["item"]  # One type has numbers, and no name is needed.
    assert "user: 2 nodes, the ids that edges name" in made.changes


def test_classes_that_are_numbers_are_ordered_by_size(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("id,y,x\na,10,1\nb,9,2\nc,9.0,2\nd,-1,2\ne,,1\nf,9,1\n")
    spec = tmp_path / "graph.toml"
    spec.write_text('[node.n]\nfile = "n.csv"\nid = "id"\nlabel = "y"\nnumbers = "x"\n')
    made = prepare(spec, split="1/1")
    assert made.graph["n"].y.tolist() == [2, 1, 1, 0, -1, 1]
    assert any("y -1 is a class" in change for change in made.changes)


def test_the_most_frequent_categories_are_kept(tmp_path: Path) -> None:
    names = [f"b{i:02}" for i in range(70)] + ["b69"]
    lines = [f"{i},{name},{i % 2}" for i, name in enumerate(names)]
    (tmp_path / "n.csv").write_text("\n".join(["id,brand,y", *lines]))
    spec = tmp_path / "graph.toml"
    spec.write_text('[node.n]\nfile = "n.csv"\nid = "id"\nlabel = "y"\ncategories = "brand"\n')
    made = prepare(spec, split="20/10/70")
    x = made.graph["n"].x_categories
    assert x.shape == (71, 64)
    assert x[:, 0].nonzero().flatten().tolist() == [69, 70]
    assert x.sum() == 65
    assert "has_categories" not in made.graph["n"]
    assert any("brand has 70 values, of which the 64 most frequent" in c for c in made.changes)


def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (Path(cli.__file__).parent / "docs" / "prepare.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.+?)```", page, re.DOTALL)
    path = tmp_path / "graph.toml"
    path.write_text(example)
    items = {
        "asin": ITEMS["asin"],
        "title": ITEMS["title"],
        "description": ITEMS["about"],
        "price": ITEMS["price"],
        "rank": ITEMS["rank"],
        "brand": ITEMS["brand"],
        "category": ITEMS["kind"],
        "split": ITEMS["part"],
    }
    as_csv(pa.table(items), tmp_path / "items.csv")
    as_csv(pa.table(ALSO), tmp_path / "also.csv")
    as_json(pa.table(USERS), tmp_path / "users.jsonl")
    as_csv(pa.table(BUYS), tmp_path / "reviews.tsv", "\t")
    graph, expected = prepare(path).graph, prepare(written(tmp_path)).graph
    assert torch.equal(graph["item"].x_text, expected["item"].x_text)
    assert torch.equal(graph["item"].y, expected["item"].y)
    reviews = graph["item", "rev_reviews", "user"].edge_index
    assert torch.equal(reviews, expected["item", "rev_buys", "user"].edge_index)
