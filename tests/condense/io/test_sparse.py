"""Sparse features in files: they come back sparse, and hostile ones are refused before anything is dense."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
import torch

from condense.data.fingerprint import fingerprint
from condense.data.sparse import as_scipy, from_scipy, is_sparse
from condense.errors import FileError
from condense.io import load, load_graph, save
from tests.support.files import edited
from tests.support.sparse import two_guises, wide_graph

X = "nodes/doc/x_text"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound file with sparse features, 400 × 4,000."""
    save(tmp_path / "wide.h5", wide_graph())
    return tmp_path / "wide.h5"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_round_trip(tmp_path: Path, dtype: str) -> None:
    graph = wide_graph()
    graph["doc"].x_text = graph["doc"].x_text.to(getattr(torch, dtype))
    save(tmp_path / "wide.h5", graph)
    again = load_graph(tmp_path / "wide.h5")
    x = again["doc"].x_text
    assert is_sparse(x)
    assert x.dtype == graph["doc"].x_text.dtype
    assert (as_scipy(x) != as_scipy(graph["doc"].x_text)).nnz == 0
    assert fingerprint(again) == fingerprint(graph)


def test_order_masks_and_hidden_values_come_back(tmp_path: Path) -> None:
    _, graph = two_guises()
    save(tmp_path / "small.h5", graph)
    again = load_graph(tmp_path / "small.h5")
    assert list(again["movie"].keys()) == list(graph["movie"].keys())
    assert fingerprint(again) == fingerprint(graph)
    assert again["movie"].x_image.values().isnan().any()


def test_a_file_is_as_small_as_its_entries(tmp_path: Path) -> None:
    graph = wide_graph(2000, 50_000, 40)
    save(tmp_path / "wide.h5", graph)
    assert (tmp_path / "wide.h5").stat().st_size < 1e6
    assert load_graph(tmp_path / "wide.h5")["doc"].x_text.shape == (2000, 50_000)


def test_scipy_reads_the_group(path: Path) -> None:
    with h5py.File(path) as file:
        parts = [file[X][part][()] for part in ("values", "indices", "indptr")]
        matrix = sp.csr_array(tuple(parts), shape=tuple(file[X].attrs["shape"]))
    np.testing.assert_array_equal(matrix.toarray(), wide_graph()["doc"].x_text.to_dense())


def test_matrices_without_entries_or_rows(tmp_path: Path) -> None:
    graph = wide_graph()
    graph["doc"].x_none = from_scipy(sp.csr_array((400, 9)))
    graph["nothing"].num_nodes = 0
    graph["nothing"].x_text = from_scipy(sp.csr_array((0, 4000)))
    save(tmp_path / "wide.h5", graph)
    assert fingerprint(load_graph(tmp_path / "wide.h5")) == fingerprint(graph)


def _set(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[f"{X}/{name}"]
        file[f"{X}/{name}"] = values

    return change


def _shape(*shape: int) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[X].attrs["shape"] = np.array(shape)

    return change


def _remove(name: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[f"{X}/{name}"]

    return change


def _integer_values(file: h5py.File) -> None:
    _set("values", file[f"{X}/values"][()].astype("i4"))(file)


def _bomb(file: h5py.File) -> None:
    for name, kind in (("indices", "i4"), ("values", "f4")):
        del file[f"{X}/{name}"]
        file[X].create_dataset(name, (10**12,), kind, chunks=(1 << 20,), compression="gzip")


def _sparse_labels(file: h5py.File) -> None:
    del file["nodes/doc/y"]
    file.copy(X, "nodes/doc/y")


def _a_number_for_the_shape(file: h5py.File) -> None:
    file[X].attrs["shape"] = 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_shape(10**12, 4000), "'shape'"),
        (_shape(400, 0), "'shape'"),
        (_shape(400, 2**31), "'shape'"),
        (_shape(400, -5), "'shape'"),
        (_shape(400), "'shape'"),
        (_a_number_for_the_shape, "'shape'"),
        (_set("indptr", np.zeros(400, "i4")), "rows + 1"),
        (_set("indptr", np.zeros((401, 2), "i4")), "rows + 1"),
        (_set("indptr", np.zeros(401, "f4")), "of int32, int64"),
        (_set("indptr", np.zeros(401, "i8")), "one data type"),
        (_set("indices", np.zeros(3, "i4")), "[entries]"),
        (_set("values", np.zeros(3, "f4")), "[entries]"),
        (_integer_values, "of float16, float32, float64"),
        (_set("indptr", np.full(401, 7, "i4")), "checksum"),
        (_remove("indptr"), "missing"),
        (_remove("values"), "missing"),
        (_bomb, "indices"),
        (_sparse_labels, "y (got group) must be a array"),
    ],
)
def test_hostile_groups(path: Path, change: Callable[[h5py.File], None], words: str) -> None:
    with edited(path) as file:
        change(file)
    with pytest.raises(FileError) as raised:
        load(path)
    assert str(path) in str(raised.value)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("part", "at", "value", "words"),
    [
        ("crow_indices", 5, 9999, "row bounds"),
        ("col_indices", 5, 4000, "must lie in 0 … 3999"),
        ("col_indices", 5, -1, "must lie in 0 … 3999"),
        ("values", 5, torch.inf, "is not finite"),
    ],
)
def test_entries_that_break_a_rule_behind_a_right_checksum(
    path: Path, monkeypatch: pytest.MonkeyPatch, part: str, at: int, value: float, words: str
) -> None:
    graph = wide_graph()
    getattr(graph["doc"].x_text, part)()[at] = value
    monkeypatch.setattr("condense.io.write.check", lambda graph, kind: None)
    save(path, graph)
    with pytest.raises(FileError) as raised:
        load(path)
    assert words in str(raised.value)
