"""What `prepare` does with every format: it recognises it, chooses or draws a split, and says what it did."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from condense.errors import UserError
from condense.prepare.formats import FORMATS
from condense.prepare.prepare import prepare
from tests.condense.prepare.test_pyg import data, saved

PARTS = ("train", "val", "test")


def test_per_cent_are_of_each_class(tmp_path: Path) -> None:
    content = data()
    content.y[:20] = -1
    content.y[20] = 3  # The only node of its class.
    made = prepare(saved(tmp_path, content), split="25/25/50", seed=3)
    node = made.graph["node"]
    counts = [torch.bincount(node.y[node[f"{part}_mask"]]).tolist() for part in PARTS]
    assert counts == [[3, 3, 3, 1], [3, 3, 3], [7, 7, 7]]
    assert not (node.train_mask | node.val_mask | node.test_mask)[:20].any()
    assert "split: 25/25/50 drawn with seed 3" in made.changes


def test_counts_are_of_each_class(tmp_path: Path) -> None:
    node = prepare(saved(tmp_path, data()), split="4/6").graph["node"]
    assert torch.bincount(node.y[node.train_mask]).tolist() == [4, 4, 4]
    assert torch.bincount(node.y[node.val_mask]).tolist() == [6, 6, 6]
    assert int(node.test_mask.sum()) == 30


def test_one_seed_gives_one_split(tmp_path: Path) -> None:
    path = saved(tmp_path, data())
    first, again, other = (
        prepare(path, split="20/10/70", seed=seed).graph["node"].train_mask for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_files_split_is_used_and_one_of_several_chosen(tmp_path: Path) -> None:
    content = data()
    part = torch.stack([torch.arange(60) // 3 % 3, torch.arange(60) // 20], dim=1)
    for number, name in enumerate(PARTS):
        content[f"{name}_mask"] = part == number
    path = saved(tmp_path, content)
    for index, expected in ((0, part[:, 0]), (1, part[:, 1])):
        node = prepare(path, split_index=index).graph["node"]
        assert torch.equal(node.val_mask, expected == 1)
    drawn = prepare(path, split="20/10/70").graph["node"]
    assert int(drawn.train_mask.sum()) == 12
    with pytest.raises(UserError, match="split"):
        prepare(path, split_index=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": None}, r"mine\.pt has no split .* --split 20/10/70"),
        ({"split": "20/10/60"}, r"split \(got '20/10/60'\) must be"),
        (
            {"split": "20/30"},
            r"split \(got '20/30'\) leaves no node for 'val': classes have 20 to 20",
        ),
        ({"split": "10/10"}, r"split \(got '10/10'\) leaves no node for 'test'"),
        ({"split": "20"}, r"split \(got '20'\) must be"),
        ({"split": "0/10/90"}, r"split \(got '0/10/90'\) must be"),
        ({"split": "a/b"}, r"split \(got 'a/b'\) must be"),
        ({"split_index": 1}, r"split_index \(got 1\) chooses among given splits"),
        ({"format": "pig"}, r"format \(got 'pig'\) is unknown; did you mean 'pyg'"),
        ({"target": "paper", "modalities": {"text": 3}}, r"must have the 3 columns"),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        prepare(saved(tmp_path, data()), **{"split": "20/10/70", **changes})


def test_every_format_has_tests() -> None:
    for each in FORMATS.values():
        assert Path(__file__).with_name(f"test_{each.module}.py").exists()


def test_unknown_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"source \(got .*nothing\.pt\) does not exist"):
        prepare(tmp_path / "nothing.pt")
    path = tmp_path / "mine.xyz"
    path.write_text("a")
    with pytest.raises(UserError, match=r"none of the known formats; .* pyg: "):
        prepare(path)
