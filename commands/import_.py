"""`import`: convert another tool's condensed graph into a file that the other commands read."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Literal

from rich.markup import escape

from commands.modalities import widths
from commands.terminal import OK, errors, notes, parse, print_json

EXAMPLES = """
  python cli.py import --feat feat_sport_0.001.pt --adj adj_sport_0.001.pt --dataset sport.h5 --out sr.h5
  python cli.py import --format graphslim --method gcond --feat feat_cora_0.5_1.pt --adj adj_cora_0.5_1.pt \\
      --label label_cora_0.5_1.pt --dataset cora --out gcond.h5
"""


@dataclasses.dataclass(frozen=True)
class ImportArguments:
    """Convert another tool's condensed graph into a file that can be inspected and evaluated here.

    Attributes:
        feat: features, float [nodes, width], modalities side by side; a .pt file of one tensor.
        dataset: the whole graph that was condensed: a data set's name, or a file (.h5).
        out: file to write.
        adj: adjacency, [nodes, nodes], dense or sparse COO. GraphSlim's methods without structure do
            not need it.
        label: classes, integers [nodes]. By default they follow from --ratio and the training nodes as in
            SR-GM's released graphs: classes in ascending order of size; the largest takes the rest.
        format: srgm for the SR-GM authors' files, graphslim for GraphSlim's, which store labels.
        modalities: NAME:WIDTH in the order of the columns; by default the whole graph's.
        threshold: entries of the adjacency above it become edges.
        ratio: condensed ÷ training nodes, if there is no --label; by default the number in --feat's name.
        setting: the setting in which the graph was condensed.
        method: the authors' name of the method, such as gcond, for tables.
        seed: seed of the condensation, to distinguish several graphs of one method.
        source: source of the whole graph: the real files, the simulated stand-in, or auto: the real files if
            present, else simulated.
        data_root: folder that holds the data sets' files.
        json: print what is in the file as one JSON document on stdout, and everything else on stderr.
    """

    feat: Path
    dataset: str
    out: Path
    adj: Path | None = None
    label: Path | None = None
    format: Literal["srgm", "graphslim"] = "srgm"
    modalities: list[str] | None = None
    threshold: float = 0.01
    ratio: float | None = None
    setting: Literal["transductive", "inductive"] = "transductive"
    method: str = ""
    seed: int = 0
    source: Literal["auto", "real", "simulated"] = "auto"
    data_root: Path = Path("data")
    json: bool = False


def run(argv: list[str]) -> int:
    """`import`: see `ImportArguments`."""
    args = parse(ImportArguments, argv, "import", EXAMPLES)
    say = notes(args.json)
    from condense.data.graph import display_name
    from condense.datasets.load import load_dataset
    from condense.datasets.registry import dataset_name
    from condense.errors import UserError
    from condense.foreign import ForeignFiles, import_graph
    from condense.inspecting.describe import describe, warnings
    from condense.inspecting.facts import facts
    from condense.io import save
    from condense.io.lock import held
    from condense.io.replace import check_target

    args = dataclasses.replace(args, dataset=dataset_name(args.dataset))
    named = widths(args.modalities)
    files = ForeignFiles(args.feat, args.adj, args.label)
    for path in (args.feat, args.adj, args.label, Path(args.dataset)):
        if path is not None and os.path.realpath(path) == os.path.realpath(args.out):
            raise UserError(f"out (got {args.out}) is one of the files to read; choose another")
    check_target(args.out)
    names = None if named is None else list(named)
    with errors.status(f"loading {escape(args.dataset)} …"):
        whole = load_dataset(args.dataset, args.data_root, args.source, names)
    settings = {"dataset": args.dataset, "source": whole.source, "modalities": names}
    condensed = import_graph(
        whole,
        files,
        args.format,
        widths=named,
        threshold=args.threshold,
        ratio=args.ratio,
        setting=args.setting,
        method=args.method,
        seed=args.seed,
        dataset_settings=settings,
    )
    with held(args.out):
        save(args.out, condensed)
    for line in describe(condensed):
        say.print(line, markup=False)
    warned = warnings(condensed)
    for warning in warned:
        say.print(f"[yellow]warning:[/] {escape(warning)}")
    origin = escape(display_name(whole.name, whole.source))
    say.print(
        f"Written to [bold]{escape(str(args.out))}[/], as condensed from {origin}, "
        "the graph that --dataset names; this cannot be checked."
    )
    if args.json:
        print_json({"file": str(args.out), **facts(condensed), "warnings": warned})
    return OK
