"""Features and spreads in eight bits in files: the same numbers come back, and misfits are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import num_bytes
from condense.data.levels import in_eight_bits
from condense.data.precision import rounded
from condense.errors import FileError
from condense.io import data_digest, load, load_condensed, save
from tests.support.files import edited
from tests.support.graphs import PROVENANCE, small_condensed
from tests.support.spreads import graph_with_spread

X = "nodes/paper/x_text"


def narrow():
    """200 papers with a spread, in eight bits."""
    generator = torch.Generator().manual_seed(0)
    graph = graph_with_spread(200, code=torch.randn(200, 1, generator=generator))
    graph["paper"].x_text = torch.randn(200, 2, generator=generator)
    return rounded(graph, 8)[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(tmp_path / "narrow.h5", CondensedGraph(narrow(), PROVENANCE))
    return tmp_path / "narrow.h5"


def test_round_trip(path: Path) -> None:
    graph, again = narrow(), load_condensed(path)
    assert fingerprint(again.graph) == fingerprint(graph)
    assert in_eight_bits(again.graph)
    assert num_bytes(again.graph) == num_bytes(graph)
    digest = data_digest(path)
    save(path, again)
    assert data_digest(path) == digest


def test_a_byte_a_number(path: Path) -> None:
    with h5py.File(path) as file:
        assert file.attrs["version"] == 3
        assert file[X]["codes"].dtype == np.uint8
        assert file["spread/code/codes"].shape == (200, 1)
        assert file["spread/degree"].dtype == np.float16


def test_without_a_spread(tmp_path: Path) -> None:
    graph = narrow()
    del graph._global_store["spread"]
    save(tmp_path / "small.h5", CondensedGraph(graph, PROVENANCE))
    again = load_condensed(tmp_path / "small.h5")
    assert fingerprint(again.graph) == fingerprint(graph)
    with h5py.File(tmp_path / "small.h5") as file:
        assert file.attrs["version"] == 3
        assert "spread" not in file


def test_a_changed_graph_is_stored_as_it_is(tmp_path: Path) -> None:
    graph = narrow()
    graph["paper"].x_text += 0.1 * torch.rand(200, 2)
    save(tmp_path / "small.h5", CondensedGraph(graph, PROVENANCE))
    with h5py.File(tmp_path / "small.h5") as file:
        assert file[X].dtype == np.float32
    assert torch.equal(
        load_condensed(tmp_path / "small.h5").graph["paper"].x_text, graph["paper"].x_text
    )


def test_without_the_mark_nothing_is_narrow(tmp_path: Path) -> None:
    save(tmp_path / "plain.h5", small_condensed())
    with h5py.File(tmp_path / "plain.h5") as file:
        assert file.attrs["version"] == 2
    assert not in_eight_bits(load_condensed(tmp_path / "plain.h5").graph)


def _replace(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values

    return change


def _remove(name: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_replace(f"{X}/codes", np.zeros((199, 2), np.uint8)), "must have 200 rows"),
        (_replace(f"{X}/codes", np.zeros((200, 3), np.uint8)), "a number for each column"),
        (_replace(f"{X}/codes", np.zeros(200, np.uint8)), r"must be uint8 \[n, d\]"),
        (_replace(f"{X}/codes", np.zeros((200, 2), np.int8)), r"must be uint8 \[n, d\]"),
        (_replace(f"{X}/low", np.zeros(2)), "must be float32"),
        (_replace(f"{X}/high", np.zeros((2, 1), np.float32)), "must be float32"),
        (_remove(f"{X}/low"), "x_text/low is missing"),
        (_replace(f"{X}/codes", np.ones((200, 2), np.uint8)), "checksum"),
        (_replace("spread/code/codes", np.zeros((200, 2), np.uint8)), "a number for each column"),
        (_replace("spread/code/codes", np.ones((200, 1), np.uint8)), "checksum"),
        (_remove("spread/code/high"), "code/high is missing"),
    ],
)
def test_damage(path: Path, change: Callable[[h5py.File], None], said: str) -> None:
    with edited(path) as file:
        change(file)
    with pytest.raises(FileError, match=said):
        load(path)


def test_earlier_versions_have_none(path: Path) -> None:
    with edited(path) as file:
        file.attrs["version"] = 2
    with pytest.raises(FileError, match="shape"):
        load(path)


def test_a_file_that_would_grow_too_large_is_refused(path: Path) -> None:
    """Zeros take nothing in a file, and four bytes each when they are read."""
    with edited(path) as file:
        del file[X]
        group = file.create_group(X)
        codes = group.create_dataset(
            "codes", (200, 2_000_000), np.uint8, chunks=(1, 100_000), compression="gzip"
        )
        codes[0, 0] = 1
        group["low"] = group["high"] = np.zeros(2_000_000, np.float32)
    with pytest.raises(FileError):
        load(path)
