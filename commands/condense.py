"""`condense`: condense a whole graph into a small one, in one HDF5 file."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape

from commands.condense_on_disk import condense_if_large
from commands.condense_text import announce, show_cost, warn, watched
from commands.terminal import (
    INTERRUPTED,
    OK,
    config,
    described,
    errors,
    notes,
    parse,
    print_json,
)
from condense.config import build, flag, from_file, unchecked
from condense.datasets.registry import dataset_name
from condense.errors import UserError
from condense.methods.registry import METHODS
from models.choices import canonical, registered

if TYPE_CHECKING:
    from condense.data.condensed import CondensedGraph
    from condense.running.checkpoints import Checkpoints

EXAMPLES = """
  python cli.py condense --dataset amazon1 --ratio 0.01
  python cli.py condense --dataset mine.h5 --ratio 0.02 --method kmeans --labels pseudo --out small.h5
  python cli.py condense --config configs/demo.toml --seed 3 --json > made.json
  python cli.py condense --dataset imdb --ratio 0.01 --resume --tensorboard runs/board
"""


@dataclasses.dataclass(frozen=True)
class CondenseArguments:
    """Condense a graph into an HDF5 file.

    Attributes:
        dataset: amazon1, amazon2, imdb, imdb-unique, acm, dblp, cora, photo, debian, another split of these
            (docs/datasets.md lists all), or the path of a graph saved by condense.io.save (.h5).
        source: the real files, the simulated stand-in, or auto: the real files if present, else simulated.
        data_root: folder that holds the data sets' files.
        modalities: modalities of the target type to use; by default the data set's usual ones.
        ratio: condensed target nodes as a share of the base.
        ratio_base: base of the ratio: all target nodes, or the training nodes alone; by default "all" in the
            transductive setting and "train" in the inductive one.
        setting: transductive condenses the graph with its test nodes, whose labels are hidden; inductive
            condenses the sub-graph of the training nodes, and models see test nodes only in the test.
        edge_ratio: the largest share of each relation's edges to keep, 0 for none; by default the node ratio.
        method: mixture, srgm, random, herding, kcenter, bonsai, kmeans, coarsening, gcdm, gcdmx, gcsntk,
            sfgc, geom, freehgc, hgcond, gcond, gcondx, doscond, sgdd, msgc or simgc; see its options.
        bits: of a feature, 32, 16 or 8; a graph with a spread takes 16 at most. Scores stay
            the same (docs/concepts.md). A modality that rounding would change keeps more, with a note.
        seed: seed of all random numbers.
        device: auto, cpu, cuda, …
        out: file to write; by default runs/DATASET-METHOD-RATIO-seedSEED.h5, where METHOD includes the
            settings that were changed, and DATASET ends in "-inductive" in that setting. While a
            method of many steps runs, such as srgm, its state is kept in the folder OUT.checkpoints.
        memory: bound on memory, as 6GiB; half of what is free by default. A file (.h5) with a graph that
            would take more is condensed on disk (docs/out-of-core.md), by mixture, srgm, coarsening,
            kmeans or random.
        work: folder for what is sorted and propagated on disk; by default OUT.work, deleted at the end.
        address: HOST:PORT of a Ray cluster, or auto for one that runs on this machine, on which a graph on
            disk is condensed; all its machines must see the folder --work.
        resume: resume the interrupted run with the same options and --out from its last checkpoint.
        checkpoint_seconds: least seconds between two checkpoints; 0 writes one at every validation.
        tensorboard: folder for the run's curves, which `tensorboard --logdir` shows.
        json: print the result as one JSON document on stdout, and everything else on stderr.
        config: TOML file with any of these options, and those of the method in a table [METHOD]; flags
            override it.
    """

    dataset: str = "amazon1"
    source: Literal["auto", "real", "simulated"] = "auto"
    data_root: Path = Path("data")
    modalities: list[str] | None = None
    ratio: float = 0.01
    ratio_base: Literal["all", "train"] | None = None
    setting: Literal["transductive", "inductive"] = "transductive"
    edge_ratio: float | None = None
    method: str = "mixture"
    bits: Literal[32, 16, 8] = 32
    seed: int = 0
    device: str = "auto"
    out: Path | None = None
    memory: str | None = None
    work: Path | None = None
    address: str | None = None
    resume: bool = False
    checkpoint_seconds: float = 10.0
    tensorboard: Path | None = None
    json: bool = False
    config: Path | None = None


def run(argv: list[str]) -> int:
    """`condense`: see `CondenseArguments`."""
    args, settings = _parse(argv)
    args = dataclasses.replace(args, dataset=dataset_name(args.dataset))
    out = _out(args, settings)
    from condense.io.lock import held
    from condense.io.replace import check_target
    from condense.running.checkpoints import SUFFIX

    logging.getLogger("condense").setLevel(logging.INFO)  # Logs where a run resumes.
    say = notes(args.json)
    check_target(out, SUFFIX)
    with held(out):
        return _condense(args, settings, out, say)


def _condense(args: CondenseArguments, settings: Any, out: Path, say: Console) -> int:
    """Condense, and write and print the result; no other process writes to `out`."""
    from condense.budget import plan
    from condense.data.advice import advice
    from condense.data.graph import display_name
    from condense.datasets.load import load_dataset
    from condense.device import find_device
    from condense.io import load_condensed, save
    from condense.run import DivergedError, condense
    from condense.running.checkpoints import Checkpoints, finished, folder_beside
    from condense.running.identity import identity
    from condense.running.tensorboard import TensorBoard

    large = condense_if_large(args, settings, out, say)
    if large is not None:
        condensed, budget = large
        return _finish(args, out, condensed, budget.notices if budget else (), ())
    board = TensorBoard(args.tensorboard) if args.tensorboard else None
    checkpoints = Checkpoints(folder_beside(out), args.checkpoint_seconds, args.resume)
    with errors.status(f"loading {escape(args.dataset)} …"):
        graph = load_dataset(args.dataset, args.data_root, args.source, args.modalities)
    title = display_name(graph.name, graph.source)
    budget = plan(graph, args.ratio, args.ratio_base, args.edge_ratio, args.setting)
    announce(say, title, graph.target, args.method, budget)
    advised = advice(graph)
    warn(say, advised)
    if args.resume:
        run = identity(graph, budget, args.method, settings, args.seed, find_device(args.device))
        if finished(out, run):
            condensed = load_condensed(out)
            if condensed.provenance.measures.get("bits", 32) == args.bits:
                checkpoints.discard()
                say.print(f"Nothing to do: [bold]{escape(str(out))}[/] is complete.")
                return _finish(args, out, condensed, budget.notices, advised)
    try:
        with watched(f"{args.method} on {title}", board) as (on_step, on_stage):
            condensed = condense(
                graph,
                budget,
                args.method,
                dataclasses.asdict(settings),
                seed=args.seed,
                device=args.device,
                bits=args.bits,
                dataset_settings={
                    "dataset": args.dataset,
                    "source": graph.source,
                    "modalities": args.modalities,
                },
                on_step=on_step,
                checkpoints=checkpoints,
                on_stage=on_stage,
            )
    except DivergedError as error:
        save(out, error.best)
        raise UserError(f"{error}. The best graph before is in {out}") from error
    _keep(say, out, condensed, checkpoints)
    return _finish(args, out, condensed, budget.notices, advised)


def more_arguments(words: Sequence[str]) -> list[type]:
    """The options of the method that `words` name, for completion."""
    method = registered(METHODS, flag(words, "--method") or CondenseArguments.method)
    return [] if method is None else [METHODS[method].settings]


def _parse(argv: list[str]) -> tuple[CondenseArguments, Any]:
    """The options of the command and of its method: flags override the file, the file the defaults."""
    arguments, tables = from_file(CondenseArguments, config(argv), METHODS)
    method = canonical(METHODS, flag(argv, "--method") or arguments.method, "method")
    kind = METHODS[method].settings
    if tables and method not in tables and not flag(argv, "--method"):
        table = next(iter(tables))
        raise UserError(
            f'config table [{table}] has no effect with method {method}; add method = "{table}" to the '
            "file, or take the table out"
        )
    settings = build(kind, tables.get(method, {}), f"config table [{method}]")
    _refuse_options_of_others(argv, method)
    plain = unchecked(kind, settings)
    both: Any = dataclasses.make_dataclass(
        "Arguments",
        [
            ("common", tyro.conf.OmitArgPrefixes[CondenseArguments]),
            ("settings", tyro.conf.OmitArgPrefixes[plain]),
        ],
    )
    both.__doc__ = described(CondenseArguments)
    default = both(common=arguments, settings=plain())
    parsed: Any = parse(both, argv, "condense", EXAMPLES, default)
    common = dataclasses.replace(parsed.common, method=method)
    return common, build(kind, dataclasses.asdict(parsed.settings), f"method {method}")


def _refuse_options_of_others(argv: list[str], method: str) -> None:
    """Say which method an option belongs to, if it is none of this one's."""

    def options(kind: type) -> set[str]:
        return {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(kind)}

    known = options(CondenseArguments) | options(METHODS[method].settings)
    for word in argv:
        option = word.split("=")[0].replace("--no-", "--")
        owners = [name for name, entry in METHODS.items() if option in options(entry.settings)]
        if owners and option not in known:
            raise UserError(
                f"{option} is an option of {', '.join(owners)}, and not of {method}; "
                f"add --method {owners[0]}, or leave it out"
            )


def _out(args: CondenseArguments, settings: Any) -> Path:
    """The file to write.

    Changed settings are part of its name, so that runs to be compared do not overwrite each other.
    """
    from condense.methods.spec import label

    method = label(args.method, dataclasses.asdict(settings)).replace(":", "-")
    name = Path(args.dataset).stem + ("" if args.setting == "transductive" else f"-{args.setting}")
    out = args.out or Path("runs") / (f"{name}-{method}-{args.ratio:g}-seed{args.seed}.h5")
    if os.path.realpath(args.dataset) == os.path.realpath(out):
        raise UserError(f"out (got {out}) is the whole graph itself; choose another file")
    return out


def _keep(say: Console, out: Path, condensed: CondensedGraph, checkpoints: Checkpoints) -> None:
    """Write the graph and print what it cost; checkpoints are kept until the graph is complete."""
    from condense.errors import FileError
    from condense.io import save

    try:
        save(out, condensed)
    except FileError as error:
        raise FileError(f"{error}; then give the same command with --resume") from error
    if condensed.provenance.complete:
        checkpoints.discard()
    show_cost(say, out, condensed)


def _finish(
    args: CondenseArguments,
    out: Path,
    condensed: CondensedGraph,
    notices: Sequence[str],
    advised: Sequence[str],
) -> int:
    """Print the result as JSON if asked for, as `inspect` does, and return the exit status."""
    if args.json:
        from condense.inspecting.describe import warnings
        from condense.inspecting.facts import facts

        warned = [*advised, *warnings(condensed)]
        document = {"file": str(out), **facts(condensed), "warnings": warned}
        print_json({**document, "notes": list(notices)})
    return OK if condensed.provenance.complete else INTERRUPTED
