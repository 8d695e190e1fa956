"""The folder of a run out of core: each stage's results are complete or absent, so a run resumes after any."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from condense.errors import FileError, UserError
from condense.running.identity import difference

T = TypeVar("T")
RUN = "run.json"
STATE = "generator.pt"
PARTIAL = ".partial"


class Workspace:
    """The folder of one run.

    Args:
        folder: made if it does not exist; its parent must.
        generator: the run's; each stage leaves the state in which it left the generator.
    """

    def __init__(self, folder: Path, generator: torch.Generator) -> None:
        self.folder, self.generator = folder, generator

    def begin(self, run: Mapping[str, Any]) -> None:
        """Claim the folder for a run, or find it begun by the same one.

        Args:
            run: all that its results depend on, see `condense.running.identity`.

        Raises:
            UserError: the folder holds another run's results, or anything else.
            FileError: it cannot be written.
        """
        with told(self.folder):
            path = self.folder / RUN
            if path.exists():
                other = difference(json.loads(path.read_text()), run)
                if other:
                    raise UserError(
                        f"work (got {self.folder}) holds the results of another run, with a different {other}; "
                        "delete the folder, or give another one"
                    )
                return
            if self.folder.exists() and any(self.folder.iterdir()):
                raise UserError(
                    f"work (got {self.folder}) holds files of something else; give an empty or a new folder"
                )
            self.folder.mkdir(exist_ok=True)
            path.write_text(json.dumps(run, default=str))

    def stage(self, name: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        """The results of a stage: read if it is complete, else made.

        Args:
            name: of its folder.
            make: writes the results into a folder.
            read: from the folder.
        """
        done = self.folder / name
        with told(self.folder):
            if not done.exists():
                partial = self.folder / (name + PARTIAL)
                if partial.exists():
                    shutil.rmtree(partial)
                partial.mkdir()
                make(partial)
                torch.save(self.generator.get_state(), partial / STATE)
                partial.rename(done)
            self.generator.set_state(torch.load(done / STATE, weights_only=True))
        return read(done)

    def drop(self, name: str) -> None:
        """Empty a stage's folder whose results later stages do not need; it still counts as complete."""
        folder = self.folder / name
        for path in folder.iterdir():
            if path.name != STATE:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

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
                f"{self.folder} (got {(free + there) / 1e9:,.1f} GB free) must have about {needed / 1e9:,.1f} GB "
                "for what is sorted and propagated; make room, or give another folder with --work"
            )

    def discard(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn the system's errors into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FileError(
                f"{folder}: the disk is full; make room and give the same command with --resume, or delete the "
                "folder and give another with --work"
            ) from error
        raise FileError(f"{folder} cannot be used ({error}); check its disk and rights") from error
