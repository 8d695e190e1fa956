"""Command line: condense a graph, look into a file, compare graphs, reproduce published figures.

Heavy packages are imported by the subcommand that needs them, so that help answers at once.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

if TYPE_CHECKING:
    from condense.checkpoints import Checkpoints
    from condense.data.condensed import CondensedGraph

OK, MISSED, WRONG, INTERRUPTED = 0, 1, 2, 130
PAPERS = Path(__file__).parent / "configs" / "paper"
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

SUMMARY = """Condense multimodal heterogeneous graphs, and measure what the small graph is worth.

  condense   a whole graph -> a small one, in one HDF5 file
  inspect    what is in such a file
  evaluate   train models on small and whole graphs, test them on the whole
  reproduce  train models on whole graphs as their papers do, beside the papers' figures

python cli.py condense --dataset amazon1 --ratio 0.01
python cli.py inspect runs/amazon1-srgm-0.01-seed0.h5
python cli.py evaluate --condensed runs/amazon1-srgm-0.01-seed0.h5 --models mlp sgc
python cli.py COMMAND --help shows the options of a command."""


@dataclasses.dataclass(frozen=True)
class CondenseArguments:
    """Condense a graph into an HDF5 file.

    Attributes:
        dataset: amazon1, amazon2, imdb, imdb-unique, acm, dblp, cora, photo or one of their other
            splits (README.md lists all), or the path of a graph saved by condense.io.save (.h5).
        source: real files, the simulated stand-in, or real where prepared and else simulated.
        data_root: folder that holds the data sets' files.
        modalities: of the target type; by default the data set's usual ones.
        ratio: condensed target nodes as a share of the base.
        ratio_base: all target nodes, or the training nodes alone; by default "all" in the transductive
            setting and "train" in the inductive one.
        setting: transductive: test nodes are there without labels. inductive: the sub-graph of the training
            nodes is condensed, and models meet test nodes only when they are tested.
        edge_ratio: share of each relation's edges that may be kept; by default the node ratio.
        method: srgm, random, herding, kcenter, kmeans or coarsening; its own options are listed below.
        seed: of everything random.
        device: auto, cpu, cuda, …
        out: file to write; by default runs/DATASET-METHOD-RATIO-seedSEED.h5, with
            the settings that were changed, and "-inductive" after the data set. While srgm runs, its
            state is kept in the folder OUT.checkpoints.
        resume: go on where the interrupted run with the same options and --out had its last checkpoint.
        checkpoint_seconds: least time between two checkpoints; 0 makes one at every validation.
        config: TOML file with any of these options, and the method's in a table [METHOD]; flags win.
    """

    dataset: str = "amazon1"
    source: Literal["auto", "real", "simulated"] = "auto"
    data_root: Path = Path("data")
    modalities: list[str] | None = None
    ratio: float = 0.01
    ratio_base: Literal["all", "train"] | None = None
    setting: Literal["transductive", "inductive"] = "transductive"
    edge_ratio: float | None = None
    method: str = "srgm"
    seed: int = 0
    device: str = "auto"
    out: Path | None = None
    resume: bool = False
    checkpoint_seconds: float = 10.0
    config: Path | None = None


@dataclasses.dataclass(frozen=True)
class EvaluateArguments:
    """Train models on whole and condensed graphs, test all on the whole graph's test nodes.

    Attributes:
        condensed: condensed graphs to judge.
        models: architectures to train: mlp, sgc, gcn, graphsage, gat, appnp, chebnet, hgt, hgt_late, han,
            han_late, sehgnn, sehgnn_late, hetgnn, mhgat, mmgcn, xgea, hgnn_ima or hetcrf.
        seeds: trainings of each model on each graph.
        per_graph: trainings on each condensed graph, where there are many of one method; by default
            as many as seeds. With --seeds 5 --per-graph 1, five files are trained with one seed each.
        out: folder for results.csv.
        baselines: rivals condensed at the same budgets and seeds: METHOD or METHOD:SETTING=VALUE,…
        tune: settings tried for each model and method, whole included, chosen on validation nodes.
        epochs: full-batch training steps.
        check_every: epochs between validations.
        patience: epochs after which training stops if all validations in them were worse than the best in
            both loss and score; by default it never stops early.
        data_root: folder that holds the data sets' files.
        whole: the whole graph's file, if it is one's own and has moved.
        device: auto, cpu, cuda, …
        config: TOML file with any of these options; flags win.
    """

    condensed: list[Path] = dataclasses.field(default_factory=list)
    models: list[str] = dataclasses.field(default_factory=lambda: ["mlp", "sgc", "hgt"])
    seeds: int = 5
    per_graph: int | None = None
    out: Path = Path("runs/evaluate")
    baselines: list[str] = dataclasses.field(default_factory=list)
    tune: int = 1
    epochs: int = 200
    check_every: int = 20
    patience: int | None = None
    data_root: Path = Path("data")
    whole: Path | None = None
    device: str = "auto"
    config: Path | None = None


@dataclasses.dataclass(frozen=True)
class ReproduceArguments:
    """Train models on whole graphs as their papers do, and set test scores beside the published figures.

    The exit status is 0 if every bar is reached, 1 if one is missed, 2 if data or settings are wrong.

    Attributes:
        names: files in configs/paper without their ending, or paths of such TOML files; by default all.
        seeds: trainings of each model; by default as many as the file says.
        data_root: folder that holds the data sets' files.
        device: auto, cpu, cuda, …
    """

    names: Annotated[list[str], tyro.conf.Positional] = dataclasses.field(default_factory=list)
    seeds: int | None = None
    data_root: Path = Path("data")
    device: str = "auto"


@dataclasses.dataclass(frozen=True)
class InspectArguments:
    """Show what is in a whole or condensed graph's file.

    Attributes:
        file: HDF5 file.
    """

    file: Annotated[Path, tyro.conf.Positional]


def condense_command(argv: list[str]) -> int:
    """`condense`: see `CondenseArguments`."""
    from condense.budget import plan
    from condense.checkpoints import Checkpoints, finished, folder_beside
    from condense.data.datasets.registry import load_dataset
    from condense.data.graph import display_name
    from condense.errors import DivergedError, UserError
    from condense.identity import identity
    from condense.io import save
    from condense.io.replace import check_target
    from condense.methods.registry import METHODS
    from condense.methods.spec import label
    from condense.progress import Progress
    from condense.run import condense, find_device

    logging.getLogger("condense").setLevel(logging.INFO)  # Says where a run goes on.
    args, settings = _parse_condense(argv, METHODS)
    # Changed settings are part of the name, so that runs to be compared do not replace each other.
    method = label(args.method, dataclasses.asdict(settings)).replace(":", "-")
    name = Path(args.dataset).stem + ("" if args.setting == "transductive" else f"-{args.setting}")
    out = args.out or Path("runs") / (f"{name}-{method}-{args.ratio:g}-seed{args.seed}.h5")
    if Path(args.dataset).resolve() == out.resolve():
        raise UserError(f"out (got {out}) is the whole graph itself; choose another file")
    check_target(out)
    checkpoints = Checkpoints(folder_beside(out), args.checkpoint_seconds, args.resume)
    with errors.status(f"loading {args.dataset} …"):
        graph = load_dataset(args.dataset, args.data_root, args.source, args.modalities)
    title = display_name(graph.name, graph.source)
    budget = plan(graph, args.ratio, args.ratio_base, args.edge_ratio, args.setting)
    _announce(title, graph.target, args.method, budget)
    if args.resume:
        run = identity(graph, budget, args.method, settings, args.seed, find_device(args.device))
        if finished(out, run):
            checkpoints.discard()
            console.print(f"Nothing to do: [bold]{out}[/] is complete.")
            return OK
    try:
        with Progress(errors, f"{args.method} on {title}") as progress:
            condensed = condense(
                graph,
                budget,
                args.method,
                dataclasses.asdict(settings),
                seed=args.seed,
                device=args.device,
                dataset_settings={
                    "dataset": args.dataset,
                    "source": graph.source,
                    "modalities": args.modalities,
                },
                on_step=progress.on_step,
                checkpoints=checkpoints,
            )
    except DivergedError as error:
        save(out, error.best)
        raise UserError(f"{error}. The best graph before is in {out}") from error
    return _finish(out, condensed, checkpoints)


def _parse_condense(argv: list[str], methods: dict[str, Any]) -> tuple[CondenseArguments, Any]:
    """Options of the command and of its method: flags over the file over defaults."""
    from condense.config import build, flag, from_file, unchecked
    from models.choices import choose

    arguments, tables = from_file(CondenseArguments, _config(argv), methods)
    method = flag(argv, "--method") or arguments.method
    kind = choose(methods, method, "method").settings
    settings = build(kind, tables.get(method, {}), f"config table [{method}]")
    plain = unchecked(kind, settings)
    both = dataclasses.make_dataclass(
        "Arguments",
        [
            ("common", tyro.conf.OmitArgPrefixes[CondenseArguments]),
            ("settings", tyro.conf.OmitArgPrefixes[plain]),
        ],
    )
    parsed: Any = tyro.cli(
        both,
        args=argv,
        prog="cli.py condense",
        default=both(common=arguments, settings=plain()),
        description="Condense a graph into an HDF5 file.",
    )
    return parsed.common, build(kind, dataclasses.asdict(parsed.settings), f"method {method}")


def _config(argv: list[str]) -> Path | None:
    from condense.config import flag

    path = flag(argv, "--config")
    return None if path is None else Path(path)


def _announce(title: str, target: str, method: str, budget: Any) -> None:
    console.print(
        f"[bold]{title}[/], {budget.setting}: {method}, {budget.nodes[target]} {target} nodes"
    )
    console.print(
        f"  {budget.ratio:.3%} of all {target} nodes, {budget.ratio_train:.3%} of the training nodes; "
        f"classes {', '.join(map(str, budget.classes))}"
    )
    others = [f"{n} {t}" for t, n in budget.nodes.items() if t != target]
    edges = [f"{n} {r[1]}" for r, n in budget.edges.items()]
    console.print(f"  {', '.join([*others, 'edges at most ' + ', '.join(edges)])}")
    for notice in budget.notices:
        console.print(f"  [yellow]note:[/] {notice}")


def _finish(out: Path, condensed: CondensedGraph, checkpoints: Checkpoints) -> int:
    """Write the graph and say what it cost; checkpoints are kept for as long as they may serve."""
    from condense.describe import warnings
    from condense.errors import FileError
    from condense.io import save

    try:
        save(out, condensed)
    except FileError as error:
        raise FileError(f"{error}; then give the same command with --resume") from error
    if condensed.provenance.complete:
        checkpoints.discard()
    for stage in condensed.provenance.stages:
        console.print(
            f"  {stage['name']:<10} {stage['seconds']:7.1f} s, peak {stage['peak_bytes'] / 2**20:,.0f} MiB"
        )
    for warning in warnings(condensed):
        console.print(f"  [yellow]warning:[/] {warning}")
    if not condensed.provenance.complete:
        console.print(f"Interrupted: the best graph so far is in [bold]{out}[/]; --resume goes on.")
        return INTERRUPTED
    console.print(f"Written to [bold]{out}[/] in {condensed.provenance.condense_seconds:.1f} s.")
    return OK


def inspect_command(argv: list[str]) -> int:
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


def evaluate_command(argv: list[str]) -> int:
    """`evaluate`: see `EvaluateArguments`."""
    from condense.config import from_file
    from condense.io.replace import check_target

    default, _ = from_file(EvaluateArguments, _config(argv))
    args = tyro.cli(EvaluateArguments, args=argv, prog="cli.py evaluate", default=default)
    from evaluate.contenders import gather
    from evaluate.evaluator import Protocol, evaluate
    from evaluate.results import Row, write_rows
    from evaluate.table import as_break_even, as_text, summarise
    from evaluate.train import TrainSettings

    training = TrainSettings(
        epochs=args.epochs, check_every=args.check_every, patience=args.patience
    )
    protocol = Protocol(tuple(args.models), args.seeds, args.per_graph, args.tune, training)
    protocol.check()
    results = args.out / "results.csv"
    check_target(results)
    rows: list[Row] = []

    def on_row(row: Row) -> None:
        rows.append(row)
        write_rows(results, rows)
        errors.print(
            f"{row.model} on {row.method}, seed {row.train_seed}: micro-F1 {row.micro_f1:.3f}, "
            f"macro-F1 {row.macro_f1:.3f}, {row.train_seconds:.1f} s"
        )

    status = OK
    try:
        for match in gather(
            args.condensed, args.baselines, args.data_root, args.whole, args.device
        ):
            first = len(rows)
            try:
                evaluate(match.arena, match.contestants, protocol, on_row)
            finally:
                console.print(f"\n[bold]{match.arena.title}[/]\n")
                lines = summarise(rows[first:])
                console.print(as_text(lines), markup=False)
                if paid := as_break_even(lines):
                    console.print(
                        f"\nTrainings after which condensing has paid off:\n\n{paid}", markup=False
                    )
    except KeyboardInterrupt:
        console.print("Interrupted: the trainings that had ended are kept.")
        status = INTERRUPTED
    console.print(f"\n{len(rows)} rows in [bold]{results}[/].")
    return status


def reproduce_command(argv: list[str]) -> int:
    """`reproduce`: see `ReproduceArguments`."""
    args = tyro.cli(ReproduceArguments, args=argv, prog="cli.py reproduce")
    from condense.errors import FileError
    from evaluate.reproduce import Reproduced, as_text, read_plan, reproduce
    from evaluate.results import Row
    from models.choices import choose

    known = {path.stem: path for path in sorted(PAPERS.glob("*.toml"))}
    paths = [
        Path(name) if name.endswith(".toml") else choose(known, name, "reproduce")
        for name in args.names or known
    ]
    plans = [read_plan(path) for path in paths]  # Before long work: whether all can be meant.
    found: list[Reproduced] = []
    status = OK

    def on_row(row: Row) -> None:
        errors.print(
            f"{row.model} on {row.dataset}, seed {row.train_seed}: validation micro-F1 "
            f"{row.val_micro_f1:.3f} at epoch {row.epoch}, {row.train_seconds:.1f} s"
        )

    try:
        for path, plan in zip(paths, plans, strict=True):
            try:
                found += reproduce(plan, args.data_root, args.device, args.seeds, on_row)
            except FileError as error:
                errors.print(f"error: {path.name} left out: {error}", markup=False)
                status = WRONG
    except KeyboardInterrupt:
        console.print("Interrupted: what had ended is below.")
        status = INTERRUPTED
    if found:
        console.print(as_text(found), markup=False)
    if status == OK and not all(one.reached for one in found):
        status = MISSED
    return status


COMMANDS = {
    "condense": condense_command,
    "inspect": inspect_command,
    "evaluate": evaluate_command,
    "reproduce": reproduce_command,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 2 for the user's mistakes, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    if not argv or argv[0] in ("-h", "--help"):
        console.print(SUMMARY, markup=False)
        return OK if argv else WRONG
    from condense.errors import UserError
    from models.choices import UnknownChoiceError, choose

    try:
        return choose(COMMANDS, argv[0], "command")(argv[1:])
    except (UserError, UnknownChoiceError) as error:
        errors.print(f"error: {error}", markup=False)
        return WRONG
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing was written.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
