"""Joining a cluster of two nodes, one of which is lost while cells run; what cannot be joined."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from condense.errors import UserError
from evaluate.distributed.connect import connect
from evaluate.grid.plan import Cell
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.grid.run import GridRun
from evaluate.grid.workload import GridWorkload, TrainingResult
from evaluate.results.store import ResultStore
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from tests.support.graphs import small_graph
from tests.support.machines import two_machines

SEEDS = 6


@pytest.fixture
def cluster() -> Iterator[Any]:
    with two_machines() as found:
        yield found


class Slow(GridWorkload):
    """Each cell takes long enough for both nodes to have one."""

    def run(self, cell: Cell) -> Iterator[TrainingResult]:
        time.sleep(2)
        return super().run(cell)


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_finishes_all_but_what_ran_there(cluster: Any) -> None:
    import ray

    from evaluate.distributed.executor import OnRay

    task, store = EvaluationTask.of(small_graph(num_target=80)), ResultStore()
    graphs = [TrainingGraph("whole", task.trained_whole())]
    protocol = Protocol(("mlp",), SEEDS, training=TrainSettings(epochs=2, check_every=1))
    lost: list[object] = []

    def lose(ended: object) -> None:
        if len(lost) < 1:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        lost.append(ended)

    with connect(cluster.address) as cpus:
        assert cpus == 2
        run = GridRun(task, graphs, protocol, store, lose)
        run.workload = Slow.of(task, graphs)
        run.go(OnRay(jobs=2))
        assert len(run.rows) + len(store.failures) == SEEDS
        assert len(run.rows) >= SEEDS / 2
        while ray.cluster_resources()["CPU"] > 1:  # Until the cluster, too, knows of the loss.
            time.sleep(0.5)
        again = GridRun(task, graphs, protocol, store)
        again.go(OnRay(jobs=2))
    assert [row.train_seed for row in again.rows] == list(range(SEEDS))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cpus": 0}, "cpus .got 0. must be at least 1"),
        ({"threads": 0}, "threads .got 0. must be at least 1"),
        ({"address": "auto", "cpus": 2}, "cpus .got 2. cannot be chosen for a cluster"),
        ({"address": "127.0.0.1:1"}, "address .got '127.0.0.1:1'. is not that of a Ray cluster"),
        ({"address": "ray://127.0.0.1:1"}, "address .got 'ray://127.0.0.1:1'. is Ray Client's"),
    ],
)
def test_what_cannot_be_meant(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said), connect(**arguments):
        pass


def listeners() -> set[str]:
    """Addresses at which this process and its descendants listen, as /proc tells them in hexadecimal."""
    inodes = set()
    for pid in descendants(os.getpid()):
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                inodes.add(os.readlink(link))
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:  # LISTEN.
                found.add(fields[1].partition(":")[0])
    return found


def descendants(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]
    return [pid, *(one for child in children for one in descendants(child))]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are read from /proc")
def test_other_machines_cannot_reach_a_ray_of_this_one() -> None:
    import ray
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    with connect(cpus=1):
        assert ray.get(ray.remote(lambda: 7).remote()) == 7
        found = listeners()
    loopback = "0100007F"
    assert found
    assert found <= {loopback, f"0000000000000000FFFF0000{loopback}", f"{'0' * 24}01000000"}
    # A cluster that is joined later is reached as ever.
    assert before == ray_constants.ENABLE_RAY_CLUSTER
