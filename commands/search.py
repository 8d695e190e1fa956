"""`search`: find architectures on a condensed graph, and verify that its ranking holds on the whole one."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.search_text import as_text
from commands.terminal import INTERRUPTED, MISSED, OK, console, errors, parse, print_json

if TYPE_CHECKING:
    from condense.data.condensed import CondensedGraph
    from condense.data.graph import MultimodalGraph
    from evaluate.search.space import Space
    from evaluate.training.task import EvaluationTask

SPACE = Path(__file__).parents[1] / "configs" / "space.toml"
EXAMPLES = """
  python cli.py search --condensed small.h5 --samples 40 --top 3 --out runs/search
  python cli.py search --condensed small.h5 --samples 0 --verify 45 --out runs/verify
"""


@dataclasses.dataclass(frozen=True)
class SearchArguments:
    """Search architectures on a condensed graph; retrain the best on the whole graph and test them once.

    The folder --out keeps everything; the same command goes on after Ctrl-C, a kill or a lost machine. The
    exit status is 0, 1 if a trial failed, 2 for wrong input, 130 after Ctrl-C.

    Attributes:
        condensed: condensed graph to search on.
        space: TOML file of model families and the values of their settings; by default configs/space.toml.
        samples: architectures that the search tries; 0 leaves the search out.
        out: folder for the results.
        top: how many of the best are retrained on the whole graph and tested.
        seeds: trainings of each of these.
        verify: sampled architectures to train on condensed and whole graph and by two rivals of equal time,
            for rank correlation, regret and speed-up; 0 leaves it out.
        verify_whole: how many of these are trained on the whole graph and by the rivals, where all would take
            too long; the time of the others is extrapolated from their families. All by default.
        epochs: of every training, in place of the space's.
        seed: of samples, search and trainings.
        jobs: trials of the search at a time, one thread each; by default one a CPU.
        address: Ray cluster to join, HOST:PORT or "auto"; by default one of this machine's is started.
        data_root: folder that holds the data sets' files.
        whole: the whole graph's file, if it is one's own and has moved.
        json: print the results as JSON, for machines.
    """

    condensed: Path
    space: Path | None = None
    samples: int = 40
    out: Path = Path("runs/search")
    top: int = 3
    seeds: int = 1
    verify: int = 0
    verify_whole: int | None = None
    epochs: int | None = None
    seed: int = 0
    jobs: int | None = None
    address: str | None = None
    data_root: Path = Path("data")
    whole: Path | None = None
    json: bool = False


def run(argv: list[str]) -> int:
    """`search`: see `SearchArguments`."""
    args = parse(SearchArguments, argv, "search", EXAMPLES)
    from condense.running.identity import versions
    from evaluate.grid.training_graphs import gather
    from evaluate.results.json_files import read_json
    from evaluate.results.run_record import RunRecord
    from evaluate.search.record import claim
    from evaluate.search.space import read_space, sample

    _check(args)
    path = args.space or SPACE
    space = read_space(path)
    if args.epochs is not None:
        space = dataclasses.replace(space, epochs=args.epochs)
    sample(space, max(args.samples, args.verify), args.seed)  # Whether the space has as many.
    compared = gather([args.condensed], args.data_root, args.whole, "cpu")[0]
    made = compared.training_graphs[1].condensed
    assert made is not None
    _check_seconds(args, made)
    task, graph = compared.task, compared.task.admit(made.graph)
    task.check_testable()
    summary = {**read_json(args.out / "search.json"), **_about(args, space, task, made)}
    claim(args.out / "plan.json", _plan(args, space, summary))
    more = {name: importlib.metadata.version(name) for name in ("ray", "optuna")}
    RunRecord(
        "search",
        dataclasses.asdict(args),
        [str(args.condensed)],
        task.raw.name,
        task.raw.source,
        {**versions(), **more},
    ).write(args.out)
    errors.print(f"[bold]{task.title}[/]; {space.size:,} architectures in {path}")
    status = OK
    try:
        if args.samples:
            status = _search(args, space, task, graph, summary)
        if args.verify:
            _verify(args, space, task, graph, summary)
    except KeyboardInterrupt:
        errors.print("Interrupted: what had ended is kept; the same command goes on.")
        return INTERRUPTED
    if args.json:
        print_json(summary)
    else:
        console.print(f"\nAll of it is in [bold]{args.out}[/].")
    return status


def _check(args: SearchArguments) -> None:
    """Raise for numbers that cannot be meant."""
    from condense.errors import UserError

    least = {"samples": 0, "verify": 0, "top": 0, "seeds": 1, "seed": 0}
    optional = {"verify_whole": args.verify_whole, "epochs": args.epochs, "jobs": args.jobs}
    least |= {name: 1 for name, value in optional.items() if value is not None}
    for name, low in least.items():
        if getattr(args, name) < low:
            raise UserError(
                f"{name} (got {getattr(args, name)}) must be at least {low}; "
                "leave it out for the default"
            )
    if args.verify == 1:
        raise UserError("verify (got 1) must be at least 2, or there is nothing to rank; try 45")
    if args.verify_whole is not None and not 2 <= args.verify_whole <= args.verify:
        raise UserError(
            f"verify_whole (got {args.verify_whole}) must be 2 … --verify ({args.verify}); "
            "leave it out for all"
        )
    if not args.samples and not args.verify:
        raise UserError("samples and verify (got 0 and 0) leave nothing to do; give one of them")


def _check_seconds(args: SearchArguments, made: CondensedGraph) -> None:
    """Raise if a speed-up is asked for that cannot be known."""
    from condense.errors import UserError

    if args.verify and math.isnan(made.provenance.condense_seconds):
        raise UserError(
            f"verify (got {args.verify}) needs the seconds that condensing took, which {args.condensed}, "
            "imported from elsewhere, does not say; leave --verify out, or condense here"
        )


def _about(
    args: SearchArguments, space: Space, task: EvaluationTask, made: CondensedGraph
) -> dict[str, Any]:
    """What search.json says of the search before it has begun."""
    from condense.data.fingerprint import fingerprint
    from condense.methods.spec import label

    p = made.provenance
    return {
        "dataset": task.raw.name,
        "source": task.raw.source,
        "setting": task.setting,
        "condensed": str(args.condensed),
        "condensed_hash": fingerprint(made.graph),
        "method": label(p.method, p.settings),
        "ratio": p.ratio,
        "epochs": space.epochs,
        "seed": args.seed,
        "condense_seconds": p.condense_seconds,
    }


def _plan(args: SearchArguments, space: Space, summary: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for a folder to be gone on with."""
    same = ("dataset", "setting", "condensed_hash", "epochs", "seed")
    found = {name: summary[name] for name in same}
    return {**found, "check_every": space.check_every, "space": space.record()}


def _search(
    args: SearchArguments,
    space: Space,
    task: EvaluationTask,
    graph: MultimodalGraph,
    summary: dict[str, Any],
) -> int:
    """The sweep, and its best on the whole graph; the exit status."""
    from evaluate.distributed.connect import connect
    from evaluate.results.json_files import read_json, write_json
    from evaluate.search.top import best, retrain
    from evaluate.search.trial import Side

    logging.getLogger("evaluate.distributed").setLevel(logging.INFO)
    with connect(args.address, None if args.address else args.jobs):
        from evaluate.distributed.tune import sweep

        side = Side.of(task, graph)
        trials = sweep(side, space, args.samples, args.seed, args.out, args.jobs)
    summary["samples"] = args.samples
    summary["search_seconds"] = read_json(args.out / "clock.json").get("seconds")
    write_json(args.out / "search.json", summary)
    failed = sum(row.status == "failed" for row in trials)
    if failed:
        errors.print(f"[yellow]warning:[/] {failed} of {len(trials)} trials failed")
    rows = retrain(
        task,
        best(trials, space, args.top),
        space,
        args.seeds,
        args.out / "top.csv",
        lambda row: errors.print(
            f"whole graph: {row.model}, seed {row.train_seed}: validation {row.val_micro_f1:.3f}, "
            f"{row.train_seconds:.1f} s"
        ),
    )
    shown = ("model", "settings", "train_seed", "val_micro_f1", "micro_f1", "macro_f1")
    summary["top"] = [{name: getattr(row, name) for name in shown} for row in rows]
    write_json(args.out / "search.json", summary)
    if not args.json:
        console.print("\nThe best on the condensed graph, trained on the whole graph and tested:\n")
        for row in rows:
            console.print(
                f"{row.model}, seed {row.train_seed}: micro-F1 {row.micro_f1:.3f}, "
                f"macro-F1 {row.macro_f1:.3f}  {row.settings}",
                markup=False,
            )
    return MISSED if failed else OK


def _verify(
    args: SearchArguments,
    space: Space,
    task: EvaluationTask,
    graph: MultimodalGraph,
    summary: dict[str, Any],
) -> None:
    """Sampled architectures on all sides."""
    from evaluate.results.json_files import write_json
    from evaluate.results.records import write_records
    from evaluate.search.ledger import Ledger
    from evaluate.search.record import SideRow, VerifyRow
    from evaluate.search.space import sample
    from evaluate.search.verify import Verifier

    architectures = sample(space, args.verify, args.seed)

    def on_row(row: SideRow) -> None:
        errors.print(
            f"{row.side}: {row.model} {row.settings}: validation {row.val:.3f}, {row.seconds:.1f} s",
            markup=False,
        )

    ledger = Ledger(task, args.out / "sides.csv", args.seed, on_row)
    verifier = Verifier(
        ledger, graph, summary["condense_seconds"], space.epochs, space.check_every, args.out,
        args.top,
    )  # fmt: skip
    found = verifier.run(architectures, args.verify_whole)
    write_records(args.out / "verify.csv", VerifyRow, found.rows)
    values = dataclasses.asdict(found)
    del values["rows"]
    summary["verify"] = {**values.pop("sides"), **values}
    write_json(args.out / "search.json", summary)
    if not args.json:
        console.print(as_text(found, summary["condense_seconds"]), markup=False)
