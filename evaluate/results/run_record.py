"""The record of the command that wrote a folder of results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from condense.running.identity import versions
from evaluate.results.json_files import write_json

RECORD = "run.json"


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """One run of a command.

    Attributes:
        command: its name.
        arguments: all of them, defaults included.
        condensed: paths of the condensed graphs, as the user gave them.
        dataset: name of the whole graph.
        source: "real" or "simulated".
        versions: of Python and of the packages that a result depends on.
    """

    command: str
    arguments: Mapping[str, Any]
    condensed: Sequence[str]
    dataset: str
    source: str
    versions: Mapping[str, str] = dataclasses.field(default_factory=versions)

    def write(self, folder: Path) -> None:
        """Write the record as run.json, replacing that of an earlier run.

        Raises:
            FileError: the file cannot be written.
        """
        write_json(folder / RECORD, dataclasses.asdict(self))
