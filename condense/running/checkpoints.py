"""Checkpoints of a long run, from which it can be resumed after an interruption.

A resumed run repeats what comes before its loop, which is determined by the seed, and continues the loop
from the newest state. It gives exactly the data that an uninterrupted run gives.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from condense.errors import FileError, UserError
from condense.io import load_condensed
from condense.io.checkpoint import load_checkpoint, save_checkpoint
from condense.running.identity import difference
from condense.running.timing import StageClock

SUFFIX = ".checkpoints"
KEPT = 2
SHARE = 50
"""Writing takes at most about 1/SHARE of the time: after a checkpoint that took 1 s, none for 50 s."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """Everything that the next step of a run's loop depends on, and the results so far.

    Attributes:
        numbers: plain JSON values.
        tensors: name -> tensor; names are free.
    """

    numbers: dict[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)


def folder_beside(out: Path) -> Path:
    """The folder of the checkpoints of the run that writes `out`."""
    return out.with_name(out.name + SUFFIX)


def finished(out: Path, run: Mapping[str, Any]) -> bool:
    """Whether `out` holds the complete result of this run (see `condense.running.identity`)."""
    if not out.exists():
        return False
    try:
        provenance = load_condensed(out).provenance
    except FileError as error:
        log.warning("%s", error)
        return False
    return provenance.complete and not difference(asdict(provenance), run)


class Checkpoints:
    """The newest states of one run, in a folder of their own.

    Args:
        folder: created when the first checkpoint is written; None keeps nothing.
        seconds: minimum time between two checkpoints; 0 keeps every state that is offered. The first state
            that is offered is always kept.
        resume: continue from the newest state in `folder`, if there is one.

    Raises:
        UserError: negative seconds.

    Attributes:
        state: the state to continue from, or None to start from the beginning.
        resumed: the steps at which the run was resumed, in order.
    """

    def __init__(self, folder: Path | None, seconds: float = 0.0, resume: bool = False) -> None:
        if not seconds >= 0:
            raise UserError(f"checkpoint_seconds (got {seconds}) must not be negative; try 10")
        self.folder, self.seconds, self.resume = folder, seconds, resume
        self.state: State | None = None
        self.resumed: list[int] = []
        self._run: dict[str, Any] = {}
        self._mine: list[Path] = []
        self._next = 0.0  # The first state is kept in any case.

    def begin(self, run: Mapping[str, Any], clock: StageClock) -> None:
        """Find the state to continue from. Another run's checkpoints stay until this run writes its first.

        Args:
            run: the run's identity, see `condense.running.identity`.
            clock: the clock of this part of the run; it is given the time of the earlier parts.

        Raises:
            UserError: the checkpoints to be resumed belong to another run.
        """
        # Sums are split among threads, so the number of threads affects the last digits.
        self._run, self._clock = {**run, "threads": torch.get_num_threads()}, clock
        newest = self._newest()
        if newest is None:
            if self.resume:
                log.info("nothing to resume in %s: starting from the beginning", self.folder)
            return
        path, record, tensors = newest
        differing = difference(record["run"], self._run)
        if self.resume and differing:
            raise UserError(
                f"resume: {self.folder} holds checkpoints of another run: {differing}; give the same "
                "settings, or start anew without --resume"
            )
        if self.resume:
            self.state = State(record["numbers"], tensors)
            self.resumed = [*record["resumed"], record["step"]]
            clock.carry(record["stages"])
            # Written again to record that the run was resumed.
            self._write(path, {**record, "resumed": self.resumed}, tensors)
            self._mine = [path]
            log.info("resuming from step %d", record["step"])
        elif differing:
            log.info(
                "checkpoints of another run in %s stay until this run writes its first: %s",
                self.folder,
                differing,
            )
        else:
            log.info(
                "starting from the beginning, although a run with these settings has reached step %d: "
                "--resume continues it",
                record["step"],
            )

    def offer(self, step: int, state: Callable[[], State]) -> None:
        """Write the state after `step` if a checkpoint is due; a failure to write is only logged.

        Args:
            step: the number of steps done.
            state: returns the state; called only if a checkpoint is due.
        """
        if self.folder is None or time.monotonic() < self._next:
            return
        started, current = time.monotonic(), state()
        record = {
            "run": self._run,
            "step": step,
            "resumed": self.resumed,
            "stages": self._clock.spent(),
            "numbers": current.numbers,
        }
        path = self.folder / f"step-{step:09d}.h5"
        if self._write(path, record, current.tensors):
            self._mine = [*self._mine, path][-KEPT:]
            self._remove([p for p in self._files() if p not in self._mine])
        now = time.monotonic()
        if self.seconds:
            self._next = now + max(self.seconds, SHARE * (now - started))

    def discard(self) -> None:
        """Remove all checkpoints in the folder; other files stay."""
        if self.folder is not None and self.folder.is_dir():
            self._remove([*self._files(), *self.folder.glob(".*.tmp")])
            with contextlib.suppress(OSError):  # The folder holds files of the user.
                self.folder.rmdir()

    def _write(self, path: Path, record: dict[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Write a checkpoint; on failure return False, since the run matters more."""
        try:
            path.parent.mkdir(exist_ok=True)
            save_checkpoint(path, record, tensors)
        except (OSError, FileError) as error:
            log.warning("checkpoint not written, the run continues: %s", error)
            return False
        return True

    def _newest(self) -> tuple[Path, dict[str, Any], dict[str, Tensor]] | None:
        """Path, record and tensors of the newest readable checkpoint."""
        for path in reversed(self._files()):
            try:
                return path, *load_checkpoint(path)
            except FileError as error:
                log.warning("checkpoint skipped: %s", error)
        return None

    def _files(self) -> list[Path]:
        """All checkpoints in the folder, oldest first."""
        return [] if self.folder is None else sorted(self.folder.glob("step-*.h5"))

    def _remove(self, paths: list[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
