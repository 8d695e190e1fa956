"""Keeping the state of a long run on the disk, so that it survives whatever ends the process.

What comes before a run's loop follows from its seed and is done again; the loop goes on from the newest
state, and ends in the very data in which the unbroken run would have ended.
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
"""Writing takes at most this part of the time: a checkpoint that took 1 s is followed by 50 s without."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """All that the next step of a run's loop depends on, and what the run has found so far.

    Attributes:
        numbers: plain JSON values.
        tensors: of any names.
    """

    numbers: dict[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)


def folder_beside(out: Path) -> Path:
    """Where the checkpoints of the run that writes `out` are kept."""
    return out.with_name(out.name + SUFFIX)


def finished(out: Path, run: Mapping[str, Any]) -> bool:
    """Whether `out` holds what the run (see `condense.running.identity`) would end in."""
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
        folder: made when the first checkpoint is written; None keeps nothing.
        seconds: least time between two checkpoints; 0 keeps every state that is offered. The first state
            that is offered is always kept.
        resume: go on from the newest state in `folder`, if there is one.

    Raises:
        UserError: negative seconds.

    Attributes:
        state: what to go on from, or None to start from the beginning.
        resumed: the steps at which the run was taken up again, in order.
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
        """Find the state to go on from. Another run's checkpoints stay until this run has one of its own.

        Args:
            run: see `condense.running.identity`.
            clock: of this part of the run; it is told what the earlier parts have spent.

        Raises:
            UserError: the checkpoints to be resumed belong to another run.
        """
        # Sums are split among threads, so their number shows in the last digits.
        self._run, self._clock = {**run, "threads": torch.get_num_threads()}, clock
        found = self._newest()
        if found is None:
            if self.resume:
                log.info("nothing to resume in %s: starting from the beginning", self.folder)
            return
        path, record, tensors = found
        other = difference(record["run"], self._run)
        if self.resume and other:
            raise UserError(
                f"resume: {self.folder} holds checkpoints of another run: {other}; give the same "
                f"settings, or start anew without --resume"
            )
        if self.resume:
            self.state = State(record["numbers"], tensors)
            self.resumed = [*record["resumed"], record["step"]]
            clock.carry(record["stages"])
            # Written again, so that it is counted how often a run was taken up.
            self._write(path, {**record, "resumed": self.resumed}, tensors)
            self._mine = [path]
            log.info("going on from step %d", record["step"])
        elif other:
            log.info(
                "checkpoints of another run in %s stay until this run's first: %s",
                self.folder,
                other,
            )
        else:
            log.info(
                "starting from the beginning, although a run with these settings has come to step %d: "
                "--resume goes on from there",
                record["step"],
            )

    def offer(self, step: int, state: Callable[[], State]) -> None:
        """Keep the state after `step` if it is time to; a failure to write is logged, and no more.

        Args:
            step: the loop's steps so far.
            state: gives the state; called only if it is to be kept.
        """
        if self.folder is None or time.monotonic() < self._next:
            return
        started, made = time.monotonic(), state()
        record = {
            "run": self._run,
            "step": step,
            "resumed": self.resumed,
            "stages": self._clock.spent(),
            "numbers": made.numbers,
        }
        path = self.folder / f"step-{step:09d}.h5"
        if self._write(path, record, made.tensors):
            self._mine = [*self._mine, path][-KEPT:]
            self._remove([p for p in self._files() if p not in self._mine])
        now = time.monotonic()
        if self.seconds:
            self._next = now + max(self.seconds, SHARE * (now - started))

    def discard(self) -> None:
        """Remove all checkpoints: the run has ended, or is another one."""
        if self.folder is not None and self.folder.is_dir():
            self._remove([*self._files(), *self.folder.glob(".*.tmp")])
            with contextlib.suppress(OSError):  # There is something of the user's in it.
                self.folder.rmdir()

    def _write(self, path: Path, record: dict[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether it could be written; the run is worth more than its checkpoint."""
        try:
            path.parent.mkdir(exist_ok=True)
            save_checkpoint(path, record, tensors)
        except (OSError, FileError) as error:
            log.warning("a checkpoint is not written, but the run goes on: %s", error)
            return False
        return True

    def _newest(self) -> tuple[Path, dict[str, Any], dict[str, Tensor]] | None:
        """The newest checkpoint that can be read."""
        for path in reversed(self._files()):
            try:
                return path, *load_checkpoint(path)
            except FileError as error:
                log.warning("a checkpoint is left out: %s", error)
        return None

    def _files(self) -> list[Path]:
        """All checkpoints in the folder, oldest first."""
        return [] if self.folder is None else sorted(self.folder.glob("step-*.h5"))

    def _remove(self, paths: list[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
