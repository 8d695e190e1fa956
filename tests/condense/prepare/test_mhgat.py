"""MHGAT's layout: nodes of all types in one row, features by number or by rows; mistakes name the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.data.fingerprint import fingerprint
from condense.datasets.imdb import load_imdb
from condense.errors import UserError
from condense.prepare.prepare import prepare
from tests.support.as_pyg import saved_as_pyg
from tests.support.from_files import to_table
from tests.support.shared_data import DATA, needs_imdb

N = (30, 8, 5)
FIRST = [(i, 30 + i % 8) for i in range(30)]
SECOND = [(i, 38 + i % 5) for i in range(0, 30, 2)]
TRIPLES = [
    *((a, b, 0) for a, b in FIRST),
    *((b, a, 1) for a, b in FIRST),
    *((a, b, 2) for a, b in SECOND),
    *((b, a, 3) for a, b in SECOND),
]


def written(folder: Path) -> Path:
    """Three types with sparse features; target 3 has no image, and target 29 is in no part."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "rdf.npy", np.array(TRIPLES, dtype=np.int32))
    np.save(folder / "node_types.npy", np.repeat(np.arange(3), N))
    for k, n in enumerate(N):
        sp.save_npz(folder / f"features_{k}.npz", sp.csr_matrix(rng.integers(0, 3, (n, 6))))
    image = rng.random((30, 4))
    image[3] = 0
    np.savez(folder / "img_feature_20.npz", feature=image)
    np.save(folder / "labels.npy", np.arange(30) % 3)
    split(folder / "train_val_test_idx1.npz", 0)
    return folder


def split(path: Path, start: int) -> None:
    rows = (start + np.arange(29)) % 29
    np.savez(path, train_idx=rows[:12], val_idx=rows[12:18], test_idx=rows[18:])


def test_values(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "mine"))
    graph = made.graph
    assert {t: graph[t].num_nodes for t in graph.node_types} == {
        "type0": 30,
        "type1": 8,
        "type2": 5,
    }
    assert (graph.name, graph.target, graph.num_classes) == ("mine", "type0", 3)
    assert graph["type0", "rel0", "type1"].edge_index.t().tolist() == [
        [a, b - 30] for a, b in FIRST
    ]
    assert graph["type2", "rel3", "type0"].edge_index.t().tolist() == [
        [b - 38, a] for a, b in SECOND
    ]
    for k in range(3):
        words = sp.load_npz(tmp_path / "mine" / f"features_{k}.npz").toarray()
        assert np.array_equal(graph[f"type{k}"].x_text, words)
    target = graph["type0"]
    image = np.load(tmp_path / "mine" / "img_feature_20.npz")["feature"]
    assert np.allclose(target.x_image, image)
    assert target.has_image.tolist() == [i != 3 for i in range(30)]
    assert target.y.tolist() == [i % 3 for i in range(30)]
    assert target.val_mask.nonzero().flatten().tolist() == list(range(12, 18))
    assert "img_feature_20.npz: 1 rows of zeros count as nodes without an image" in made.changes


def test_a_mask_of_images_and_unlabelled_nodes(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine")
    there = np.arange(30) % 2 == 0
    np.savez(folder / "img_feature_20.npz", feature=np.ones((30, 2)), mask=there)
    np.save(folder / "labels.npy", np.where(np.arange(30) == 29, -1, np.arange(30) % 3))
    target = prepare(folder).graph["type0"]
    assert target.has_image.tolist() == there.tolist()
    assert target.y.tolist()[-2:] == [1, -1]


def test_one_of_several_splits(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine")
    split(folder / "train_val_test_idx2.npz", 5)
    first = prepare(folder)
    assert first.graph["type0"].train_mask.nonzero().flatten().tolist() == list(range(12))
    assert any(
        "choose another with --split (train_val_test_idx2)" in each for each in first.changes
    )
    second = prepare(folder, split="train_val_test_idx2").graph["type0"]
    assert second.train_mask.nonzero().flatten().tolist() == list(range(5, 17))


def test_files_without_numbers_are_told_apart_by_their_rows(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine")
    expected = [sp.load_npz(folder / f"features_{k}.npz").toarray() for k in range(3)]
    (folder / "node_types.npy").unlink()
    for k, (name, x) in enumerate(zip(("movie", "directors", "actor"), expected, strict=True)):
        (folder / f"features_{k}.npz").unlink()
        np.save(folder / f"features_douban_{name}.npz.npy", x)
    (folder / "rdf.npy").rename(folder / "douban_actor_rdf.npy")
    graph = prepare(folder).graph
    assert all(np.array_equal(graph[f"type{k}"].x_text, x) for k, x in enumerate(expected))
    # Two types of eight nodes: the files' order is then a guess.
    np.save(folder / "features_douban_actor.npz.npy", np.ones((8, 6)))
    with pytest.raises(UserError, match=r"does not follow from its rows .*rename them features_0"):
        prepare(folder)


def test_a_type_without_features(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine")
    (folder / "features_2.npz").unlink()
    assert prepare(folder).graph["type2"].num_nodes == 5
    (folder / "node_types.npy").unlink()
    with pytest.raises(UserError, match=r"rdf\.npy names node 38, which must lie in 0 … 37"):
        prepare(folder)
    (folder / "features_0.npz").unlink()
    with pytest.raises(UserError, match=r"lacks features_0\.npz; put it or node_types\.npy there"):
        prepare(folder)


def test_the_same_graph_from_pyg(tmp_path: Path) -> None:
    made = prepare(written(tmp_path / "mine")).graph
    assert fingerprint(prepare(saved_as_pyg(made, tmp_path)).graph) == fingerprint(made)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no labels": (lambda f: (f / "labels.npy").unlink(), r"labels\.npy is missing; put it there"),
    "no triples": (
        lambda f: (f / "rdf.npy").unlink(),
        r"\(got none\) must have one file \*rdf\.npy",
    ),
    "damaged": (
        lambda f: (f / "features_0.npz").write_bytes(b"PK"),
        r"features_0\.npz cannot be read",
    ),
    "pickled": (
        lambda f: np.save(f / "rdf.npy", np.array([[0, 1, None]]), allow_pickle=True),
        r"rdf\.npy cannot be read \(Object arrays",
    ),
    "two columns": (
        lambda f: np.save(f / "rdf.npy", np.ones((4, 2), dtype=int)),
        r"rdf\.npy \(got int64 \[4, 2\]\) must be integers \[edges, 3\]",
    ),
    "a node too far": (
        lambda f: np.save(f / "rdf.npy", np.array([[0, 43, 0]])),
        r"rdf\.npy names node 43, which must lie in 0 … 42",
    ),
    "mixed types": (
        lambda f: np.save(f / "rdf.npy", np.array([[0, 30, 0], [0, 40, 0]])),
        r"relation 0 has nodes of types 1, 2 as its destinations",
    ),
    "types in disorder": (
        lambda f: np.save(f / "node_types.npy", np.array([0, 1, 0])),
        r"node_types\.npy .* in ascending order",
    ),
    "fewer rows": (
        lambda f: sp.save_npz(f / "features_1.npz", sp.eye(7, format="csr")),
        r"features of type 1 \(got 7 rows\) must have 8",
    ),
    "fewer labels": (
        lambda f: np.save(f / "labels.npy", np.zeros(29, dtype=int)),
        r"labels\.npy \(got 29 labels\) must have 30",
    ),
    "fewer images": (
        lambda f: np.savez(f / "img_feature_20.npz", feature=np.ones((2, 2))),
        r"img_feature_20\.npz \(got 2 rows\) must have 30",
    ),
    "a short mask": (
        lambda f: np.savez(f / "img_feature_20.npz", feature=np.ones((30, 2)), mask=[True]),
        r"img_feature_20\.npz \(got a mask bool \[1\]\) must have a mask bool \[30\]",
    ),
    "two files of images": (
        lambda f: np.savez(f / "img_feature_21.npz", feature=np.ones((30, 2))),
        r"img_feature_20\.npz, img_feature_21\.npz\) must have one file",
    ),
    "a split without a part": (
        lambda f: np.savez(f / "train_val_test_idx1.npz", train_idx=[0], val_idx=[1]),
        r"train_val_test_idx1\.npz cannot be read \(.*test_idx",
    ),
    "a row too far": (
        lambda f: np.savez(
            f / "train_val_test_idx1.npz", train_idx=[0], val_idx=[1], test_idx=[30]
        ),
        r"train_val_test_idx1\.npz names type0 30",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(tmp_path: Path, case: str) -> None:
    spoil, message = WRONG[case]
    folder = written(tmp_path / "mine")
    spoil(folder)
    with pytest.raises(UserError, match=message):
        prepare(folder, "mhgat")


@needs_imdb
def test_the_real_imdb_is_the_data_set_of_that_name(tmp_path: Path) -> None:
    images = DATA / "imdb" / "img_feature_posters_744.npz"
    for file in (*(DATA / "imdb" / "mhgat").iterdir(), images):
        (tmp_path / file.name).symlink_to(file)
    made, expected = prepare(tmp_path).graph, load_imdb(DATA)
    assert made.node_types == expected.node_types
    assert made.edge_types == expected.edge_types
    for relation in expected.edge_types:
        assert torch.equal(made[relation].edge_index, expected[relation].edge_index)
    for node_type in expected.node_types:
        assert set(made[node_type].keys()) == set(expected[node_type].keys())
        for key in set(expected[node_type].keys()) - {"num_nodes"}:
            value = made[node_type][key]
            dense = value if value.layout == torch.strided else value.to_dense()
            assert torch.equal(dense, expected[node_type][key]), (node_type, key)


def test_from_files_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("mine"))
    to_table("mine")
    said = capsys.readouterr().out
    assert "text (6), image (4, 97% of nodes" in said
    assert "mlp" in said
