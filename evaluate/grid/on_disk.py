"""Whole graphs in files that do not fit in memory: when they stay on disk, and where."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from condense.data.condensed import CondensedGraph
from condense.datasets.registry import FILE_ENDINGS
from condense.errors import FileError, UserError
from condense.io.lock import held
from condense.io.stored_graph import open_stored
from condense.out_of_core.room import GIB
from condense.running.timing import OnStage
from evaluate.training.on_disk.settings import Sampling
from evaluate.training.on_disk.sizes import bytes_to_evaluate
from evaluate.training.on_disk.task import StoredTask, check_models


@dataclass
class OnDisk:
    """How whole graphs that do not fit in memory are evaluated.

    Attributes:
        memory: bound on the resident memory, in bytes.
        strict: whether the bound was asked for: then a file that cannot be read in blocks is an error.
        work: folder for what is sorted and propagated, a folder in it for each whole graph; it is kept.
        sampling: of nodes and neighbourhoods.
        models: to be evaluated.
        stack: holds the lock on `work`.
        only_in_memory: an option that was given, and its value, for which graphs must be in memory; or "".
        say: called with a sentence about each graph that stays on disk.
        on_stage: called with the name of each stage of reading a graph.
    """

    memory: int
    strict: bool
    work: Path
    sampling: Sampling
    models: Sequence[str]
    stack: contextlib.ExitStack
    only_in_memory: str = ""
    say: Callable[[str], None] = lambda text: None
    on_stage: OnStage = lambda name: None
    _held: bool = False

    def task(
        self, path: Path, condensed: CondensedGraph, file: Path, device: str
    ) -> StoredTask | None:
        """The whole graph at `path`, verified by its hash; None if it fits in memory or is no file of ours.

        Args:
            path: of the whole graph.
            condensed: from it.
            file: of `condensed`, for errors.
            device: where to train, as the user says.

        Raises:
            UserError: an option or a model that works in memory only.
            FileError: the graph differs from the version that was condensed, or cannot be read.
        """
        if not path.name.endswith(FILE_ENDINGS):
            return None
        with contextlib.ExitStack() as opened:
            try:
                stored = opened.enter_context(open_stored(path))
            except FileError:
                if self.strict:
                    raise
                return None  # Read into memory, where whatever is wrong with it is told.
            needed = bytes_to_evaluate(stored)
            if needed <= self.memory:
                return None
            self.say(
                f"{path} would take about {needed / GIB:.1f} GiB in memory, of {self.memory / GIB:.1f}: "
                "models are trained and scored on disk"
            )
            self._check(condensed, device)
            fingerprint = stored.verify()
            if fingerprint != condensed.provenance.dataset_hash:
                raise another_version(file, str(path))
            if not self._held:
                self._held = True
                self.stack.enter_context(held(self.work, folder=True))
            folder = self.work / f"whole-{fingerprint[:16]}"
            return StoredTask.of(
                stored, fingerprint, self.sampling, self.memory, folder, self.on_stage
            )

    def _check(self, condensed: CondensedGraph, device: str) -> None:
        remedy = "or give more --memory"
        check_models(self.models)
        if self.only_in_memory:
            raise UserError(
                f"{self.only_in_memory} needs the whole graph in memory; leave it out, {remedy}"
            )
        setting, chosen = condensed.provenance.setting, condensed.provenance.dataset_settings
        if setting != "transductive":
            raise UserError(
                f"setting (got {setting!r}) needs the whole graph in memory; {remedy[3:]}"
            )
        if chosen.get("modalities") is not None:
            raise UserError(
                f"modalities (got {chosen['modalities']} of the condensed graph) are chosen in memory; "
                f"prepare a graph with these alone and condense it, {remedy}"
            )
        if device not in ("auto", "cpu"):
            raise UserError(
                f"device (got {device!r}): a graph on disk is evaluated on the CPU; take cpu, {remedy}"
            )


def another_version(file: Path, name: str) -> FileError:
    """The error of a whole graph that a file was not condensed from.

    Args:
        file: the condensed graph.
        name: of the whole graph.
    """
    return FileError(
        f"{file} was condensed from another version of {name} (its hash differs); "
        "condense again, or give the version that it was made from"
    )
