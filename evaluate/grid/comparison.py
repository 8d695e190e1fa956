"""A comparison on one whole graph: condenses baselines, records the run and plans the grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluate.grid.protocol import Protocol
from evaluate.grid.run import GridRun, Watch
from evaluate.grid.training_graphs import ComparedGraphs, add_baselines
from evaluate.results.run_record import RunRecord
from evaluate.results.store import Failure, ResultStore

BASELINES = "rivals"
"""The folder of condensed baselines."""
SMALL = 40
"""A grid with fewer trainings ends before starting Ray's processes pays off."""


@dataclass(frozen=True)
class Comparison:
    """What all whole graphs of one command have in common.

    Attributes:
        protocol: the same for all graphs.
        baselines: methods with their settings, see `condense.methods.spec.parse`.
        store: the store of results.
        folder: folder of the store; condensed baselines and run.json are there too.
        device: where to condense.
        fresh: whether to condense baselines again.
    """

    protocol: Protocol
    baselines: Sequence[tuple[str, Mapping[str, Any]]]
    store: ResultStore
    folder: Path
    device: str = "auto"
    fresh: bool = False

    def begin(
        self,
        compared: ComparedGraphs,
        files: Sequence[Path],
        arguments: Mapping[str, Any],
        watch: Watch = lambda ended: None,
        on_failure: Callable[[Failure], None] = lambda failure: None,
    ) -> GridRun:
        """Plan the grid of one whole graph; `GridRun.go` runs it.

        Args:
            compared: the graphs; baselines are added.
            files: the condensed graphs, for run.json.
            arguments: arguments of the command, likewise.
            watch: called as each training ends.
            on_failure: called for each baseline that could not be condensed.

        Raises:
            UserError: a graph does not fit the whole graph, or was condensed in another setting.
            FileError: a file cannot be written.
        """
        add_baselines(compared, self.baselines, self.device, self.folder / BASELINES, self.fresh)
        # Said first: with a full disk nothing below can be written, and this is the cause.
        for failure in compared.failures:
            on_failure(failure)
        raw = compared.task.raw
        names = [str(file) for file in files]
        RunRecord("evaluate", arguments, names, raw.name, raw.source).write(self.folder)
        for failure in compared.failures:
            self.store.add_failure(failure)
        return GridRun(compared.task, compared.training_graphs, self.protocol, self.store, watch)


def jobs_for(run: GridRun, cpus: int) -> int:
    """How many trainings to run at a time if the user does not say.

    It depends on the size of the whole grid, not on how many trainings are missing, because a resumed run
    must not change its number of threads.

    Args:
        run: the grid.
        cpus: CPUs ÷ threads per training.
    """
    alone = len(run.grid) < SMALL or run.workload.device.type == "cuda"
    return 1 if alone else max(1, cpus)
