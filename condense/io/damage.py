"""The error for files whose contents differ from what was written."""

from __future__ import annotations

from condense.errors import FileError

LOST = "restore a copy"
RESTORE = f"the file is damaged: {LOST}, or create it again"


def damaged(fault: str) -> FileError:
    """The error for a file with a fault that no writer of this format makes."""
    return FileError(f"{fault}; {RESTORE}")
