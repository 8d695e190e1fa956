"""Folders in HeCo's layout: known sets and others, with features and without; mistakes name the file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.data.fingerprint import fingerprint
from condense.datasets.heco import load_heco
from condense.errors import UserError
from condense.prepare.prepare import prepare
from models.schema import modality_names
from tests.support.as_pyg import saved_as_pyg
from tests.support.from_files import to_table
from tests.support.shared_data import DATA, needs

P, A, S = 30, 12, 5
PA = [(p, (3 * p + k) % A) for p in range(P) for k in range(p % 3 + 1)]
PS = [(p, p % S) for p in range(P)]


def lines(pairs: list[tuple[int, int]]) -> str:
    return "".join(f"{a}\t{b}\n" for a, b in pairs)


def written(folder: Path, first: str = "pa", second: str = "ps", features: bool = True) -> Path:
    """30 targets of 3 classes, 12 and 5 other nodes; target 3 has no words."""
    folder.mkdir()
    (folder / f"{first}.txt").write_text(lines(PA))
    (folder / f"{second}.txt").write_text(lines(PS))
    if features:
        rng = np.random.default_rng(0)
        words = rng.integers(0, 3, (P, 6))
        words[3] = 0
        sp.save_npz(folder / f"{first[0]}_feat.npz", sp.coo_matrix(words))
        with (folder / f"{first[1]}_feat.npz").open("wb") as stream:
            np.save(stream, rng.standard_normal((A, 4)))
    np.save(folder / "labels.npy", np.arange(P) % 3.0)
    for size, parts in ((60, (0, 12, 18)), (20, (6, 12, 20))):
        for part, start, end in zip(("train", "val", "test"), parts, (*parts[1:], P), strict=True):
            np.save(folder / f"{part}_{size}.npy", np.arange(start, end))
    return folder


def test_values_of_a_known_set(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "acm"))
    graph = made.graph
    assert {t: graph[t].num_nodes for t in graph.node_types} == {
        "paper": P,
        "author": A,
        "subject": S,
    }
    assert (graph.name, graph.target, graph.num_classes) == ("acm", "paper", 3)
    assert graph["paper", "written_by", "author"].edge_index.t().tolist() == list(map(list, PA))
    assert graph["subject", "rev_about", "paper"].edge_index.t().tolist() == [[s, p] for p, s in PS]
    words = sp.load_npz(tmp_path / "acm" / "p_feat.npz").toarray()
    assert np.allclose(
        graph["paper"].x_text, words / np.maximum(words.sum(axis=1, keepdims=True), 1)
    )
    vectors = np.load(tmp_path / "acm" / "a_feat.npz")
    assert np.allclose(graph["author"].x_embedding, vectors)
    assert modality_names(graph["subject"]) == ()
    assert graph["paper"].y.tolist() == [p % 3 for p in range(P)]
    assert graph["paper"].train_mask.nonzero().flatten().tolist() == list(range(12))
    assert "split: 60; choose another with --split (20)" in made.changes


def test_other_splits(tmp_path: Path) -> None:
    folder = written(tmp_path / "acm")
    for words in ({"split_index": 1}, {"split": "20"}):
        paper = prepare(folder, **words).graph["paper"]
        assert paper.train_mask.nonzero().flatten().tolist() == list(range(6, 12))
    with pytest.raises(
        UserError, match=r"split \(got '30'\) is not one of those in .*acm; .*'?60'?"
    ):
        prepare(folder, split="30")
    with pytest.raises(UserError, match=r"split_index \(got 2\)"):
        prepare(folder, split_index=2)
    assert int(prepare(folder, split="4/4").graph["paper"].train_mask.sum()) == 12


def test_unlabelled_nodes(tmp_path: Path) -> None:
    folder = written(tmp_path / "acm")
    np.save(folder / "labels.npy", np.where(np.arange(P) == 29, -1, np.arange(P) % 3))
    assert prepare(folder).graph["paper"].y.tolist()[-2:] == [1, -1]


def test_without_features_degrees_are_the_features(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "aminer", "pa", "pr", features=False))
    graph = made.graph
    assert graph.node_types == ["paper", "author", "reference"]
    degrees = np.zeros((P, 2))
    for p, _ in PA:
        degrees[p, 0] += 1
    for p, _ in PS:
        degrees[p, 1] += 1
    assert np.allclose(graph["paper"].x_degrees, np.log1p(degrees))
    assert np.allclose(graph["reference"].x_degrees, np.log1p(np.full((S, 1), P / S)))
    assert any("no node type has features" in change for change in made.changes)


def test_other_sets_are_called_by_their_letters(tmp_path: Path) -> None:
    graph = prepare(written(tmp_path / "mine", "xy", "xz")).graph
    assert (graph.node_types, graph.target) == (["x", "y", "z"], "x")
    assert ("y", "rev_xy", "x") in graph.edge_types


def test_a_list_with_its_reverse_gets_no_other(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", "xy", "xz")
    (folder / "yx.txt").write_text(lines([(a, p) for p, a in PA]))
    assert [r[1] for r in prepare(folder).graph.edge_types] == ["xy", "xz", "rev_xz", "yx"]


def test_metapaths_tell_the_target_among_types_of_one_size(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", "xy", "xz", features=False)
    (folder / "xz.txt").write_text(lines([(p, p) for p in range(P)]))
    with pytest.raises(
        UserError, match=r"labels\.npy \(got 30 labels\) must fit one node type \(x: 30, y: 12"
    ):
        prepare(folder)
    sp.save_npz(folder / "xyx.npz", sp.eye(P))
    assert prepare(folder).graph.target == "x"


def test_the_same_graph_from_pyg(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "acm")).graph
    assert fingerprint(prepare(saved_as_pyg(made, tmp_path)).graph) == fingerprint(made)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no labels": (lambda f: (f / "labels.npy").unlink(), r"labels\.npy is missing; put it there"),
    "no part": (lambda f: (f / "val_60.npy").unlink(), r"val_60\.npy is missing; put it there"),
    "no list": (lambda f: [(f / n).unlink() for n in ("pa.txt", "ps.txt")], "acm has no edge list"),
    "damaged": (
        lambda f: (f / "p_feat.npz").write_bytes(b"PK"),
        r"p_feat\.npz cannot be read .*save it",
    ),
    "pickled": (
        lambda f: np.save(f / "labels.npy", np.array([0, None]), allow_pickle=True),
        r"labels\.npy cannot be read \(Object arrays",
    ),
    "words in a list": (lambda f: (f / "pa.txt").write_text("0 b\n"), r"pa\.txt cannot be read"),
    "an empty list": (
        lambda f: (f / "pa.txt").write_text(""),
        r"pa\.txt cannot be read \(no lines\)",
    ),
    "three columns": (
        lambda f: (f / "pa.txt").write_text("0 1 2\n"),
        r"pa\.txt .*3 columns where 2",
    ),
    "a node too far": (
        lambda f: (f / "pa.txt").write_text(f"0 {A}\n"),
        rf"pa\.txt names author {A}",
    ),
    "a gap": (
        lambda f: (f / "ps.txt").write_text("0 99999\n"),
        r"ps\.txt names subject 99999 in 1 lines",
    ),
    "half labels": (
        lambda f: np.save(f / "labels.npy", np.full(P, 0.5)),
        r"labels\.npy .*a whole number",
    ),
    "fewer labels": (
        lambda f: np.save(f / "labels.npy", np.arange(P - 1) % 3),
        r"labels\.npy \(got 29 labels\) must have 30, one for each row of p_feat\.npz",
    ),
    "a row too far": (
        lambda f: np.save(f / "test_60.npy", np.array([P])),
        r"test_60\.npy names paper 30",
    ),
    "one column": (
        lambda f: (f / "a_feat.npz").write_bytes(npy(np.ones(A))),
        r"a_feat\.npz \(got float64 \[12\]\) must be numbers \[n, width\]",
    ),
}


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(tmp_path: Path, case: str) -> None:
    spoil, message = WRONG[case]
    folder = written(tmp_path / "acm")
    spoil(folder)
    with pytest.raises(UserError, match=message):
        prepare(folder, "heco")


@needs("heco")
def test_the_real_acm_is_the_data_set_of_that_name() -> None:
    made, expected = prepare(DATA / "heco" / "acm").graph, load_heco(DATA, "acm")
    assert made["paper"].y.min() == 0  # Nodes in no part keep their labels here.
    made["paper"].y = torch.where(expected["paper"].y < 0, -1, made["paper"].y)
    assert fingerprint(made) == fingerprint(expected)


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("aminer"), "pa", "pr", features=False)
    to_table("aminer")
    said = capsys.readouterr().out
    assert "degrees (2)" in said
    assert "mlp" in said
