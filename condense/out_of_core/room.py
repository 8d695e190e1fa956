"""How much is held in memory at a time: all blocks are cut to a bound on the resident memory."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

from condense.errors import UserError

GIB = 2**30
BASE = 0.7 * GIB
"""What Python, torch and scikit-learn take before anything is read."""
LEAST = 1.5 * GIB
"""The smallest bound that is taken; below it blocks would be so small that a run would not end."""
SHARE = 0.5
"""Of the memory that is free: the bound where none is given."""
UNITS = {"": 1, "B": 1} | {
    name: size
    for power, letter in enumerate("KMGT", 1)
    for name, size in (
        (letter, 1024**power),
        (f"{letter}IB", 1024**power),
        (f"{letter}B", 1000**power),
    )
}


@dataclass(frozen=True)
class Room:
    """A bound on the resident memory, and the sizes of blocks that keep it.

    Attributes:
        memory: the bound, in bytes.
    """

    memory: int

    def __post_init__(self) -> None:
        """Refuse a bound that cannot be kept."""
        if self.memory < LEAST:
            raise _too_little(f"{self.memory / GIB:.2g}GiB")

    @property
    def free(self) -> float:
        """Bytes for blocks."""
        return self.memory - BASE

    def columns(self, nodes: int) -> int:
        """How many float32 columns of a matrix are propagated at a time: up to ten such slabs are alive.

        Args:
            nodes: of the largest type, wherever the columns may be propagated to.
        """
        most = int(self.free / (4 * max(nodes, 1) * 12))
        return 1 << (max(1, min(most, 64)).bit_length() - 1)  # A power of two.

    def rows(self, width: int) -> int:
        """How many rows of a float32 matrix of this width are read at a time."""
        return int(min(max(self.free / (4 * max(width, 1) * 32), 1024), 2**17))

    @property
    def edges(self) -> int:
        """How many edges are read, sorted or multiplied at a time, of about 60 bytes each."""
        return int(max(self.free / 400, 2**16))

    def sample(self, width: int) -> int:
        """How many rows of a float32 matrix of this width may be kept at once."""
        return int(self.free / (4 * max(width, 1) * 4))

    def taught(self, width: int) -> int:
        """How many rows of a float32 matrix of this width a teacher is given, which copies them."""
        return self.sample(2 * width)


def parse_memory(text: str) -> int:
    """Bytes of a size such as "6GiB", "6G", "900MB" or "4e9".

    Raises:
        UserError: no size, or less than LEAST.
    """
    found = re.fullmatch(r"\s*([0-9.]+(?:[eE][0-9]+)?)\s*([a-zA-Z]*)\s*", text)
    unit = UNITS.get(found[2].upper()) if found else None
    try:
        size = float(found[1]) * unit if found and unit else math.nan
    except ValueError:
        size = math.nan
    if not math.isfinite(size):
        raise UserError(f"memory (got {text!r}) must be a size; try 6GiB")
    if size < LEAST:
        raise _too_little(repr(text))
    return int(size)


def _too_little(got: str) -> UserError:
    return UserError(f"memory (got {got}) must be at least {LEAST / GIB:g}GiB; try 4GiB")


def available_bytes() -> int:
    """Memory that new processes can have now: Linux's estimate, within the limit of a control group."""
    free = [8 * GIB]
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
    with contextlib.suppress(OSError, ValueError, IndexError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        lines = (group / "memory.stat").read_text().splitlines()
        # Files that were read lately count as used, and make way for others.
        cached = sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
        free.append(limit - used + cached)
    return max(min(free, default=8 * GIB), 0)


def free_bound() -> int:
    """The bound where none is given: half of the memory that is free."""
    return max(int(SHARE * available_bytes()), int(LEAST))
