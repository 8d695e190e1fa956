"""The trainings of a comparison, all planned before the first is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from condense.data.fingerprint import fingerprint
from condense.data.graph import num_target
from evaluate.grid.cell import cell_name
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.training.model_spec import parse_model
from evaluate.training.tasks import Task
from evaluate.training.tune import Candidate, candidates

TUNE_SEED = 12345  # Distinct from the reported seeds, which count from 0.


@dataclass(frozen=True)
class Cell:
    """One training.

    Attributes:
        training_graph: number of the graph to train on.
        model: a name in `MODELS`.
        choice: settings of model and training.
        seed: seed of the training.
        tests: whether the trained model is tested; if not, its validation score serves to choose settings.
        name: see `cell_name`.
    """

    training_graph: int
    model: str
    choice: Candidate
    seed: int
    tests: bool
    name: str


@dataclass(frozen=True)
class Names:
    """Everything except model, settings and seed that determines how trainings end and score.

    Attributes:
        dataset: `fingerprint` of the whole graph.
        setting: transductive or inductive.
        scaling: how features are scaled.
        graphs: `fingerprint` of each training graph; empty for the whole graph.
        tested: `Task.test_digest`, in the names of trainings that are tested.
        notes: `Task.note` of each training graph; by default they are empty.
    """

    dataset: str
    setting: str
    scaling: str
    graphs: Sequence[str]
    tested: str
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, task: Task, training_graphs: Sequence[TrainingGraph]) -> Names:
        """The names of a whole graph and the graphs to train on."""
        graphs = ["" if c.condensed is None else fingerprint(c.graph) for c in training_graphs]
        notes = [task.note(c.condensed is None) for c in training_graphs]
        return cls(task.fingerprint, task.setting, task.scaling, graphs, task.test_digest, notes)

    def cell(
        self, training_graph: int, model: str, choice: Candidate, seed: int, tests: bool = True
    ) -> Cell:
        """A training on one of these graphs, with its name."""
        graph = self.graphs[training_graph]
        name = cell_name(
            self.dataset, self.setting, self.scaling, graph, model, choice, seed,
            self.tested if tests else "", self.notes[training_graph] if self.notes else "",
        )  # fmt: skip
        return Cell(training_graph, model, choice, seed, tests, name)


@dataclass(frozen=True)
class Group:
    """Trainings that share their settings: one model on a method's graphs of one size.

    Settings are chosen once, on the first of these graphs: more condensing seeds do not give more tuning.

    Attributes:
        model: a name in `MODELS`.
        choices: the candidates, the same for every group of a model.
        runs: (training_graph, seed) of each training.
        first: number of trainings in the plan before those of this group.
        tuning: one cell for each candidate; empty if there is nothing to choose.
    """

    model: str
    choices: Sequence[Candidate]
    runs: Sequence[tuple[int, int]]
    first: int
    tuning: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    """All trainings of a comparison on one whole graph.

    Attributes:
        names: the names of the graphs.
        groups: ordered by model, then by training graph.
    """

    names: Names
    groups: Sequence[Group]

    def trainings(self, group: Group, choice: Candidate) -> list[Cell]:
        """The cells of a group once its settings are chosen."""
        return [self.names.cell(number, group.model, choice, seed) for number, seed in group.runs]

    def __len__(self) -> int:
        return sum(len(group.tuning) + len(group.runs) for group in self.groups)


def plan_grid(names: Names, training_graphs: Sequence[TrainingGraph], protocol: Protocol) -> Grid:
    """Plan the grid of a protocol, without any training.

    Args:
        names: the names of the training graphs.
        training_graphs: graphs to train on.
        protocol: the same for all of them.

    Raises:
        UnknownChoiceError: an unknown model.
    """
    runs: dict[tuple[str, int], list[tuple[int, int]]] = {}
    trained: Counter[tuple[str, int]] = Counter()
    for number, training_graph in enumerate(training_graphs):
        key = (training_graph.label, num_target(training_graph.graph))
        whole = training_graph.condensed is None
        count = protocol.seeds if whole else (protocol.per_graph or protocol.seeds)
        seeds = [(trained[key] + i) % protocol.seeds for i in range(count)]
        runs.setdefault(key, []).extend((number, seed) for seed in seeds)
        trained[key] += count
    groups, planned = [], 0
    for model in dict.fromkeys(protocol.models):
        entry = parse_model(model)[1]
        choices = candidates(entry, protocol.training, protocol.tune, TUNE_SEED)
        for group_runs in runs.values():
            graph = group_runs[0][0]
            tuning = [names.cell(graph, model, c, TUNE_SEED, tests=False) for c in choices]
            tuning = tuning if len(choices) > 1 else []
            groups.append(Group(model, choices, group_runs, planned, tuning))
            planned += len(group_runs)
    return Grid(names, groups)
