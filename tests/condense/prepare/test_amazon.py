"""Folders in the layout of AMAZON-1 and AMAZON-2, of any name; mistakes name the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from condense.data.fingerprint import fingerprint
from condense.datasets.amazon1 import load_amazon1
from condense.datasets.amazon2 import load_amazon2
from condense.errors import UserError
from condense.prepare.prepare import prepare
from tests.support.from_files import to_table

N = 30
EDGES = [(i, (7 * i + 1) % N, "also_viewed") for i in range(N)] + [(0, 5, "bought_together")]


def written(folder: Path) -> Path:
    """Item 4 has no image, item 5 no price, and item 29 is in no part."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    image = rng.random((N, 3))
    image[4] = 0
    np.save(folder / "item_text_features.npy", rng.random((N, 4)))
    np.save(folder / "item_image_features.npy", image)
    np.save(folder / "item_labels.npy", np.arange(N) % 3)
    np.save(folder / "triples.npy", np.array(EDGES, dtype=str))
    rows = np.arange(N)
    np.savez(folder / "splits.npz", train_idx=rows[:12], val_idx=rows[12:18], test_idx=rows[18:29])
    np.save(folder / "item_price.npy", np.where(rows == 5, np.nan, rows + 1.0))
    return folder


def test_values(tmp_path: Path) -> None:
    graph = prepare(written(tmp_path / "toys")).graph
    item = graph["item"]
    assert (graph.name, graph.target, graph.num_classes) == ("toys", "item", 3)
    edges = graph["item", "also_viewed", "item"].edge_index.t().tolist()
    assert edges == [[a, b] for a, b, _ in EDGES[:-1]]
    assert graph["item", "bought_together", "item"].edge_index.tolist() == [[0], [5]]
    assert np.allclose(item.x_text, np.load(tmp_path / "toys" / "item_text_features.npy"))
    assert np.allclose(item.x_image, np.load(tmp_path / "toys" / "item_image_features.npy"))
    assert item.has_image.tolist() == [i != 4 for i in range(N)]
    assert item.has_price.tolist() == [i != 5 for i in range(N)]
    assert float(item.x_price[0]) == pytest.approx(np.log(2))
    assert item.y.tolist() == [i % 3 for i in range(N)]
    assert item.val_mask.nonzero().flatten().tolist() == list(range(12, 18))


def test_the_data_sets_of_that_layout(tmp_path: Path) -> None:
    rows = np.arange(N)
    for name, load in (("amazon1", load_amazon1), ("amazon2", load_amazon2)):
        folder = written(tmp_path / name)
        np.savez(
            folder / "splits.npz", train_idx=rows[:12], val_idx=rows[12:18], test_idx=rows[18:]
        )
        if name == "amazon1":
            (folder / "item_price.npy").unlink()
        assert fingerprint(prepare(folder).graph) == fingerprint(load(tmp_path, "real"))


def test_unlabelled_items_and_a_drawn_split(tmp_path: Path) -> None:
    folder = written(tmp_path / "toys")
    np.save(folder / "item_labels.npy", np.where(np.arange(N) == 29, -1, np.arange(N) % 3))
    assert prepare(folder).graph["item"].y.tolist()[-2:] == [1, -1]
    (folder / "splits.npz").unlink()
    with pytest.raises(UserError, match=r"toys has no split .*test.txt$"):
        prepare(folder)
    (folder / "item_data_dict.npy").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"or convert item_data_dict\.npy .*\n.*\nnp\.savez\('splits"
    ):
        prepare(folder)
    assert int(prepare(folder, split="4/4").graph["item"].train_mask.sum()) == 12


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no labels": (
        lambda f: (f / "item_labels.npy").unlink(),
        r"item_labels\.npy is missing \(integer",
    ),
    "no images": (
        lambda f: (f / "item_image_features.npy").unlink(),
        r"features\.npy is missing \(float",
    ),
    "no triples": (lambda f: (f / "triples.npy").unlink(), r"triples\.npy is missing \(text"),
    "damaged": (
        lambda f: (f / "triples.npy").write_bytes(b"PK"),
        r"triples\.npy is not a valid \.npy file",
    ),
    "pickled": (
        lambda f: np.save(f / "triples.npy", np.array(EDGES, dtype=object), allow_pickle=True),
        r"triples\.npy holds pickled objects, which are never read.*\nnp\.save\('triples\.npy'",
    ),
    "an item too far": (
        lambda f: np.save(f / "triples.npy", np.array([("0", str(N), "a")])),
        r"triples\.npy names item 30, which must lie in 0 … 29",
    ),
    "words": (
        lambda f: np.save(f / "triples.npy", np.array([("0", "b", "a")])),
        r"triples\.npy: heads and tails must be item numbers",
    ),
    "fewer texts": (
        lambda f: np.save(f / "item_text_features.npy", np.ones((2, 4))),
        r"item_text_features\.npy \(got 2 rows\) must have 30",
    ),
    "a row too far": (
        lambda f: np.savez(f / "splits.npz", train_idx=[0], val_idx=[1], test_idx=[N]),
        r"splits\.npz names item 30",
    ),
    "no test": (
        lambda f: np.savez(f / "splits.npz", train_idx=[0], val_idx=[1]),
        r"splits\.npz lacks test_idx",
    ),
    "prices of text": (
        lambda f: np.save(f / "item_price.npy", np.array(["a"] * N)),
        r"item_price\.npy \(got <U1 \[30\]\) must be a number",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(tmp_path: Path, case: str) -> None:
    spoil, message = WRONG[case]
    folder = written(tmp_path / "toys")
    spoil(folder)
    with pytest.raises(UserError, match=message):
        prepare(folder)


def test_a_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "toys") / "triples.npy"
    with pytest.raises(
        UserError, match=r"triples\.npy is no folder; give the one with item_labels"
    ):
        prepare(path, "amazon")


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("toys"))
    to_table("toys")
    said = capsys.readouterr().out
    assert "text (4), image (3, 97% of nodes)" in said
    assert "mlp" in said
