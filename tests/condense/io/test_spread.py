"""Spreads in files: read as they were written, in a version of their own, and refused where damaged."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import num_bytes
from condense.errors import FileError
from condense.io import load, load_condensed, save
from tests.support.files import edited
from tests.support.graphs import PROVENANCE, small_condensed
from tests.support.spreads import graph_with_spread


@pytest.fixture
def path(tmp_path: Path) -> Path:
    graph = graph_with_spread(5, rest=torch.rand(9))
    graph.spread = graph.spread.halved()
    save(tmp_path / "spread.h5", CondensedGraph(graph, PROVENANCE))
    return tmp_path / "spread.h5"


def test_round_trip(path: Path) -> None:
    graph, again = graph_with_spread(5), load_condensed(path)
    assert again.graph.spread.places == graph.spread.places
    assert again.graph.spread.basis_of == graph.spread.basis_of
    for (name, x), (other, y) in zip(
        again.graph.spread.arrays(), graph.spread.arrays(), strict=True
    ):
        assert name == other
        assert x.dtype == torch.float16
        assert name == "rest" or torch.allclose(x.float(), y, rtol=1e-3)
    once, twice = again.draw(torch.Generator()), load_condensed(path).draw(torch.Generator())
    assert torch.equal(once["paper"].x_text, twice["paper"].x_text)
    save(path, again)
    assert fingerprint(load_condensed(path).graph) == fingerprint(again.graph)


def test_only_spreads_need_the_new_version(path: Path, tmp_path: Path) -> None:
    save(tmp_path / "plain.h5", small_condensed())
    for file, version in ((path, 3), (tmp_path / "plain.h5", 2)):
        with h5py.File(file) as opened:
            assert opened.attrs["version"] == version
    plain = load_condensed(tmp_path / "plain.h5")
    assert plain.draw(torch.Generator()) is plain.graph


def test_names_are_encoded(tmp_path: Path) -> None:
    cites, authors = ("a/b", "c:d", "a/b"), ("ü %", ".", "a/b")
    graph = graph_with_spread()
    odd = type(graph)()
    for old, new in (("paper", "a/b"), ("author", "ü %")):
        for key, value in graph[old].items():
            odd[new][key] = value
    for old, new in zip(graph.edge_types, (cites, authors, ("a/b", "|", "ü %")), strict=True):
        for key, value in graph[old].items():
            odd[new][key] = value
    odd.target, odd.num_classes, odd.name, odd.source = "a/b", 2, "odd", "simulated"
    odd.spread = dataclasses.replace(
        graph.spread,
        places=((cites,), (authors,), (authors, ("a/b", "|", "ü %"))),
        basis_of={"a/b": 0, "ü %": 1},
    )
    save(tmp_path / "odd.h5", CondensedGraph(odd, PROVENANCE))
    again = load_condensed(tmp_path / "odd.h5").graph.spread
    assert again.places == odd.spread.places
    assert again.basis_of == odd.spread.basis_of


def test_bytes_and_fingerprint_count_it() -> None:
    graph, plain = graph_with_spread(), graph_with_spread()
    del plain._global_store["spread"]
    assert num_bytes(graph) - num_bytes(plain) == 4 * sum(
        x.numel() for _, x in graph.spread.arrays()
    )
    assert fingerprint(graph) != fingerprint(plain)
    changed = graph_with_spread(rest=torch.ones(9))
    assert fingerprint(graph) != fingerprint(changed)


def remove(group: h5py.Group) -> None:
    del group["factor"]


def reshape(group: h5py.Group) -> None:
    del group["factor"]
    group["factor"] = np.zeros((1, 4), np.float16)


def other_numbers(group: h5py.Group) -> None:
    group.attrs["basis_numbers"] = np.array([0, 10**9])


def too_few_numbers(group: h5py.Group) -> None:
    group.attrs["basis_numbers"] = np.array([0])


def other_names(group: h5py.Group) -> None:
    group.attrs["attributes"] = np.array([b"code", b"rest"])


def bad_place(group: h5py.Group) -> None:
    group.attrs["places"] = np.array([b"paper:cites", b"x:y:z", b"c"])


@pytest.mark.parametrize(
    "change", [remove, reshape, other_numbers, too_few_numbers, other_names, bad_place]
)
def test_damaged_spreads(path: Path, change) -> None:
    with edited(path) as file:
        change(file["spread"])
    with pytest.raises(FileError, match=r"spread\.h5"):
        load(path)


def test_a_missing_spread(path: Path) -> None:
    with edited(path) as file:
        del file["spread"]
    with pytest.raises(FileError, match="checksum"):
        load(path)
