"""Columns of texts and images in tables, by encoders."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from condense.data.fingerprint import fingerprint
from condense.encode import kept
from condense.encode.histograms import Histograms
from condense.encode.hugging_face import ImageModel, TextModel
from condense.errors import UserError
from condense.prepare.options import ReadOptions
from condense.prepare.prepare import prepare
from tests.support.from_files import to_table
from tests.support.tiny_models import saved_clip

SPEC = """
[node.item]
file = "items.csv"
id = "id"
text = "title"
image = "picture"
image_folder = "pictures"
label = "kind"
split = "part"

[node.shop]
file = "shops.csv"
id = "id"
image = "front"

[edge.sold]
file = "sold.csv"
source = "item"
target = "shop"
reverse = true
"""
N, COLOURS, WORDS = 24, ("red", "blue", "green"), ("red game", "the film", "a blue film")
PARTS = ("train", "val", "test")


def written(folder: Path) -> Path:
    """Items 0 has no image, 1 names none that exists, and 2 one that is damaged; shop 1 has none."""
    (folder / "pictures").mkdir()
    rows = ["id,title,picture,kind,part"]
    for i in range(N):
        Image.new("RGB", (16, 16 + i), COLOURS[i % 3]).save(folder / "pictures" / f"{i}.png")
        picture = {0: "", 1: "none.png"}.get(i, f"{i}.png")
        rows.append(f"{i},{WORDS[i % 3]},{picture},{'abc'[i % 3]},{PARTS[i // 3 % 3]}")
    (folder / "pictures" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.new("RGB", (9, 9), "white").save(folder / "front.gif")
    (folder / "items.csv").write_text("\n".join(rows) + "\n")
    (folder / "shops.csv").write_text("id,front\ns0,front.gif\ns1,\n")
    sold = "\n".join(f"{i},s{i % 2}" for i in range(N))
    (folder / "sold.csv").write_text(f"item,shop\n{sold}\n")
    path = folder / "graph.toml"
    path.write_text(SPEC)
    return path


def opened(folder: Path, i: int) -> Image.Image:
    return Image.open(folder / "pictures" / f"{i}.png").convert("RGB")


def test_histograms(tmp_path: Path) -> None:
    made = prepare(written(tmp_path))
    item, shop = made.graph["item"], made.graph["shop"]
    assert item.has_image.tolist() == [i > 2 for i in range(N)]
    assert not item.x_image[:3].any()
    assert np.array_equal(item.x_image[9], Histograms().encode([opened(tmp_path, 9)])[0])
    assert shop.has_image.tolist() == [True, False]
    front = Image.open(tmp_path / "front.gif").convert("RGB")
    assert np.array_equal(shop.x_image[0], Histograms().encode([front])[0])
    folder = tmp_path / "pictures"
    assert list(made.unreadable) == [folder / "none.png", folder / "2.png"]
    (said,) = (change for change in made.changes if "cannot be read" in change)
    assert said.startswith("item, shop: 2 images are missing or cannot be read")
    assert f"{folder / 'none.png'} (no such file)" in said


def test_the_towers_of_a_model(tmp_path: Path) -> None:
    saved_clip(tmp_path / "clip")
    name = str(tmp_path / "clip")
    options = ReadOptions(text_encoder=name, image_encoder=name, device="cpu")
    made = prepare(written(tmp_path), options=options)
    item = made.graph["item"]
    text = TextModel(name, "cpu").encode([WORDS[i % 3] for i in range(N)])
    assert np.allclose(item.x_text, text, atol=1e-6)
    image = ImageModel(name, "cpu").encode([opened(tmp_path, i) for i in range(3, N)])
    assert np.allclose(item.x_image[3:], image, atol=1e-6)
    assert f"encoders: text by {name}, image by {name}" in made.changes


def test_spellings_of_encoders_without_a_model(tmp_path: Path) -> None:
    path = written(tmp_path)
    usual = prepare(path).graph
    other = prepare(
        path, options=ReadOptions(text_encoder="TFIDF", image_encoder="Histogram")
    ).graph
    assert fingerprint(usual) == fingerprint(other)


@pytest.mark.parametrize("option", ["text_encoder", "image_encoder", "images", "least_items"])
def test_options_of_other_formats_are_refused(tmp_path: Path, option: str) -> None:
    path = tmp_path / "mine.pt"
    torch.save({}, path)
    value = {"images": tmp_path, "least_items": 3}.get(option, "clip")
    with pytest.raises(UserError, match=rf"{option} \(got '.*'\) is an option of .*amazon-reviews"):
        prepare(path, options=ReadOptions(**{option: value}))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    saved_clip(tmp_path / "clip")
    return tmp_path


def test_from_files_to_the_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to_table("graph.toml", "--text-encoder", "clip", "--image-encoder", "clip", "--device", "cpu")
    said = capsys.readouterr().out
    assert "text (6), image (6, 88% of nodes)" in said
    assert "mine.h5.unreadable.tsv" in said
    assert "mlp" in said


def test_an_interrupted_command_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    monkeypatch.setattr(ImageModel, "batch", 4)
    whole, seen = ImageModel.encode, []
    allowed = 3

    def counted(self: ImageModel, batch):
        nonlocal allowed
        if len(batch) > 1:
            allowed -= 1
            if allowed < 0:
                raise KeyboardInterrupt
            seen.append(len(batch))
        return whole(self, batch)

    monkeypatch.setattr(ImageModel, "encode", counted)
    words = ["prepare", "graph.toml", "--image-encoder", "clip", "--device", "cpu", "--out", "a.h5"]
    assert cli.main(words) == 130
    assert not Path("a.h5").exists()
    assert len(list(Path("a.h5.encoded").rglob("*.npz"))) == 3
    allowed, first = 100, list(seen)
    seen.clear()
    assert cli.main(words) == 0
    assert first == [4, 4, 4]
    assert sum(seen) == 22 - 12
    assert not Path("a.h5.encoded").exists()
    monkeypatch.setattr(ImageModel, "encode", whole)
    words[-1] = "b.h5"
    assert cli.main(words) == 0
    capsys.readouterr()
    assert Path("a.h5").read_bytes() == Path("b.h5").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text-encoder", "./none"], "text encoder (got ./none) is no folder"),
        (["--image-encoder", "clip", "--device", "pig"], "device (got 'pig') cannot be used here"),
        (["--image-encoder", "clip"], "needs packages that are not installed"),
    ],
)
def test_mistakes_leave_nothing_behind(
    here: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "installed" in message:
        monkeypatch.setitem(sys.modules, "transformers", None)
    before = sorted(p.name for p in here.iterdir())
    assert cli.main(["prepare", "graph.toml", "--out", "mine.h5", *words]) == 2
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in here.iterdir()) == before
