"""`prepare`: make a graph's file of the files that a user has."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.markup import escape

from commands.modalities import sources
from commands.terminal import OK, errors, notes, parse, print_json, silenced

if TYPE_CHECKING:
    from condense.data.graph import MultimodalGraph

EXAMPLES = """
  python cli.py prepare data.pt --out mine.h5
  python cli.py prepare sport_clip.pt --modalities text:512 image:512 --split 20/10/70 --out sport.h5
  python cli.py prepare graph.pt --target paper --split 20/30 --seed 1 --out mine.h5
  python cli.py prepare data.pt --split train.npy val.npy test.npy --out mine.h5
  python cli.py prepare graph.toml --on-unknown drop --out mine.h5
"""
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclasses.dataclass(frozen=True)
class PrepareArguments:
    """Make a graph's file (.h5), which every other command takes, of files in a usual format.

    Attributes:
        source: file or folder.
        out: file to write (.h5).
        format: of the source, see docs/prepare.md; auto recognises it.
        target: node type to classify, where several have labels; of a graph of one type, the name to give it.
        modalities: how the columns of x divide, as text:512 image:512, or which attributes are features, as
            text:x image:img. By default as the files name them.
        split: draws a split: 20/10/70 are per cent of the labelled nodes for training, validation and test;
            20/30 are nodes of each class for training and validation, and the rest for the test. Or three
            files with the nodes of these parts, as train.txt val.txt test.txt. Or the name of one of several
            splits in the source. By default the source's own.
        seed: of a split that is drawn.
        split_index: which column of masks that hold several splits, counted from 0.
        edge_weight: edge attribute that holds weights.
        name: of the data set in tables; by default that of the source.
        on_unknown: edges of tables that name a node which no table has are an error, or left out (drop).
        json: print what is in the file as one JSON document on stdout, and everything else on stderr.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    format: str = "auto"
    target: str | None = None
    modalities: list[str] | None = None
    split: list[str] | None = None
    seed: int = 0
    split_index: int | None = None
    edge_weight: str | None = None
    name: str | None = None
    on_unknown: Literal["drop", "error"] = "error"
    json: bool = False


def run(argv: list[str]) -> int:
    """`prepare`: see `PrepareArguments`."""
    args = parse(PrepareArguments, argv, "prepare", EXAMPLES)
    say = notes(args.json)
    modalities = sources(args.modalities)
    from condense.data.advice import advice
    from condense.datasets.registry import FILE_ENDINGS
    from condense.errors import UserError
    from condense.inspecting.describe import describe
    from condense.inspecting.facts import facts
    from condense.io import save
    from condense.io.lock import held
    from condense.io.replace import check_target
    from condense.prepare.prepare import prepare

    if not args.out.name.endswith(FILE_ENDINGS):
        raise UserError(f"out (got {args.out}) must end in {' or '.join(FILE_ENDINGS)}")
    if os.path.realpath(args.source) == os.path.realpath(args.out):
        raise UserError(f"out (got {args.out}) is the file to read; choose another")
    check_target(args.out)
    # What was changed is listed below.
    log = logging.getLogger("condense.data.from_pyg")
    with errors.status(f"reading {escape(str(args.source))} …"), silenced(log):
        made = prepare(
            args.source,
            args.format,
            target=args.target,
            modalities=modalities,
            split=args.split,
            split_index=args.split_index,
            edge_weight=args.edge_weight,
            name=args.name,
            seed=args.seed,
            on_unknown=args.on_unknown,
        )
    with held(args.out):
        save(args.out, made.graph)
    for line in describe(made.graph):
        say.print(line, markup=False)
    for change in made.changes:
        say.print(f"note     {escape(change)}")
    warned = advice(made.graph)
    for warning in warned:
        say.print(f"[yellow]warning:[/] {escape(warning)}")
    out = escape(str(args.out))
    following = f"python cli.py condense --dataset {out} --ratio {_ratio(made.graph)}"
    say.print(f"Written to [bold]{out}[/]. Next: {following}")
    if args.json:
        contents = facts(made.graph)
        print_json({"file": str(args.out), **contents, "changes": made.changes, "warnings": warned})
    return OK


def _ratio(graph: MultimodalGraph) -> float:
    """A ratio to begin with: 0.01, or more where that is less than two nodes of each class."""
    least = 2 * graph.num_classes / graph[graph.target].num_nodes
    return next((ratio for ratio in RATIOS if ratio >= least), RATIOS[-1])
