"""`inspect`: what is in a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from commands.terminal import OK, console


@dataclasses.dataclass(frozen=True)
class InspectArguments:
    """Show what is in a whole or condensed graph's file.

    Attributes:
        file: HDF5 file.
    """

    file: Annotated[Path, tyro.conf.Positional]


def run(argv: list[str]) -> int:
    """`inspect`: see `InspectArguments`."""
    args = tyro.cli(InspectArguments, args=argv, prog="cli.py inspect")
    from condense.data.condensed import CondensedGraph
    from condense.describe import describe, warnings
    from condense.io import load

    found = load(args.file)
    for line in describe(found):
        console.print(line, markup=False)
    if isinstance(found, CondensedGraph):
        for warning in warnings(found):
            console.print(f"[yellow]warning:[/] {warning}")
    return OK
