"""Where a data set comes from: its real files, or a simulated stand-in."""

from __future__ import annotations

from condense.errors import UserError
from models.choices import nearest

SOURCES = ("auto", "real", "simulated")
"""What a user may ask for; "auto" is real files where they are, else the simulation."""


def check_source(source: str) -> None:
    """Raise unless `source` is in SOURCES.

    Raises:
        UserError: it is not.
    """
    if source not in SOURCES:
        raise UserError(f"source (got {source!r}) is unknown; {nearest(source, SOURCES)}")
