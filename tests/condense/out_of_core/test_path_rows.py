"""Meta-path features of some nodes of a graph on disk: those of the same graph in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.data.features import FeatureScaler, complete
from condense.data.graph import hide_test_labels
from condense.out_of_core import path_rows as module
from condense.out_of_core.path_rows import path_rows
from condense.out_of_core.room import Room
from models.propagation.metapaths import path_features
from models.schema import GraphSchema
from tests.support.on_disk import chain, films, opened, products


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "columns", lambda self, nodes: 3)
    monkeypatch.setattr(Room, "rows", lambda self, width: 17)
    monkeypatch.setattr(Room, "edges", property(lambda self: 29))


@pytest.mark.parametrize("make", [films, products, chain])
@pytest.mark.parametrize("hops", [0, 2])
def test_they_are_those_of_a_graph_in_memory(tmp_path: Path, make: Any, hops: int) -> None:
    graph = make()
    on_disk, workspace = opened(graph, tmp_path)
    nodes = torch.arange(1, int(graph[graph.target].num_nodes), 2)
    rows = path_rows(on_disk, hops, nodes, workspace, "rows")
    whole = complete(hide_test_labels(graph))
    scaled = FeatureScaler.fit(whole).apply(whole)
    some = torch.tensor([nodes[30], nodes[2], nodes[11]])
    found, has = rows.of(some)
    expected = path_features(scaled, GraphSchema.of(scaled), hops, some)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert torch.allclose(found[key], value, atol=1e-5), key
    for modality, mask in has.items():
        own = whole[graph.target].get(f"has_{modality}")
        assert torch.equal(mask, torch.ones(3, dtype=torch.bool) if own is None else own[some])
    assert rows.seconds > 0


def test_an_interrupted_propagation_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk, workspace = opened(products(), tmp_path)
    nodes, original, calls = torch.arange(50), module._walked, []

    def walked(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(module, "_walked", walked)
    with pytest.raises(KeyboardInterrupt):
        path_rows(on_disk, 1, nodes, workspace, "rows")
    rows = path_rows(on_disk, 1, nodes, workspace, "rows")
    assert len(calls) == 16 + 1  # 48 columns in slabs of three, one of them begun twice.
    assert rows.z.rows(0, 50).shape == (50, 5 * 48)
    path_rows(on_disk, 1, nodes, workspace, "rows")
    assert len(calls) == 17
    assert not list((tmp_path / "work").glob("rows-columns-*/*.f32"))
