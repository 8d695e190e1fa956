"""MM-Graph's folders: both directions, unlabelled nodes, one encoder or several; mistakes name the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data

from condense.data.fingerprint import fingerprint
from condense.errors import UserError
from condense.prepare.prepare import prepare
from models.schema import modality_names
from tests.support.from_files import to_table

N = 60
PAIRS = [(i, (7 * i + k) % N) for i in range(N) for k in (1, 2)]


def written(folder: Path, *encoders: str) -> Path:
    """Pairs with a loop, a repeated edge and one stored both ways; nodes 0 and 1 have no class."""
    folder.mkdir()
    torch.save(
        [*PAIRS, (5, 5), PAIRS[0], (PAIRS[1][1], PAIRS[1][0])], folder / "nc_edges-nodeid.pt"
    )
    torch.save([-1, -1, *(i % 3 for i in range(2, N))], folder / "labels-w-missing.pt")
    part = torch.arange(N) // 3 % 3
    rows = {
        f"{name}_idx": torch.where(part == i)[0] for i, name in enumerate(("train", "val", "test"))
    }
    rows["train_idx"] = rows["train_idx"][2:]
    torch.save(rows, folder / "split.pt")
    for number, encoder in enumerate(encoders or ("t5vit",)):
        x = torch.rand(N, 8, generator=torch.Generator().manual_seed(number))
        torch.save(x, folder / f"{encoder}_feat.pt")
    return folder


def test_values(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "books"))
    node, edges = made.graph["node"], made.graph["node", "links", "node"].edge_index
    expected = {pair for a, b in PAIRS if a != b for pair in ((a, b), (b, a))}
    assert sorted(map(tuple, edges.t().tolist())) == sorted(expected)
    x = torch.load(tmp_path / "books" / "t5vit_feat.pt")
    assert torch.equal(node.x_text, x[:, :4])
    assert torch.equal(node.x_image, x[:, 4:])
    assert node.y.tolist() == [-1, -1, *(i % 3 for i in range(2, N))]
    assert node.train_mask.nonzero().flatten().tolist()[:4] == [2, 9, 10, 11]
    assert (made.graph.name, made.graph.target, made.graph.num_classes) == ("books", "node", 3)
    assert any("first half of the columns is text" in change for change in made.changes)


def test_tensors_and_lists_give_one_graph(tmp_path: Path) -> None:
    folder = written(tmp_path / "books")
    first = prepare(folder)
    for name in ("nc_edges-nodeid.pt", "labels-w-missing.pt"):
        torch.save(torch.tensor(torch.load(folder / name)), folder / name)
    split = torch.load(folder / "split.pt")
    torch.save({key: rows.tolist() for key, rows in split.items()}, folder / "split.pt")
    assert fingerprint(prepare(folder).graph) == fingerprint(first.graph)


def test_the_same_graph_from_pyg(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "books")).graph
    node = made["node"]
    data = Data(
        x=torch.cat([node.x_text, node.x_image], dim=1),
        y=node.y,
        edge_index=made["node", "links", "node"].edge_index,
        **{f"{part}_mask": node[f"{part}_mask"] for part in ("train", "val", "test")},
    )
    torch.save(data, tmp_path / "books.pt")
    again = prepare(tmp_path / "books.pt", modalities={"text": 4, "image": 4}).graph
    assert fingerprint(again) == fingerprint(made)


def test_labels_of_nan_are_unknown(tmp_path: Path) -> None:
    folder = written(tmp_path / "books")
    y = torch.tensor(torch.load(folder / "labels-w-missing.pt")).float()
    torch.save(torch.where(y < 0, torch.nan, y), folder / "labels-w-missing.pt")
    assert prepare(folder).graph["node"].y.tolist()[:4] == [-1, -1, 2, 0]


def test_widths_and_other_encoders(tmp_path: Path) -> None:
    node = prepare(written(tmp_path / "a"), modalities={"text": 6, "image": 2}).graph["node"]
    assert (node.x_text.size(1), node.x_image.size(1)) == (6, 2)
    node = prepare(written(tmp_path / "b", "cliptext")).graph["node"]
    assert modality_names(node) == ("cliptext",)


def test_one_of_several_encoders(tmp_path: Path) -> None:
    folder = written(tmp_path / "books", "clip", "imagebind", "mine")
    with pytest.raises(
        UserError, match=r"several encoders \(clip, imagebind, mine\); .*clip_feat\.pt"
    ):
        prepare(folder)
    with pytest.raises(UserError, match="several encoders"):
        prepare(folder, modalities={"text": 4, "image": 4})
    graph = prepare(folder / "imagebind_feat.pt").graph
    assert graph.name == "books-imagebind"
    x = torch.load(folder / "imagebind_feat.pt")
    assert torch.equal(graph["node"].x_image, x[:, 4:])
    node = prepare(folder, modalities={"a": "clip", "b": "mine"}).graph["node"]
    assert torch.equal(node.x_b, torch.load(folder / "mine_feat.pt"))
    assert sorted(node.keys()) == sorted(
        ["num_nodes", "x_a", "x_b", "y", "train_mask", "val_mask", "test_mask"]
    )


def test_a_split_is_drawn_where_there_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path / "books")
    (folder / "split.pt").unlink()
    with pytest.raises(UserError, match="has no split"):
        prepare(folder)
    assert int(prepare(folder, split="4/4").graph["node"].train_mask.sum()) == 12


def replaced(name: str, content: object) -> Callable[[Path], None]:
    return lambda folder: torch.save(content, folder / name)


WRONG = {
    "no labels": (
        lambda folder: (folder / "labels-w-missing.pt").unlink(),
        r"labels-w-missing\.pt is missing",
    ),
    "no edges": (
        lambda folder: (folder / "nc_edges-nodeid.pt").unlink(),
        r"nc_edges-nodeid\.pt is missing",
    ),
    "no features": (
        lambda folder: (folder / "t5vit_feat.pt").unlink(),
        r"books has no features; put",
    ),
    "damaged": (lambda folder: (folder / "split.pt").write_bytes(b"PK\x03\x04"), r"split\.pt"),
    "code": (replaced("split.pt", {"train_idx": Path("a")}), r"split\.pt holds objects of pathlib"),
    "an edge too far": (
        replaced("nc_edges-nodeid.pt", [(0, N)]),
        rf"nodeid\.pt names node {N}, which must",
    ),
    "real edges": (
        replaced("nc_edges-nodeid.pt", [(0, 0.5)]),
        r"nodeid\.pt \(got float64 numbers of nodes\)",
    ),
    "transposed": (
        replaced("nc_edges-nodeid.pt", torch.ones(2, 9).long()),
        r"\[2, 9\]\) must have two columns",
    ),
    "ragged": (
        replaced("labels-w-missing.pt", [[1], [1, 2]]),
        r"missing\.pt \(got list\) must be a tensor",
    ),
    "words": (
        replaced("labels-w-missing.pt", ["a"] * N),
        r"missing\.pt \(got list\) must be a tensor",
    ),
    "fewer rows": (
        replaced("t5vit_feat.pt", torch.ones(N - 1, 4)),
        rf"\[{N - 1}, 4\]\) must have {N} rows",
    ),
    "no dictionary": (
        replaced("split.pt", [1, 2]),
        r"split\.pt \(got list\) must hold a dictionary",
    ),
    "no test": (
        replaced("split.pt", {"train_idx": [2], "val_idx": [3]}),
        r"train_idx, val_idx\) lacks test_idx",
    ),
    "a split too far": (
        replaced("split.pt", {"train_idx": [2], "val_idx": [3], "test_idx": [-1]}),
        r"split\.pt names node -1, which must lie in 0 … 59",
    ),
    "unlabelled": (
        replaced("split.pt", {"train_idx": [0], "val_idx": [3], "test_idx": [4]}),
        r"y\[0\] .* is a train_mask node without a label",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(tmp_path: Path, case: str) -> None:
    spoil, message = WRONG[case]
    folder = written(tmp_path / "books")
    spoil(folder)
    with pytest.raises(UserError, match=message):
        prepare(folder)


def test_link_prediction_is_refused(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "lp-edge-split-hard.pt")
    with pytest.raises(UserError, match="is a set for link prediction, without labels"):
        prepare(tmp_path)


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("books"))
    to_table("books", ratio="0.3")
    said = capsys.readouterr().out
    assert "text (4), image (4)" in said
    assert "mlp" in said
