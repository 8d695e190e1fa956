"""Training models on whole and condensed graphs under one protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from condense.data.graph import MultimodalGraph
from evaluate.executors import InProcess
from evaluate.grid.facts import GraphFacts
from evaluate.grid.plan import Names
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.grid.run import EndedCell, GridRun
from evaluate.grid.workload import GridWorkload, run_cell
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import Row
from evaluate.results.store import ResultStore
from evaluate.training.finite import DivergedError
from evaluate.training.tasks import Task
from evaluate.training.tune import Candidate


def evaluate(
    task: Task,
    training_graphs: Sequence[TrainingGraph],
    protocol: Protocol,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Train every model on every graph in this process, and test it on the whole graph.

    Args:
        task: the whole graph.
        training_graphs: graphs to train on.
        protocol: the same for all of them.
        on_row: called as each training ends.

    Raises:
        UnknownChoiceError: an unknown model.
        UserError: a graph does not fit the whole graph, or was condensed in another setting.
        Exception: the error of the first training that fails; `GridRun` records failures and continues.
            Settings with which a training diverges are only not chosen.
    """

    def watch(ended: EndedCell) -> None:
        if isinstance(ended.result, Exception) and (
            ended.cell.tests or not isinstance(ended.result, DivergedError)
        ):
            raise ended.result
        if ended.row is not None:
            on_row(ended.row)

    run = GridRun(task, training_graphs, protocol, ResultStore(), watch)
    run.go(InProcess())
    return run.rows


def seed_rows(
    task: Task,
    training_graph: TrainingGraph,
    graph: MultimodalGraph,
    name: str,
    choice: Candidate,
    seeds: Sequence[int],
    tune_seconds: float = 0.0,
    store: RecordStore[Row] | None = None,
) -> Iterator[Row]:
    """Yield one row for each training seed, trained and tested on demand unless `store` has it.

    Args:
        task: the whole graph.
        training_graph: graph to train on, in the data set's units.
        graph: the same graph in the models' units.
        name: name of the model.
        choice: settings of the model and its training.
        seeds: seeds of the trainings.
        tune_seconds: seconds spent on choosing the settings.
        store: store of rows by `cell`, to which new rows are added.
    """
    workload, facts = (
        GridWorkload(task, [training_graph], [graph]),
        GraphFacts.of(task, training_graph),
    )
    names = Names.of(task, [training_graph])
    for seed in seeds:
        cell = names.cell(0, name, choice, seed)
        if store is not None and cell.name in store:
            yield store.get(cell.name)[-1]
            continue
        row = facts.row(cell, run_cell(workload, cell), tune_seconds)
        if store is not None:
            store.add([row])
        yield row
