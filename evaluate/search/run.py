"""A search in its folder: sweep a condensed graph, retrain the best, verify the ranking."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.methods.spec import label
from condense.running.identity import versions
from evaluate.grid.training_graphs import gather
from evaluate.results.json_files import read_json, write_json
from evaluate.results.records import write_records
from evaluate.results.rows import Row
from evaluate.results.run_record import RunRecord
from evaluate.search.architecture import Architecture
from evaluate.search.kept_trials import spent_seconds
from evaluate.search.ranking_quality import Verification
from evaluate.search.record import SideRow, TrialRow, VerifyRow, claim
from evaluate.search.side_trainer import SideTrainer
from evaluate.search.space import Space, read_space, sample
from evaluate.search.top import best, raised, retrain
from evaluate.search.trial import TrialData
from evaluate.search.verify import Verifier
from evaluate.training.task import EvaluationTask

Sweep = Callable[[TrialData, Space, int, int, Path, int | None], list[TrialRow]]
"""The type of `evaluate.distributed.tune.sweep`, which is passed in to keep Ray out of this package."""


@dataclass(frozen=True)
class SearchSettings:
    """What a search does; the defaults are those of `commands.search.SearchArguments`.

    Attributes:
        samples: number of architectures that the search tries; 0 skips the search.
        top: how many of the best are retrained on the whole graph.
        seeds: number of trainings of each of these.
        verify: number of architectures in the verification; 0 skips it.
        verify_whole: how many of these are trained on the whole graph; None for all.
        epochs: epochs of every training; None for those of the space.
        seed: seed of the samples, the search and the trainings.
        jobs: trials of the search at a time; None for one per CPU.
    """

    samples: int
    top: int
    seeds: int
    verify: int
    verify_whole: int | None
    epochs: int | None
    seed: int
    jobs: int | None

    def check(self) -> None:
        """Check the ranges of all numbers.

        Raises:
            UserError: a number is out of range, or there is nothing to do.
        """
        least = {"samples": 0, "verify": 0, "top": 0, "seeds": 1, "seed": 0}
        optional = {"verify_whole": self.verify_whole, "epochs": self.epochs, "jobs": self.jobs}
        least |= {name: 1 for name, value in optional.items() if value is not None}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise UserError(
                    f"{name} (got {getattr(self, name)}) must be at least {low}; "
                    "leave it out for the default"
                )
        if self.verify == 1:
            raise UserError(
                "verify (got 1) must be at least 2, or there is nothing to rank; try 45"
            )
        if self.verify_whole is not None and not 2 <= self.verify_whole <= self.verify:
            raise UserError(
                f"verify_whole (got {self.verify_whole}) must be 2 … --verify ({self.verify}); "
                "leave it out for all"
            )
        if not self.samples and not self.verify:
            raise UserError(
                "samples and verify (got 0 and 0) leave nothing to do; give one of them"
            )


@dataclass(frozen=True)
class SearchRun:
    """A search in its folder.

    Attributes:
        settings: what the search does.
        space: the architectures, and the epochs of every training.
        folder: where everything is kept.
        task: the whole graph.
        graph: the condensed graph in the models' units.
        summary: the content of search.json.
    """

    settings: SearchSettings
    space: Space
    folder: Path
    task: EvaluationTask
    graph: MultimodalGraph
    summary: dict[str, Any]

    @classmethod
    def open(
        cls,
        condensed: Path,
        space: Path,
        settings: SearchSettings,
        folder: Path,
        root: Path,
        whole: Path | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> SearchRun:
        """Check everything before long work, and claim the folder.

        Args:
            condensed: file of the condensed graph to search on.
            space: TOML file, see `evaluate.search.space`.
            settings: what to do.
            folder: folder of the search; if it holds the same search, that is resumed.
            root: folder of the data sets' files.
            whole: the whole graph's file; None for the one that the condensed graph names.
            arguments: the command's arguments, for run.json; None for the settings.

        Raises:
            UserError: wrong settings, a space that is too small, another search in the folder.
            FileError: a file cannot be read or written.
        """
        settings.check()
        families = read_space(space)
        if settings.epochs is not None:
            families = replace(families, epochs=settings.epochs)
        # Raises if the space has fewer architectures.
        sample(families, max(settings.samples, settings.verify), settings.seed)
        compared = gather([condensed], root, whole, "cpu")[0]
        small = compared.training_graphs[1].condensed
        assert small is not None
        _check_seconds(settings, condensed, small)
        task = compared.task
        assert isinstance(
            task, EvaluationTask
        )  # `gather` leaves none on disk unless it is asked to.
        graph = task.admit(small.graph)
        task.check_testable()
        about = _about(settings, families, condensed, task, small)
        summary = {**read_json(folder / "search.json"), **about}
        claim(folder / "plan.json", _plan(families, summary))
        more = {name: importlib.metadata.version(name) for name in ("ray", "optuna")}
        RunRecord(
            "search",
            asdict(settings) if arguments is None else arguments,
            [str(condensed)],
            task.raw.name,
            task.raw.source,
            {**versions(), **more},
        ).write(folder)
        return cls(settings, families, folder, task, graph, summary)

    def search(self, sweep: Sweep) -> list[TrialRow]:
        """Try architectures on the condensed graph, resuming an earlier sweep."""
        settings = self.settings
        data = TrialData.of(self.task, self.graph)
        trials = sweep(
            data, self.space, settings.samples, settings.seed, self.folder, settings.jobs
        )
        seconds = spent_seconds(self.folder / "clock.json")
        self._keep(samples=settings.samples, search_seconds=seconds)
        return trials

    def retrain(
        self,
        trials: Sequence[TrialRow],
        on_row: Callable[[Row], None],
        on_failure: Callable[[Architecture, Exception], None] = raised,
    ) -> list[Row]:
        """Train the best of a search on the whole graph and test them; see `evaluate.search.top`."""
        settings = self.settings
        architectures = best(trials, self.space, settings.top)
        path = self.folder / "top.csv"
        rows = retrain(
            self.task, architectures, self.space, settings.seeds, path, on_row, on_failure
        )
        kept = ("model", "settings", "train_seed", "val_micro_f1", "micro_f1", "macro_f1")
        self._keep(top=[{name: getattr(row, name) for name in kept} for row in rows])
        return rows

    def verify(self, on_row: Callable[[SideRow], None]) -> Verification:
        """Train sampled architectures on all sides; see `evaluate.search.verify`."""
        settings, space = self.settings, self.space
        architectures = sample(space, settings.verify, settings.seed)
        trainer = SideTrainer(self.task, self.folder / "sides.csv", settings.seed, on_row)
        verifier = Verifier(
            trainer, self.graph, self.summary["condense_seconds"], space.epochs, space.check_every,
            self.folder, settings.top,
        )  # fmt: skip
        verification = verifier.run(architectures, settings.verify_whole)
        write_records(self.folder / "verify.csv", VerifyRow, verification.rows)
        values = asdict(verification)
        del values["rows"]
        self._keep(verify={**values.pop("sides"), **values})
        return verification

    def _keep(self, **values: Any) -> None:
        self.summary.update(values)
        write_json(self.folder / "search.json", self.summary)


def _check_seconds(settings: SearchSettings, file: Path, small: CondensedGraph) -> None:
    """Raise if a verification is asked for whose speed-up is unknown."""
    if settings.verify and math.isnan(small.provenance.condense_seconds):
        raise UserError(
            f"verify (got {settings.verify}) needs the seconds that condensing took, which {file}, "
            "imported from elsewhere, does not say; leave --verify out, or condense here"
        )


def _about(
    settings: SearchSettings, space: Space, file: Path, task: EvaluationTask, small: CondensedGraph
) -> dict[str, Any]:
    """What search.json records about the search before it begins."""
    p = small.provenance
    return {
        "dataset": task.raw.name,
        "source": task.raw.source,
        "setting": task.setting,
        "condensed": str(file),
        "condensed_hash": fingerprint(small.graph),
        "method": label(p.method, p.settings),
        "ratio": p.ratio,
        "epochs": space.epochs,
        "seed": settings.seed,
        "condense_seconds": p.condense_seconds,
    }


def _plan(space: Space, summary: Mapping[str, Any]) -> dict[str, Any]:
    """What must be equal for a folder's search to be resumed."""
    same = ("dataset", "setting", "condensed_hash", "epochs", "seed")
    plan = {name: summary[name] for name in same}
    return {**plan, "check_every": space.check_every, "space": space.record()}
