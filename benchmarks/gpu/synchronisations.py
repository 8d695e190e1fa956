"""Counts the calls that wait for the GPU, by line of the source."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
WARNING = "called a synchronizing CUDA operation"
"""What torch warns of at each of them in its debug mode, which sees copies to the CPU and `item`, not all."""


@contextmanager
def counted_synchronisations() -> Iterator[Counter[str]]:
    """Count the calls inside the block by file and line; their warnings are not shown, others are."""
    calls: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=WARNING)
        show = warnings.showwarning

        def count(
            message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any
        ) -> None:
            if WARNING in str(message):
                calls[f"{_short(filename)}:{lineno}"] += 1
            else:
                show(message, category, filename, lineno, *rest)

        warnings.showwarning = count
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield calls
        finally:
            torch.cuda.set_sync_debug_mode("default")


def _short(filename: str) -> str:
    """The path from the project's root, or from the folder of installed packages."""
    path = Path(filename)
    if "site-packages" in path.parts:
        return Path(*path.parts[path.parts.index("site-packages") + 1 :]).as_posix()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
