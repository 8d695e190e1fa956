"""Amazon's review files in the layouts of 2014 and 2018, with images, as a graph."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from condense.data.fingerprint import fingerprint
from condense.data.text import text_features
from condense.encode.histograms import Histograms
from condense.errors import UserError
from condense.prepare.formats import format_of
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import Prepared, prepare
from condense.prepare.reviews.pictures import pictures
from tests.support.from_files import to_table

N = 60
KINDS = ("Cameras", "Phones", "TVs")
COLOURS = ("red", "green", "blue")
FEW = ReadOptions(least_items=2)


def asin(i: int) -> str:
    return f"B{i:03}"


def others(i: int, step: int) -> list[str]:
    """Two products, one of which is in no file."""
    return [asin((i + step) % N), f"X{i}"]


def product(i: int, year: int = 2018) -> dict[str, Any]:
    """Item 7 has no category, 8 no price, 9 no text."""
    title = f"{KINDS[i % 3]} number {i % 5} &amp; more"
    made: dict[str, Any] = {
        "asin": asin(i),
        "title": title,
        "description": ["A <b>fine</b> thing", "to have"],
        "price": f"${i + 1}.50",
        "category": ["Electronics", KINDS[i % 3], "Small"],
        "also_buy": others(i, 1),
        "also_view": others(i, 2),
    }
    if i == 7:
        made["category"] = ["Electronics"]
    if i == 8:
        made["price"] = ".a-box-inner{background-color:#fff}"
    if i == 9:
        made["title"], made["description"] = "", []
    if year == 2014:
        made["description"] = " ".join(made["description"])
        made["categories"] = [made.pop("category"), ["Other", "Path"]]
        made["price"] = i + 1.5 if i != 8 else None
        view, buy = made.pop("also_view"), made.pop("also_buy")
        more = {"buy_after_viewing": others(i, 3), "bought_together": others(i, 4)}
        made["related"] = {"also_bought": buy, "also_viewed": view, **more}
    return made


def written(folder: Path, year: int = 2018, name: str = "meta_Toys.json.gz") -> Path:
    """The products, and images of all but 3 (missing) and 4 (damaged)."""
    rows = [product(i, year) for i in range(N)]
    spelt = [json.dumps(row) if year == 2018 else repr(row) for row in rows]
    (folder / "pictures").mkdir(exist_ok=True)
    for i in range(N):
        if i != 3:
            path = folder / "pictures" / f"{asin(i)}{'.jpg' if i % 2 else '.PNG'}"
            Image.new("RGB", (20 + i, 30), COLOURS[i % 3]).save(path)
    (folder / "pictures" / f"{asin(4)}.PNG").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    content = "\n".join(spelt).encode() + b"\n\n"
    (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return folder / name


def made_of(path: Path, **options: Any) -> Prepared:
    own = {"least_items": 2, "images": path.parent / "pictures", **options}
    return prepare(path, options=ReadOptions(**own))


@pytest.mark.parametrize("year", [2014, 2018])
def test_values(tmp_path: Path, year: int) -> None:
    made = made_of(written(tmp_path, year))
    graph, item = made.graph, made.graph["item"]
    assert (graph.name, graph.target, graph.num_classes) == ("Toys", "item", 3)
    labels = [-1 if i == 7 else i % 3 for i in range(N)]
    assert item.y.tolist() == labels
    texts = [f"{KINDS[i % 3]} number {i % 5} & more A fine thing to have" for i in range(N)]
    there = torch.arange(N) != 9
    expected = text_features([text for i, text in enumerate(texts) if i != 9])
    assert torch.equal(item.x_text[there], expected)
    assert item.has_text.tolist() == there.tolist()
    assert item.has_price.tolist() == [i != 8 for i in range(N)]
    known = item.has_price
    assert np.allclose(item.x_price[known, 0], np.log1p(np.arange(N)[known.numpy()] + 1.5))
    assert item.has_image.tolist() == [i not in (3, 4) for i in range(N)]
    path = tmp_path / "pictures" / "B005.jpg"
    assert np.array_equal(item.x_image[5], Histograms().encode([Image.open(path)])[0])
    steps = {"also_buy": 1, "also_viewed": 2, "buy_after_viewing": 3, "bought_together": 4}
    relations = [r[1] for r in graph.edge_types]
    assert sorted(relations) == sorted(list(steps)[: 4 if year == 2014 else 2])
    for relation in relations:
        edges = graph["item", relation, "item"].edge_index.t().tolist()
        assert edges == [[i, (i + steps[relation]) % N] for i in range(N)]


def test_what_is_said(tmp_path: Path) -> None:
    made = made_of(written(tmp_path))
    said = "\n".join(made.changes)
    assert "split: 20/10/70 drawn with seed 0" in said
    assert "categories of level 2: 0 Cameras (20), 1 Phones (19), 2 TVs (20)" in said
    assert "1 of 60 products are unlabelled" in said
    assert "also_buy: 60 of 120 edges left out" in said
    assert "item: 2 images are missing or cannot be read" in said
    assert "1 products have none" in said
    folder = tmp_path / "pictures"
    assert list(made.unreadable) == [folder / "B003.jpg", folder / "B004.PNG"]
    assert made.unreadable[folder / "B003.jpg"] == "no such file"


def test_the_layouts_of_both_years_are_one_graph(tmp_path: Path) -> None:
    """Without the relations that only one has."""
    graphs = []
    for year in (2014, 2018):
        graph = made_of(written(tmp_path, year, "meta_Toys.json")).graph
        for relation in ("buy_after_viewing", "bought_together"):
            if ("item", relation, "item") in graph.edge_types:
                del graph["item", relation, "item"]
        graphs.append(fingerprint(graph))
    assert graphs[0] == graphs[1]


def test_reviews_are_text(tmp_path: Path) -> None:
    path = written(tmp_path)
    reviews = tmp_path / "Toys.json.gz"
    rows = [{"asin": asin(9), "summary": f"more {k}", "reviewText": "fine"} for k in range(12)]
    lines = [json.dumps(row) for row in [*rows, {"asin": "unknown", "summary": "other"}]]
    reviews.write_bytes(gzip.compress("\n".join(lines).encode()))
    item = made_of(path, reviews=reviews).graph["item"]
    assert "has_text" not in item or item.has_text.all()
    texts = [f"{KINDS[i % 3]} number {i % 5} & more A fine thing to have" for i in range(N)]
    texts[9] = " ".join(f"more {k} fine" for k in range(10))
    assert torch.equal(item.x_text, text_features(texts))
    reviews.write_bytes(gzip.compress(lines[-1].encode()))
    with pytest.raises(UserError, match=r"Toys\.json\.gz has no review of a product in"):
        made_of(path, reviews=reviews)


def test_levels_and_small_classes(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(
        UserError,
        match=r"1 categories of 2 products at level 3.* Small \(59\)\); try another --label",
    ):
        made_of(path, label_level=3)
    assert made_of(path, least_items=20).graph.num_classes == 2
    with pytest.raises(UserError, match=r"label_level \(got 0\) must be at least 1"):
        made_of(path, label_level=0)


@pytest.mark.parametrize(
    ("price", "dollars"),
    [("$1,299.00", 1299), ("$10.00 - $20.00", 15), (3, 3), ("7", 7), ("free", None), (-1, None), (True, None),
     ("$0.00", None), (float("inf"), None), (None, None), ("$1.0.0", None)],
)  # fmt: skip
def test_prices(tmp_path: Path, price: object, dollars: float | None) -> None:
    path = tmp_path / "meta_a.json"
    rows = [product(i) for i in range(20)]
    rows[0]["price"] = price
    path.write_text("\n".join(json.dumps(row) for row in rows))
    item = prepare(path, options=FEW).graph["item"]
    if dollars is None:
        assert not item.has_price[0]
    else:
        assert float(item.x_price[0]) == pytest.approx(np.log1p(dollars))


def test_a_product_twice_and_one_that_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "meta_a.json"
    rows = [product(i) for i in range(20)]
    rows[1]["also_buy"] = [asin(1), asin(2), asin(2)]
    again = {**rows[1], "title": "another"}
    path.write_text("\n".join(json.dumps(row) for row in [*rows, again]))
    made = prepare(path, options=FEW)
    assert made.graph["item"].num_nodes == 20
    assert any("1 lines left out, which repeat" in change for change in made.changes)
    edges = made.graph["item", "also_buy", "item"].edge_index.t().tolist()
    assert [edge for edge in edges if edge[0] == 1] == [[1, 2]]


BAD = {
    "a list": ("[1, 2]", "line 2 is neither an object of JSON nor a Python dictionary"),
    "code": ("__import__('os').system('x')", "line 2 is neither"),
    "nested": ("[" * 100_000, "line 2 is neither"),
    "half": ('{"asin": "B', "line 2 is neither"),
    "no asin": ('{"title": "a"}', "line 2 has no asin (its keys are title)"),
}


@pytest.mark.parametrize("case", BAD)
def test_lines_that_are_no_products(tmp_path: Path, case: str) -> None:
    line, message = BAD[case]
    path = tmp_path / "meta_a.json"
    path.write_text(f"{json.dumps(product(0))}\n{line}\n")
    with pytest.raises(UserError) as error:
        prepare(path, options=FEW)
    assert f"{path}, {message}" in str(error.value)


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"meta_Toys\.json\.gz cannot be read after line \d+"):
        made_of(path)
    path.write_bytes(gzip.compress(b"\n"))
    with pytest.raises(UserError, match="has no product"):
        made_of(path)
    path.write_bytes(whole)
    with pytest.raises(UserError, match=r"images \(got .*nowhere\) is no folder"):
        made_of(path, images=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        UserError, match=r"none of 60 images can be read; the first is .*B000\.jpg \(no such file\)"
    ):
        made_of(path, images=tmp_path / "empty")
    with pytest.raises(UserError, match=r"none\.json is no file; give one"):
        made_of(path, reviews=tmp_path / "none.json")


def test_of_several_images_the_first_ending_counts(tmp_path: Path) -> None:
    for name in ("A.png", "A.JPG", "A.txt", "B.webp", "C.x.gif"):
        (tmp_path / name).touch()
    found = [path.name for path in pictures(tmp_path, ["A", "B", "C", "C.x"])]
    assert found == ["A.JPG", "B.webp", "C.jpg", "C.x.gif"]


def test_recognised_by_name(tmp_path: Path) -> None:
    for name in ("meta_Toys.json.gz", "meta_Toys.json", "meta_Toys.jsonl.gz"):
        (tmp_path / name).write_text("")
        assert format_of(tmp_path / name).module == "amazon_reviews"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["amazon-reviews"], "source (got amazon-reviews) needs the file of products: --meta"),
        (["meta_Toys.json.gz", "--meta", "a"], "meta (got a) is an option of the source"),
        (["meta_Toys.json.gz"], "0 categories of 100 products at level 2"),
    ],
)
def test_mistakes_on_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    assert cli.main(["prepare", *words, "--out", "toys.h5"]) == 2
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["meta_Toys.json.gz", "pictures"]


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path())
    words = ["--meta", "meta_Toys.json.gz", "--images", "pictures", "--least-items", "5"]
    to_table("amazon-reviews", *words)
    said = capsys.readouterr().out
    assert "image (192, 97% of nodes)" in said
    assert "mlp" in said
    listed = Path("mine.h5.unreadable.tsv").read_text().splitlines()
    assert listed[1] == '"pictures/B003.jpg"\tno such file'
    assert len(listed) == 3
    assert not Path("mine.h5.encoded").exists()
