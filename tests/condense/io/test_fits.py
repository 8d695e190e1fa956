"""`save` refuses what `load` would: many members, a long provenance, arrays that compress too well."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.errors import FileError, GraphError
from condense.io import fits, load, save, scan
from condense.io.fits import members
from tests.condense.io.test_eight_bits import narrow
from tests.support.graphs import PROVENANCE, small_condensed, small_graph
from tests.support.sparse import wide_graph
from tests.support.spreads import graph_with_spread


def counted(listed: dict[str, Any]) -> int:
    """Groups, datasets and attributes below a group, as the reader counts them."""
    below = listed["members"].values()
    return (
        len(listed["attributes"])
        + len(below)
        + sum(counted(each) for each in below if each["kind"] == "group")
    )


@pytest.mark.parametrize(
    ("make", "condensed", "most"),
    [
        (small_graph, False, fits.ROOT),
        (wide_graph, False, fits.ROOT),
        (lambda: small_condensed().graph, True, fits.ROOT),
        (lambda: graph_with_spread(20), True, fits.ROOT),
        (narrow, True, 100),  # Matrices in eight bits may have fewer members.
    ],
    ids=["whole", "sparse", "condensed", "spread", "eight bits"],
)
def test_members_are_counted_as_the_reader_does(
    tmp_path: Path, make, condensed: bool, most: int
) -> None:
    graph, path = make(), tmp_path / "a.h5"
    save(path, CondensedGraph(graph, PROVENANCE) if condensed else graph)
    there = counted(scan.Scan(str(path), path.stat().st_size).root())
    assert there <= members(graph) <= there + most


def many_types(count: int) -> MultimodalGraph:
    graph = small_graph()
    for i in range(count):
        graph[f"t{i}"].num_nodes = 1
        graph[f"t{i}"].x_a = torch.ones(1, 1)
    return graph


def test_too_many_members_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    graph = small_graph()
    for i in range(17_000):
        graph["director"][f"a{i}"] = torch.zeros(10)
    with pytest.raises(
        GraphError, match=r"4 relations and 17,0\d\d attributes of theirs\) takes 17,0"
    ):
        save(tmp_path / "a.h5", graph)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_as_many_types_as_fit_are_read_again(tmp_path: Path) -> None:
    graph = many_types(4000)
    save(tmp_path / "a.h5", graph)
    assert len(load(tmp_path / "a.h5").node_types) == 4003  # pyright: ignore[reportAttributeAccessIssue]


def test_a_long_provenance_is_refused(tmp_path: Path) -> None:
    provenance = dataclasses.replace(PROVENANCE, settings={"words": "é" * 5_000_000})
    path = tmp_path / "a.h5"
    save(path, small_condensed())
    before = path.read_bytes()
    with pytest.raises(
        GraphError, match=r"provenance \(got [\d,]+ bytes\) must be at most 8,388,608"
    ):
        save(path, dataclasses.replace(small_condensed(), provenance=provenance))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]


def constant(count: int) -> MultimodalGraph:
    """A type whose features are 400 bytes a node, and all 1."""
    graph = small_graph()
    graph["city"].num_nodes, graph["city"].x_text = count, torch.ones(count, 100)
    return graph


@pytest.mark.slow
def test_arrays_that_compress_too_well_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing that is free, 32 MB show what is refused; the file before them stays."""
    for module in ("fits", "limits"):
        monkeypatch.setattr(f"condense.io.{module}.FREE", 0)
    path, graph = tmp_path / "a.h5", constant(80_000)
    graph["city"].x_text[:, :5] = torch.rand(80_000, 5)
    save(path, graph)
    load(path)
    before = path.read_bytes()
    with pytest.raises(
        GraphError, match=r"graph\['city'\]\.x_text \(got 32,000,000 bytes\) has arrays of "
    ):
        save(path, constant(80_000))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]
    monkeypatch.setattr("condense.io.write.check_size", lambda *_: None)
    save(path, constant(80_000))
    with pytest.raises(FileError, match="exceeds what a file of"):
        load(path)
