"""`inspect`: show the content of a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro
from rich.markup import escape

from commands.terminal import OK, console, parse, print_json

EXAMPLES = """
  python cli.py inspect runs/imdb-srgm-0.01-seed0.h5
  python cli.py inspect mine.h5 --json | jq .relations
"""


@dataclasses.dataclass(frozen=True)
class InspectArguments:
    """Show what is in a whole or condensed graph's file.

    Attributes:
        file: HDF5 file.
        json: print the same content as one JSON document.
    """

    file: Annotated[Path, tyro.conf.Positional]
    json: bool = False


def run(argv: list[str]) -> int:
    """`inspect`: see `InspectArguments`."""
    args = parse(InspectArguments, argv, "inspect", EXAMPLES)
    from condense.data.condensed import CondensedGraph
    from condense.inspecting.describe import describe, warnings
    from condense.inspecting.facts import facts
    from condense.io import load

    graph = load(args.file)
    warned = warnings(graph) if isinstance(graph, CondensedGraph) else []
    if args.json:
        print_json({"file": str(args.file), **facts(graph), "warnings": warned})
        return OK
    for line in describe(graph):
        console.print(line, markup=False)
    for warning in warned:
        console.print(f"[yellow]warning:[/] {escape(warning)}")
    return OK
