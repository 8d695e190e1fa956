"""The folder of a run on disk: each stage's results are complete or absent, so it resumes after any."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from condense.errors import FileError, UserError
from condense.out_of_core.tasks import InThisProcess, Tasks
from condense.running.identity import difference
from condense.running.timing import StageClock

T = TypeVar("T")
SUFFIX = ".work"
RUN = "run.json"
SPENT = "spent.json"
STATE = "generator.pt"
PARTIAL = ".partial"


class Workspace:
    """The folder of one run.

    Args:
        folder: made if it does not exist; its parent must.
        generator: the run's; each stage leaves the state in which it left the generator.
        tasks: where independent pieces of a stage are done; by default in this process.
    """

    def __init__(
        self, folder: Path, generator: torch.Generator, tasks: Tasks | None = None
    ) -> None:
        self.folder, self.generator = folder.absolute(), generator
        self.tasks = tasks or InThisProcess()
        self._clock = StageClock()

    def begin(self, run: Mapping[str, Any], clock: StageClock) -> None:
        """Claim the folder for a run, or find it begun by the same one.

        Args:
            run: all that its results depend on, see `condense.running.identity`.
            clock: of this part of the run; it is given the time of the earlier parts.

        Raises:
            UserError: the folder holds another run's results, or anything else.
            FileError: it cannot be written.
        """
        self._clock = clock
        with disk_errors(self.folder):
            if (self.folder / RUN).exists():
                other = difference(self._read(RUN), run)
                if other:
                    raise UserError(
                        f"work (got {self.folder}) holds what another run left, with a different {other}; "
                        "delete the folder, or give another one"
                    )
                if (self.folder / SPENT).exists():
                    clock.carry(self._read(SPENT))
            else:
                others = self.folder.iterdir() if self.folder.exists() else iter(())
                if any(path.suffix != PARTIAL for path in others):
                    raise UserError(
                        f"work (got {self.folder}) holds files of something else; give an empty or a new "
                        "folder"
                    )
                self.folder.mkdir(exist_ok=True)
                self._write(RUN, run)
        self.tasks.check_folder(self.folder)

    def stage(self, name: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        """The results of a stage: read if it is complete, else made.

        Args:
            name: of its folder.
            make: writes the results into a folder.
            read: from the folder.
        """
        done = self.folder / name
        with disk_errors(self.folder):
            if not done.exists():
                partial = self.folder / (name + PARTIAL)
                if partial.exists():
                    shutil.rmtree(partial)
                partial.mkdir()
                make(partial)
                torch.save(self.generator.get_state(), partial / STATE)
                self._complete(partial)
            self.generator.set_state(torch.load(done / STATE, weights_only=True))
            return read(done)

    def stages(
        self,
        names: Sequence[str],
        make: Callable[..., None],
        arguments: Sequence[tuple[Any, ...]],
    ) -> list[Path]:
        """The folders of stages that do not depend on each other and draw nothing at random.

        Args:
            names: of their folders.
            make: called with a folder and the stage's arguments.
            arguments: of each stage.
        """
        with disk_errors(self.folder):
            waiting = []
            for name, given in zip(names, arguments, strict=True):
                if not (self.folder / name).exists():
                    partial = self.folder / (name + PARTIAL)
                    if partial.exists():
                        shutil.rmtree(partial)
                    partial.mkdir()
                    waiting.append((partial, *given))
            for number, _ in self.tasks.run(make, waiting):
                self._complete(waiting[number][0])
        return [self.folder / name for name in names]

    def _complete(self, partial: Path) -> None:
        """Give a stage's folder its name once its files are on the disk."""
        for path in partial.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        partial.rename(partial.with_name(partial.name.removesuffix(PARTIAL)))
        self._write(SPENT, self._clock.spent())

    def _read(self, name: str) -> Any:
        """A file of JSON."""
        path = self.folder / name
        try:
            return json.loads(path.read_text())
        except ValueError:
            raise FileError(
                f"{path} is damaged; delete its folder, or give another with --work"
            ) from None

    def _write(self, name: str, record: Any) -> None:
        """Replace a file of JSON."""
        path = self.folder / (name + PARTIAL)
        path.write_text(json.dumps(record, default=str))
        path.replace(self.folder / name)

    def drop(self, *patterns: str) -> None:
        """Empty the folders of stages whose results later ones do not need; they still count as complete."""
        for pattern in patterns:
            for path in self.folder.glob(f"{pattern}/*"):
                if path.name != STATE:
                    path.unlink()

    def check_free(self, needed: int) -> None:
        """Raise where the disk has less room than a run will need.

        Args:
            needed: bytes that the run will write.

        Raises:
            FileError: the disk is too full.
        """
        there = sum(p.stat().st_size for p in self.folder.rglob("*") if p.is_file())
        free = shutil.disk_usage(self.folder).free
        if free + there < needed:
            raise FileError(
                f"{self.folder} (got {(free + there) / 1e9:,.1f} GB free) must have about "
                f"{needed / 1e9:,.1f} GB for what is sorted and propagated; make room, or give another "
                "folder with --work"
            )


def folder_beside(out: Path) -> Path:
    """The folder of the run that writes `out`."""
    return out.with_name(out.name + SUFFIX)


def bound_of(folder: Path) -> int | None:
    """The bound on memory of the run that left this folder, in bytes; None without one.

    Sizes of slabs follow from it, so a run that goes on keeps it.
    """
    try:
        return int(json.loads((folder / RUN).read_text())["memory"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def discard(folder: Path) -> None:
    """Delete the folder of a run; any other folder stays."""
    folder = folder.absolute()
    waste = folder.with_name(folder.name + ".discarded")
    with disk_errors(folder):
        if waste.exists():
            shutil.rmtree(waste)
        if (folder / RUN).exists():
            folder.rename(
                waste
            )  # At once: what is left of an interruption is never taken for a run's.
            shutil.rmtree(waste)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn the system's errors into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FileError(
                f"{folder}: the disk is full; make room and give the same command with --resume, or delete "
                "the folder and give another with --work"
            ) from error
        raise FileError(f"{folder} cannot be used ({error}); check its disk and rights") from error
