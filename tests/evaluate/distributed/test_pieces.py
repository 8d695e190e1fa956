"""A graph on disk condensed on a cluster of two machines, one of which is lost, and lost again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.clustering import kmeans
from condense.data.condensed import CondensedGraph
from condense.errors import FileError, UserError
from condense.io import save
from condense.io.stored_graph import open_stored
from condense.out_of_core import kmeans as kmeans_on_disk
from condense.out_of_core import propagation
from condense.out_of_core.room import GIB, Room
from condense.out_of_core.run import condense_stored
from condense.out_of_core.tasks import Tasks, in_order
from evaluate.distributed.connect import connect
from evaluate.distributed.pieces import PiecesOnRay
from tests.condense.out_of_core.test_run import assert_alike
from tests.support.on_disk import films

pytestmark = pytest.mark.slow


def double(x: int) -> int:
    return 2 * x


def fail(x: int) -> int:
    raise FileError(f"the disk is full at {x}")


def test_results_come_in_order_and_errors_are_the_pieces_own(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    with connect(cpus=2) as cpus:
        pieces = PiecesOnRay(cpus)
        assert in_order(pieces, double, [(i,) for i in range(20)]) == [2 * i for i in range(20)]
        assert in_order(pieces, double, []) == []
        with pytest.raises(FileError, match="the disk is full at 3"):
            in_order(pieces, fail, [(3,)])
        pieces.check_folder(tmp_path)


class Losing:
    """Hands pieces on to Ray, and loses a machine after the first result of some functions."""

    def __init__(self, pieces: PiecesOnRay, lose: dict[str, Callable[[], None]]) -> None:
        self.pieces, self.lose, self.lost = pieces, lose, []

    @property
    def at_once(self) -> int:
        return self.pieces.at_once

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        for result in self.pieces.run(piece, arguments):
            if piece.__name__ in self.lose:
                assert len(arguments) > 2  # Others are still running, or wait.
                self.lose.pop(piece.__name__)()
                self.lost.append(piece.__name__)
            yield result

    def check_folder(self, folder: Path) -> None:
        self.pieces.check_folder(folder)


def condensed(folder: Path, tasks: Tasks | None) -> CondensedGraph:
    with open_stored(folder / "whole.h5") as stored:
        work = folder / ("alone" if tasks is None else "together")
        settings = {"spread": "on"}
        return condense_stored(
            stored, 0.2, "mixture", settings, work=work, memory=2 * GIB, tasks=tasks
        )


def test_a_machine_is_lost_while_features_are_propagated_and_while_rows_are_clustered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster

    monkeypatch.setattr(Room, "columns", lambda self, nodes: 2)
    monkeypatch.setattr(propagation, "PORTION", 16)
    monkeypatch.setattr(kmeans_on_disk, "PORTION", 16)
    # Centres are fitted on a few rows, so that all others are assigned afterwards, on the cluster.
    monkeypatch.setattr(kmeans, "MOST_FITTED", 8)
    monkeypatch.setattr(kmeans, "LEAST_A_CLUSTER", 2)
    monkeypatch.setattr(kmeans, "FEWEST_FITTED", 2)
    save(tmp_path / "whole.h5", films())
    expected = condensed(tmp_path, None)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        machines = [cluster.add_node(num_cpus=1)]

        def lose() -> None:
            cluster.remove_node(machines.pop(), allow_graceful=False)
            machines.append(cluster.add_node(num_cpus=1))

        with connect(cluster.address) as cpus:
            tasks = Losing(PiecesOnRay(cpus), {"propagate_slab": lose, "answer_rows": lose})
            found = condensed(tmp_path, tasks)
            assert tasks.lost == ["propagate_slab", "answer_rows"]
    finally:
        cluster.shutdown()
    assert_alike(found.graph, expected.graph)
    for (key, one), (_, other) in zip(
        found.graph.spread.arrays(), expected.graph.spread.arrays(), strict=True
    ):
        assert torch.allclose(one.float(), other.float(), atol=1e-3), key


def test_a_folder_that_others_do_not_see_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.json").touch()
    monkeypatch.setattr("evaluate.distributed.pieces._read", lambda path: "")
    with (
        connect(cpus=1) as cpus,
        pytest.raises(UserError, match=r"all machines of the cluster share"),
    ):
        PiecesOnRay(cpus).check_folder(tmp_path)
