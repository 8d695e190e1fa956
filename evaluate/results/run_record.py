"""What a folder of results came from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from condense.data.plain_json import spell
from condense.io.replace import replacing
from condense.running.identity import versions

RECORD = "run.json"


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """One run of a command.

    Attributes:
        command: its name.
        arguments: all of them, defaults included.
        condensed: the condensed graphs' paths, as they were given.
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
        """Write it as run.json, replacing that of an earlier run.

        Raises:
            FileError: it cannot be written.
        """
        text = json.dumps(spell(_plain(dataclasses.asdict(self))), allow_nan=False, indent=1)
        with replacing(folder / RECORD) as sink:
            sink.write(text.encode())


def _plain(value: Any) -> Any:
    """Paths as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value
