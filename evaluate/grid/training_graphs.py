"""The graphs of a comparison: condensed files, baselines at the same budgets, and their whole graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.inductive import Setting
from condense.data.spread.spread import spread_of
from condense.datasets.load import load_dataset
from condense.datasets.registry import DATASETS, FILE_ENDINGS
from condense.device import find_device
from condense.errors import FileError, UserError
from condense.io import load_condensed
from condense.methods.spec import label
from evaluate.executors import reason
from evaluate.grid.baselines import condense_baseline, condense_stored_baseline
from evaluate.grid.on_disk import OnDisk, another_version
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.rows import WHOLE
from evaluate.results.store import Failure
from evaluate.training.on_disk.task import StoredTask
from evaluate.training.task import EvaluationTask
from models.choices import registered


@dataclass(frozen=True)
class ComparedGraphs:
    """All graphs that are compared on one whole graph.

    Attributes:
        task: the whole graph.
        training_graphs: the whole graph first, then files and baselines.
        failures: baselines that could not be condensed.
    """

    task: EvaluationTask | StoredTask
    training_graphs: list[TrainingGraph] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def has_spread(self) -> bool:
        """Whether one of the condensed graphs has a spread, from which each epoch is drawn."""
        condensed = [one.condensed for one in self.training_graphs if one.condensed is not None]
        return any(spread_of(one.graph) is not None for one in condensed)


def gather(
    files: Sequence[Path],
    root: Path,
    whole: Path | None = None,
    device: str = "auto",
    on_disk: OnDisk | None = None,
    *,
    train_whole: bool = True,
) -> list[ComparedGraphs]:
    """Load and check the graphs to compare, one group for each whole graph that files were condensed from.

    Args:
        files: condensed graphs.
        root: folder of the known data sets' files.
        whole: file of the whole graph, in place of the one that a condensed file names.
        device: where to train.
        on_disk: decides which whole graphs stay on disk, and how; by default none does.
        train_whole: whether models are trained on the whole graphs, too.

    Raises:
        UserError: no file, files of several settings, or a graph that does not fit its whole graph.
        FileError: a file cannot be read, or was not condensed from the whole graph that was loaded.
    """
    if not files:
        raise UserError("condensed (got nothing) needs at least one file; give --condensed FILE …")
    groups: dict[str, list[tuple[Path, CondensedGraph]]] = {}
    for file in files:
        condensed = load_condensed(file)
        groups.setdefault(condensed.provenance.dataset_hash, []).append((file, condensed))
    setting = _one_setting([pair for group in groups.values() for pair in group])
    all_compared = []
    for group in groups.values():
        task = None
        if on_disk is not None:
            path = Path(_name(group[0][1], whole))
            task = on_disk.task(path, group[0][1], group[0][0], device)
        if task is None:
            loaded = whole_graph(*group[0], root, whole)
            task = EvaluationTask.of(loaded, find_device(device), setting)
        compared = ComparedGraphs(task)
        if train_whole:
            compared.training_graphs.append(TrainingGraph(WHOLE, task.trained_whole()))
        for _, condensed in group:
            if isinstance(task, EvaluationTask):
                task.reduction.check_record(condensed.provenance.measures.get("reductions", {}))
            task.admit(condensed.graph)
            compared.training_graphs.append(_training_graph(condensed))
        all_compared.append(compared)
    return all_compared


def add_baselines(
    compared: ComparedGraphs,
    baselines: Sequence[tuple[str, Mapping[str, Any]]],
    device: str = "auto",
    folder: Path | None = None,
    fresh: bool = False,
) -> None:
    """Condense baselines once for each budget and seed of the files; failures are listed in `compared`.

    Args:
        compared: result of `gather`; baselines and failures are added to it.
        baselines: methods with their settings, see `condense.methods.spec.parse`.
        device: where to condense.
        folder: where baselines are kept, so that each is condensed once; None keeps none.
        fresh: whether to condense them again.
    """
    files = [c.condensed.provenance for c in compared.training_graphs if c.condensed is not None]
    task = compared.task
    for method, settings in baselines:
        for p in {(p.ratio, p.edge_ratio, p.seed): p for p in files}.values():
            try:
                if isinstance(task, EvaluationTask):
                    budget = plan(task.raw, p.ratio, "all", p.edge_ratio, p.setting)
                    condensed = condense_baseline(
                        task.raw, budget, method, settings, p.seed, device, folder, fresh
                    )
                else:
                    condensed = condense_stored_baseline(
                        task, p, method, settings, folder or Path("."), fresh
                    )
            except Exception as error:  # Whatever the error, the other graphs are still compared.
                name = label(method, settings)
                compared.failures.append(
                    Failure("", task.raw.name, name, "", p.seed, None, reason(error))
                )
            else:
                compared.training_graphs.append(_training_graph(condensed))


def _one_setting(files: Sequence[tuple[Path, CondensedGraph]]) -> Setting:
    """The setting of all files; scores in different settings are not comparable."""
    first: dict[Setting, Path] = {}
    for file, condensed in files:
        first.setdefault(condensed.provenance.setting, file)
    if len(first) > 1:
        named = ", ".join(f"{file}: {setting}" for setting, file in first.items())
        raise UserError(
            f"condensed (got {named}) must all be of one setting; evaluate each setting by itself"
        )
    return next(iter(first))


def whole_graph(
    file: Path, condensed: CondensedGraph, root: Path, whole: Path | None
) -> MultimodalGraph:
    """The graph that `condensed` was condensed from, verified by its hash.

    Args:
        file: file of `condensed`, for errors.
        condensed: a condensed graph.
        root: folder of the known data sets' files.
        whole: file of the whole graph, in place of the one that `condensed` names.

    Raises:
        FileError: the graph is missing, or differs from the version that was condensed.
    """
    provenance = condensed.provenance
    settings = provenance.dataset_settings
    name = _name(condensed, whole)
    if whole is None and name.endswith(FILE_ENDINGS) and not Path(name).exists():
        raise FileError(f"{file} was condensed from {name}, which is not there; give --whole FILE")
    if whole is None and not name.endswith(FILE_ENDINGS) and registered(DATASETS, name) is None:
        raise FileError(
            f"{file} was condensed from {name!r}, no data set known here; give --whole FILE"
        )
    source = "auto" if name.endswith(FILE_ENDINGS) else provenance.source
    graph = load_dataset(name, root, source, settings.get("modalities"))
    if fingerprint(graph) != provenance.dataset_hash:
        raise another_version(file, name)
    return graph


def _name(condensed: CondensedGraph, whole: Path | None) -> str:
    """The file or data set that a graph was condensed from."""
    p = condensed.provenance
    return str(whole) if whole is not None else p.dataset_settings.get("dataset", p.dataset)


def _training_graph(condensed: CondensedGraph) -> TrainingGraph:
    p = condensed.provenance
    return TrainingGraph(label(p.method, p.settings), condensed.graph, condensed)
