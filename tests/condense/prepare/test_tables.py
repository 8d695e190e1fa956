"""Tables: mistakes are named by file and line, and the way from files to a table of models is whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

import cli
from condense.errors import UserError
from condense.prepare.prepare import prepare
from tests.support.tables import FORMATS, SPEC, as_csv, written


def test_unknown_nodes_are_dropped_on_request(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "also.csv").write_text("from,to,count\na,c,1\nzz,a,1\na,zz,-1\nf,,x\nf,a,2\n")
    with pytest.raises(UserError, match=r"also\.csv, line 5: count \(got 'x'\) must be a number"):
        prepare(path, on_unknown="drop")
    (tmp_path / "also.csv").write_text("from,to,count\na,c,1\nzz,a,1\na,zz,-1\nf,,1\nf,a,2\n")
    made = prepare(path, on_unknown="drop")
    assert made.graph["item", "also_buy", "item"].edge_index.tolist() == [[0, 5], [2, 0]]
    assert made.graph["item", "also_buy", "item"].edge_weight.tolist() == [1, 2]
    (said,) = (change for change in made.changes if "left out" in change)
    assert said.startswith("also_buy: 3 of 5 edges left out, since they name unknown nodes")
    assert said.endswith("also.csv, lines 3, 4, 5)")


def test_dropping_is_of_tables_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    torch.save({}, path)
    with pytest.raises(UserError, match=r"on_unknown \(got 'drop'\) is an option of .*tables"):
        prepare(path, on_unknown="drop")


def items(old: str, new: str) -> dict[str, tuple[str, str]]:
    return {"items.csv": (old, new)}


def spec(old: str, new: str) -> dict[str, tuple[str, str]]:
    return {"graph.toml": (old, new)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # Values. Row 3 of items.csv is in lines 4 and 5.
        (items("e,,,", ",,,"), r"items\.csv, line 7: asin \(got nothing\) must not be empty; give"),
        (
            items("f,red", "a,red"),
            r"items\.csv, lines 2, 8: asin \(got 'a'\) must stand once .*2 rows",
        ),
        (
            items(",game,validation", ",game,late"),
            r"line 7: part \(got 'late'\) must be train, val",
        ),
        (
            items("12,film,,3.0,5,,,", "12,film,,3.0,5,,,test"),
            r"line 6: part \(got 'test'\) .* a label",
        ),
        (
            items("12,film,,3.0,", "12,film,,cheap,"),
            r"line 6: price \(got 'cheap'\) must be a number",
        ),
        (items("12,film,,3.0,", "12,film,,inf,"), r"line 6: price \(got 'inf'\) must be finite"),
        (
            {"also.csv": ("a,c,2.0", "a,c,-2")},
            r"line 2: count \(got '-2'\) must be a positive weight",
        ),
        (
            {"also.csv": ("a,c,2.0", "a,c,")},
            r"line 2: count \(got nothing\) must be a positive weight",
        ),
        (
            {"also.csv": ("a,c", "b,c")},
            r"also\.csv, line 2: from \(got 'b'\) must be an id of 'item' in .*items\.csv; .* drop",
        ),
        ({"buys.csv": ("7,c", ",c")}, r"buys\.csv, line 2: user \(got nothing\) must be an id"),
        # Files.
        (
            {"users.csv": None},
            r"users\.csv is missing; correct file in .*graph\.toml, \[node\.user\]",
        ),
        ({"also.csv": None}, r"also\.csv is missing; .*\[edge\.also_buy\]"),
        ({"users.csv": ("10,20", "10,20,30")}, r"users\.csv, line 2 .*Expected 2 columns, got 3"),
        (
            {"users.csv": b"user,age\n\n1,2\n\n3\n"},
            r"users\.csv, line 5 .*Expected 2 columns, got 1",
        ),
        ({"users.csv": b""}, r"users\.csv cannot be read \(Empty CSV file\)"),
        ({"users.csv": b"user,age\n"}, r"users\.csv has no rows"),
        ({"users.csv": b"user,age\n1,\xff\n"}, r"users\.csv cannot be read .*UTF-?8"),
        (
            {"users.csv": "user,age\n1,2\n".encode("utf-16")},
            r"users\.csv cannot be read .*it is not UTF-8",
        ),
        ({"users.csv": ("user,age", "user,user")}, r"several columns 'user', which id names"),
        (spec("users.csv", "users.xlsx"), r"users\.xlsx is no table; its name must end in"),
        (spec("users.csv", "users.csv.gz"), r"users\.csv\.gz is missing"),
        # Columns.
        (spec('"asin"', '"asn"'), r"no column 'asn', which id names in .*\[node\.item\]; .*'asin'"),
        (spec('"count"', '"cnt"'), r"no column 'cnt', which weight names in .*\[edge\.also_buy\]"),
        (
            spec('"rank"', '"title"'),
            r"lines 2, 3, 4 and 2 more: title \(got 'red game'\) must be a number \(5 cells\)",
        ),
        (spec('["title", "about"]', '["asin"]'), r"text \(got asin\) must have words that 3 rows"),
        # The description.
        (spec("label =", "lable ="), r"\[node\.item\]: setting 'lable' is unknown; .*'label'"),
        (spec("[node.user]", "[nodes.user]"), r"table \[nodes\] is unknown; did you mean 'node'"),
        (spec("weight =", "wieght ="), r"\[edge\.also_buy\]: setting 'wieght' .*'weight'"),
        (spec("column =", "colum ="), r"\[edge\.also_buy\] source: setting 'colum' .*'column'"),
        (spec('type = "item"', 'type = "itme"'), r"source: type \(got 'itme'\) .*'item'"),
        (spec('type = "item"', 'word = "item"'), r"source: setting 'word' is unknown"),
        (spec('source = "user"', 'source = "usr"'), r"source \(got 'usr'\) is no column .*'user'"),
        (spec('source = "user"', 'source = "age"'), r"\(got 'age'\) is no column"),
        (spec('source = "user"', "source = 3"), r"\[edge\.buys\]: source \(got 3\)"),
        (spec('source = "user"', "source = {}"), r"\[edge\.buys\] source: nothing is set"),
        (spec('source = "user"\n', ""), r"\[edge\.buys\]: source .*required"),
        (
            spec('{ type = "item", column = "to" }', '"to"'),
            r"'to'\) may be ids of item or user; say",
        ),
        (spec('{ type = "item", column = "to" }', '"item"'), r"needs the column of .*also\.csv"),
        (spec('id = "user"\n', ""), r"\[node\.user\]: id is not set; name the column"),
        (spec('file = "users.csv"\n', ""), r"\[node\.user\]: file is not set"),
        (spec("numbers =", "image ="), r"image"),
        (spec('"age"', '"age"\nimage = "path"'), r"no column 'path', which image names in .*user"),
        (spec('"age"', '"age"\nimage_folder = "a"'), r"\[node\.user\]: image is not set; name the"),
        (
            spec('"age"', '"age"\nimage = "user"'),
            r"none of 2 images can be read; the first is .*/10 \(no such file\); correct the paths",
        ),
        (spec("[node.item]", 'target = "itm"\n[node.item]'), r"target \(got 'itm'\) .*'item'"),
        (spec('label = "kind"\n', ""), r"no node type has a label; add label"),
        (
            spec("[node.item]", "[node]\nx = 1\n[node.item]"),
            r"\[node\] has the key 'x' of no section",
        ),
        (spec("[node.item]", "[node.item"), r"graph\.toml\) is not TOML"),
        (spec('part"', 'part"\ndelimiter = ",,"'), r"\[node\.item\]: delimiter \(got ',,'\)"),
        (spec("true", '"often"'), r"\[edge\.buys\]: reverse \(got 'often'\)"),
        (spec('part"', 'part"\ndelimiter = "é"'), r"delimiter .* one character such as ; or \|"),
        (
            spec('buys.csv"', 'buys.csv"\ndelimiter = ";"'),
            r"source .* needs the column of .*buys\.csv",
        ),
        (spec("[edge.buys]", "[edge.rev_x]\n[edge.buys]"), r"\[edge\.rev_x\]: file .*required"),
        (spec('label = "kind"', 'label = "rank"'), r"rank \(got '5'\) is the same class in all"),
        ({"graph.toml": b"\xff"}, r"graph\.toml\) is not TOML"),
        ({"graph.toml": b""}, r"has no node type; add a section \[node\.<type>\]"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes, message: str) -> None:
    path = written(tmp_path)
    for name, change in changes.items():
        file = tmp_path / name
        if change is None:
            file.unlink()
        elif isinstance(change, bytes):
            file.write_bytes(change)
        else:
            text = file.read_text()
            assert change[0] in text
            file.write_text(text.replace(*change, 1))
    with pytest.raises(UserError, match=message):
        prepare(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_are_named(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    whole = (tmp_path / f"users.{kind}").read_bytes()
    for damaged in (
        b"",
        b"\x00",
        whole[: len(whole) // 2],
        b'"' + whole,
        b"[1, 2]\n",
        b"\xff" * 40,
    ):
        (tmp_path / f"users.{kind}").write_bytes(damaged)
        with pytest.raises(UserError, match=rf"users\.{kind}|buys\.{kind}"):
            prepare(path)


def test_lines_of_json_and_rows_of_parquet(tmp_path: Path) -> None:
    for kind, place in (("jsonl", "line 3"), ("parquet", "row 2")):
        (tmp_path / kind).mkdir()
        path = written(tmp_path / kind, kind)
        FORMATS[kind](pa.table({"user": [7, 8], "asin": ["c", "a"]}), path.parent / f"buys.{kind}")
        with pytest.raises(
            UserError, match=rf"buys\.{kind}, {place}: user \(got 8\) must be an id"
        ):
            prepare(path)
    json_file = tmp_path / "jsonl" / "users.jsonl"
    for line, message in (
        ("{", "line 2 cannot be read"),
        ("[]", "one object"),
        ("7", "one object"),
    ):
        json_file.write_text(f'{{"user": 7, "age": 1}}\n{line}\n')
        with pytest.raises(UserError, match=message):
            prepare(tmp_path / "jsonl" / "graph.toml")
    json_file.write_text('{"user": 7, "age": 1}\n{"user": {"a": 1}, "age": 1}\n')
    with pytest.raises(UserError, match=r"line 2 .*user must be a string or a number"):
        prepare(tmp_path / "jsonl" / "graph.toml")


def test_several_types_with_labels(tmp_path: Path) -> None:
    more = SPEC.replace('"age"', '"age"\nlabel = "age"')
    path = written(tmp_path, spec=more)
    assert prepare(path).graph.target == "item"  # The one with a split.
    path.write_text(more.replace('split = "part"\n', ""))
    with pytest.raises(UserError, match=r"target \(got item, user\) must be one node type"):
        prepare(path, split="1/1")
    path.write_text('target = "item"\n' + path.read_text())
    assert prepare(path, split="1/1").graph.target == "item"


def test_what_does_not_go_together(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(SPEC + '[edge.rev_buys]\nfile = "buys.csv"\nsource = "asin"\ntarget = "user"\n')
    with pytest.raises(UserError, match=r"\[edge\.rev_buys\]: 'rev_buys' is there twice; rename"):
        prepare(path)
    path = written(tmp_path, "jsonl")
    path.write_text(path.read_text().replace('id = "user"', 'id = "user"\nheader = ["user"]'))
    with pytest.raises(UserError, match=r"\[node\.user\]: header and delimiter are of CSV and TSV"):
        prepare(path)
    features = '["title", "about"]\nnumbers = ["price", "rank"]\ncategories = "brand"'
    path.write_text(SPEC.replace(f"text = {features}", ""))
    with pytest.raises(UserError, match=r"\[node\.item\] has no features, and it is the type to"):
        prepare(path)


def test_labels_with_fractions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("id,y,x\na,1,1\nb,2.5,2\n")
    path = tmp_path / "graph.toml"
    path.write_text('[node.n]\nfile = "n.csv"\nid = "id"\nlabel = "y"\nnumbers = "x"\n')
    with pytest.raises(UserError, match=r"n\.csv, line 3: y \(got '2\.5'\) must be a class"):
        prepare(path, split="20/10/70")


def test_from_the_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.Generator(np.random.PCG64(0))
    kind = np.arange(60) % 3
    words = [f"word{k} thing{i % 7}" for i, k in enumerate(kind)]
    items = {"id": range(60), "title": words, "kind": [f"k{k}" for k in kind]}
    as_csv(pa.table(items), tmp_path / "items.csv")
    ends = rng.integers(0, 60, (2, 200))
    as_csv(pa.table({"a": ends[0], "b": ends[1]}), tmp_path / "links.csv")
    Path("graph.toml").write_text(
        '[node.item]\nfile = "items.csv"\nid = "id"\ntext = "title"\nlabel = "kind"\n'
        '[edge.links]\nfile = "links.csv"\nsource = "a"\ntarget = "b"\n'
    )
    before = sorted(p.name for p in tmp_path.iterdir())
    assert cli.main(["prepare", "graph.toml", "--out", "mine.h5"]) == 2
    assert "has no split" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    words = ["--split", "20/10/70", "--on-unknown", "drop"]
    assert cli.main(["prepare", "graph.toml", "--out", "mine.h5", *words]) == 0
    assert "the classes of kind are 0 'k0', 1 'k1', 2 'k2'" in capsys.readouterr().out
    words = ["--method", "kmeans", "--ratio", "0.2", "--out", "small.h5"]
    assert cli.main(["condense", "--dataset", "mine.h5", *words]) == 0
    words = ["--models", "mlp", "--seeds", "1", "--epochs", "5"]
    assert cli.main(["evaluate", "--condensed", "small.h5", *words]) == 0
    assert "mlp" in capsys.readouterr().out
