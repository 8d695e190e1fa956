"""Cora and Photo: tiny files by hand, and the real ones against published counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.data.rules.check import check
from condense.datasets.cora import load_cora
from condense.datasets.photo import load_photo
from condense.errors import FileError
from tests.support.shared_data import DATA, needs

N = 160
CORA, PHOTO = Path("planetoid/cora.npz"), Path("amazon/amazon_electronics_photo.npz")


def write(path: Path, **changes: np.ndarray) -> None:
    """Two classes in a directed ring with a loop, a chord and its reverse; node 5 has no words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ring = [(i, (i + 1) % N) for i in range(N)]
    src, dst = np.array([*ring, (7, 7), (2, 90), (90, 2)]).T
    adj = sp.csr_matrix((np.ones(len(src), dtype=np.float32), (src, dst)), (N, N))
    words = np.random.default_rng(0).integers(0, 2, (N, 5))
    words[:, 0], words[5] = 1, 0
    attr = sp.csr_matrix(words)
    parts = {
        f"{name}_{part}": getattr(m, part)
        for name, m in (("adj", adj), ("attr", attr))
        for part in ("data", "indices", "indptr", "shape")
    }
    split = {"train_idx": [0, 1, 2], "val_idx": [3], "test_idx": [4, 9]}
    np.savez(path, **(parts | {"labels": np.arange(N) % 2} | split | changes))


def dense(graph) -> np.ndarray:
    a = np.zeros((N, N), dtype=int)
    np.add.at(a, tuple(graph[graph.edge_types[0]].edge_index.numpy()), 1)
    return a


def test_tiny_cora(tmp_path: Path) -> None:
    write(tmp_path / CORA)
    graph = load_cora(tmp_path)
    check(graph)
    assert (graph.name, graph.source, graph.target, graph.num_classes) == (
        "cora",
        "real",
        "paper",
        2,
    )
    assert graph.edge_types == [("paper", "cites", "paper")]
    expected = np.zeros((N, N), dtype=int)
    for i in range(N):
        expected[i, (i + 1) % N] = expected[(i + 1) % N, i] = 1
    expected[2, 90] = expected[90, 2] = 1  # Once in each direction, and no loop at 7.
    assert np.array_equal(dense(graph), expected)
    paper = graph["paper"]
    sums = paper.x_text.sum(dim=1)
    assert sums[5] == 0
    assert torch.allclose(sums[torch.arange(N) != 5], torch.ones(()))
    assert ((paper.x_text > 0).sum(dim=1) > 1).any()
    assert (paper.y >= 0).nonzero().flatten().tolist() == [0, 1, 2, 3, 4, 9]
    assert paper.train_mask.nonzero().flatten().tolist() == [0, 1, 2]


def test_tiny_photo(tmp_path: Path) -> None:
    write(tmp_path / PHOTO)
    graph, again, other = (load_photo(tmp_path, seed) for seed in (0, 0, 3))
    check(graph)
    assert (graph.name, other.name) == ("photo", "photo-3")
    assert graph.edge_types == [("product", "also_bought", "product")]
    assert np.array_equal(dense(graph), dense(graph).T)
    product = graph["product"]
    assert torch.equal(product.train_mask, again["product"].train_mask)
    assert not torch.equal(product.train_mask, other["product"].train_mask)
    for store in (product, other["product"]):
        for mask, count in (("train_mask", 20), ("val_mask", 30), ("test_mask", 30)):
            assert torch.bincount(store.y[store[mask]]).tolist() == [count, count]
        assert (store.y == torch.arange(N) % 2).all()


@pytest.mark.parametrize(("load", "path"), [(load_cora, CORA), (load_photo, PHOTO)])
def test_wrong_files(tmp_path: Path, load, path: Path) -> None:
    with pytest.raises(FileError, match=rf"{path.name} is missing; put .* below --data-root"):
        load(tmp_path)
    for wrong in (np.zeros(N), np.zeros(N - 1, dtype=int), np.arange(N) - 1):
        write(tmp_path / path, labels=wrong)
        with pytest.raises(
            FileError, match=rf"{path.name} \(got {N} rows .*one label of 0 or more"
        ):
            load(tmp_path)


def test_cora_with_a_split_that_names_an_unknown_paper(tmp_path: Path) -> None:
    write(tmp_path / CORA, val_idx=np.array([N]))
    with pytest.raises(FileError, match=rf"cora.npz names paper {N}"):
        load_cora(tmp_path)


def test_photo_with_a_class_too_small_for_the_split(tmp_path: Path) -> None:
    write(tmp_path / PHOTO, labels=(np.arange(N) >= 50).astype(int))
    with pytest.raises(FileError, match=r"\(got a class of 50\) must have more than 50 products"):
        load_photo(tmp_path)


def is_symmetric(graph) -> bool:
    relation = graph.edge_types[0]
    src, dst = graph[relation].edge_index
    n = graph[relation[0]].num_nodes
    return torch.equal((src * n + dst).sort().values, (dst * n + src).sort().values)


@needs("planetoid")
def test_real_cora() -> None:
    graph = load_cora(DATA)
    check(graph)
    paper = graph["paper"]
    assert paper.x_text.shape == (2708, 1433)
    assert graph["paper", "cites", "paper"].edge_index.shape == (2, 2 * 5278)
    assert is_symmetric(graph)
    assert torch.bincount(paper.y[paper.train_mask]).tolist() == [20] * 7
    assert [int(paper[f"{s}_mask"].sum()) for s in ("train", "val", "test")] == [140, 500, 1000]
    assert int((paper.y < 0).sum()) == 1068


@needs("amazon")
def test_real_photo() -> None:
    graph = load_photo(DATA)
    check(graph)
    product = graph["product"]
    assert product.x_text.shape == (7650, 745)
    # 119,081 undirected edges, as everyone counts them; the file's one loop is dropped.
    assert graph["product", "also_bought", "product"].edge_index.shape == (2, 2 * 119_081)
    assert is_symmetric(graph)
    assert torch.bincount(product.y).tolist() == [369, 1686, 703, 915, 882, 823, 1941, 331]
    assert torch.bincount(product.y[product.train_mask]).tolist() == [20] * 8
    assert torch.bincount(product.y[product.val_mask]).tolist() == [30] * 8
    assert int(product.test_mask.sum()) == 7650 - 8 * 50


def test_photo_rich_has_a_fifth_for_training(tmp_path: Path) -> None:
    write(tmp_path / PHOTO)
    graph = load_photo(tmp_path, rich=True)
    counts = [int(graph["product"][f"{split}_mask"].sum()) for split in ("train", "val", "test")]
    assert (graph.name, counts) == ("photo-rich", [32, 16, 112])
