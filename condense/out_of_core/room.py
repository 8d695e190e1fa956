"""How much is held in memory at a time: all blocks are cut to a bound on the resident memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from condense.errors import UserError

GIB = 2**30
BASE = 0.7 * GIB
"""What Python, torch and scikit-learn take before anything is read."""
LEAST = 1.5 * GIB
"""The smallest bound that is taken; below it blocks would be so small that a run would not end."""
UNITS = {
    "": 1,
    "B": 1,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": GIB,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}


@dataclass(frozen=True)
class Room:
    """A bound on the resident memory, and the sizes of blocks that keep it.

    Attributes:
        memory: the bound, in bytes.
    """

    memory: int

    @property
    def free(self) -> float:
        """Bytes for blocks."""
        return max(self.memory - BASE, 0.25 * GIB)

    def columns(self, nodes: int) -> int:
        """How many float32 columns of a matrix with so many rows are propagated at a time.

        Up to six such slabs are alive at once.
        """
        most = int(self.free / (4 * max(nodes, 1) * 8))
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


def parse_memory(text: str) -> int:
    """Bytes of a size such as "6GiB", "900MB" or "4e9".

    Raises:
        UserError: no size, or less than LEAST.
    """
    found = re.fullmatch(r"\s*([0-9.]+(?:[eE][0-9]+)?)\s*([a-zA-Z]*)\s*", text)
    unit = UNITS.get(found[2].upper()) if found else None
    try:
        size = float(found[1]) * unit if found and unit else None
    except ValueError:
        size = None
    if size is None:
        raise UserError(f"memory (got {text!r}) must be a size; try 6GiB")
    if size < LEAST:
        raise UserError(f"memory (got {text!r}) must be at least {LEAST / GIB:g}GiB; try 4GiB")
    return int(size)


def available_bytes() -> int:
    """Memory that new processes can have now: Linux's estimate, within the limit of a control group."""
    free = [8 * GIB]
    try:
        text = Path("/proc/meminfo").read_text()
        free = [1024 * int(line.split()[1]) for line in text.splitlines() if "MemAvailable" in line]
    except (OSError, ValueError, IndexError):
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text().strip()
        free.append(int(limit) - int(used))
    except (OSError, ValueError):
        pass
    return max(min(free, default=8 * GIB), 0)
