"""What commands share: where they print, how they end, and the file that may hold their options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from condense.config import flag

OK, MISSED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: all went well; a bar was missed or a part failed; the user's mistake; Ctrl-C."""

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def config(argv: Sequence[str]) -> Path | None:
    """The file that --config names, needed before the other options can be parsed."""
    path = flag(argv, "--config")
    return None if path is None else Path(path)
