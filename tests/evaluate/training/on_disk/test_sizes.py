"""Estimates of what evaluating takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from condense.io import save
from condense.io.stored_graph import open_stored
from condense.out_of_core.room import BASE
from evaluate.training.on_disk.sizes import bytes_to_evaluate, columns_of, disk_bytes
from tests.support.on_disk import films, stored_task


def test_columns_are_those_that_are_kept(tmp_path: Path) -> None:
    task = stored_task(films(), tmp_path)
    with open_stored(tmp_path / "task.h5") as stored:
        columns, own = columns_of(stored)
        used = len(task.whole.used)
        written = disk_bytes(stored, used)
        # An upper bound: actors get texts alone from films that have images too in the estimate.
        assert task.whole.paths(2).z.width <= columns
        assert own["movie"] == 10
        assert written == pytest.approx(
            24 * sum(stored.edges.values())
            + 4 * sum(stored.num_nodes[t] * w for t, w in own.items())
            + 8 * used * columns
        )
        assert bytes_to_evaluate(stored) > BASE


def test_more_nodes_take_more(tmp_path: Path) -> None:
    sizes = []
    for number, graph in enumerate((films(), films())):
        if number:
            graph["movie"].train_mask &= False
            graph["movie"].train_mask[:3] = True
        save(tmp_path / f"{number}.h5", graph)
        with open_stored(tmp_path / f"{number}.h5") as stored:
            sizes.append(bytes_to_evaluate(stored))
    assert sizes[0] > sizes[1]
