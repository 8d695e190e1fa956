"""What stands around clusters on disk: nothing of the whole graph's size outlives a slab."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from condense.clustering.spread import common_units
from condense.out_of_core import neighbourhoods as module
from condense.out_of_core.edges import PartitionOnDisk
from condense.out_of_core.neighbourhoods import NeighbourhoodsOnDisk
from condense.out_of_core.tasks import InThisProcess
from tests.support.on_disk import films, opened


def test_a_slab_leaves_only_sums_and_sampled_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, _ = opened(films(), tmp_path)
    cluster = torch.arange(graph.num_nodes["movie"]) % 5
    partition = PartitionOnDisk.of(graph, {"movie": cluster}, {"movie": 5})
    monkeypatch.setattr(module, "SAMPLE", 8)
    scaler = common_units(graph.scaler, graph.schema)
    generator = torch.Generator().manual_seed(0)
    around = NeighbourhoodsOnDisk.of(partition, scaler, generator, InThisProcess())
    kept: list[torch.Tensor] = []
    of_slab = module._slab_at

    def watched(*arguments: object) -> tuple[torch.Tensor, ...]:
        found = of_slab(*arguments)  # type: ignore[arg-type]
        kept.extend(found)
        return found

    monkeypatch.setattr(module, "_slab_at", watched)
    for place in around.places:
        around.at(place)
    assert {len(place) for place in around.places} == {1, 2}
    assert all(x.untyped_storage().nbytes() == x.numel() * x.element_size() for x in kept)
