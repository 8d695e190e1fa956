"""`search`: search architectures on a condensed graph, and verify that its ranking holds on the whole."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from commands.search_text import as_text
from commands.terminal import INTERRUPTED, MISSED, OK, console, errors, parse, print_json

if TYPE_CHECKING:
    from evaluate.results.rows import Row
    from evaluate.search.architecture import Architecture
    from evaluate.search.record import SideRow
    from evaluate.search.run import SearchRun

SPACE = Path(__file__).parents[1] / "configs" / "space.toml"
EXAMPLES = """
  python cli.py search --condensed small.h5 --samples 40 --top 3 --out runs/search
  python cli.py search --condensed small.h5 --samples 0 --verify 45 --out runs/verify
"""


@dataclasses.dataclass(frozen=True)
class SearchArguments:
    """Search architectures on a condensed graph; retrain the best on the whole graph and test them once.

    The folder --out keeps everything: the same command resumes after Ctrl-C, a kill or a lost machine. The
    exit status is 0, 1 if a trial failed, 2 for wrong input, 130 after Ctrl-C, 143 after SIGTERM.

    Attributes:
        condensed: file of the condensed graph to search on.
        space: TOML file of model families and the values to try for their settings; by default
            configs/space.toml.
        samples: number of architectures that the search tries; 0 skips the search.
        out: folder for the results.
        top: how many of the best architectures are retrained on the whole graph and tested.
        seeds: number of trainings of each of these.
        verify: number of sampled architectures to train on the condensed graph, on the whole graph and by two
            baselines given equal time, to measure rank correlation, regret and speed-up; 0 skips this.
        verify_whole: how many of these to train on the whole graph and by the baselines, if all would take
            too long; the time of the others is extrapolated from their families. By default all.
        epochs: epochs of every training; by default those of the space.
        seed: seed of the samples, the search and the trainings.
        jobs: number of trials of the search at a time, one thread each; by default one per CPU.
        address: Ray cluster to join, HOST:PORT or "auto"; by default one is started on this machine.
        data_root: folder that holds the data sets' files.
        whole: file of the whole graph, if it is your own file and has moved.
        json: print the results as one JSON document.
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
    from condense.io.lock import held

    with held(args.out, folder=True):
        return _run(args)


def _run(args: SearchArguments) -> int:
    """Do what the arguments ask for, and return the exit status."""
    from evaluate.search.run import SearchRun, SearchSettings

    names = [field.name for field in dataclasses.fields(SearchSettings)]
    settings = SearchSettings(**{name: getattr(args, name) for name in names})
    space = args.space or SPACE
    search = SearchRun.open(
        args.condensed,
        space,
        settings,
        args.out,
        args.data_root,
        args.whole,
        dataclasses.asdict(args),
    )
    errors.print(
        f"[bold]{escape(search.task.title)}[/]; {search.space.size:,} architectures in {escape(str(space))}"
    )
    status = OK
    try:
        if args.samples:
            status = _search(args, search)
        if args.verify:
            verification = search.verify(_show_side)
            if not args.json:
                seconds = search.summary["condense_seconds"]
                console.print(as_text(verification, seconds), markup=False)
    except KeyboardInterrupt:
        errors.print("Interrupted: finished trainings are kept; the same command resumes.")
        return INTERRUPTED
    if args.json:
        print_json(search.summary)
    else:
        console.print(f"\nEverything is in [bold]{escape(str(args.out))}[/].")
    return status


def _search(args: SearchArguments, search: SearchRun) -> int:
    """Sweep, retrain the best on the whole graph, print them, and return the exit status."""
    from evaluate.distributed.connect import connect
    from evaluate.executors import reason
    from evaluate.search.kept_trials import failures
    from evaluate.search.record import FAILED

    logging.getLogger("evaluate.distributed").setLevel(logging.INFO)
    with connect(args.address, None if args.address else args.jobs):
        from evaluate.distributed.tune import sweep  # Imports Ray, which `connect` has configured.

        trials = search.search(sweep)
    failed = failures(trials)
    if failed:
        errors.print("[yellow]warning:[/] ", end="")
        errors.print(f"{failed}; all reasons are in {args.out / 'trials.csv'}", markup=False)
    if all(row.status == FAILED for row in trials):
        errors.print("No trial worked, so none is retrained on the whole graph.")
        return MISSED
    failed_again: list[str] = []

    def on_failure(architecture: Architecture, error: Exception) -> None:
        failed_again.append(architecture.text)
        errors.print(
            f"whole graph: {architecture.model} {architecture.text}: FAILED, {reason(error)}",
            markup=False,
        )

    rows = search.retrain(trials, _show_retrained, on_failure)
    if not args.json:
        console.print("\nThe best on the condensed graph, trained on the whole graph and tested:\n")
        for row in rows:
            console.print(
                f"{row.model}, seed {row.train_seed}: micro-F1 {row.micro_f1:.3f}, "
                f"macro-F1 {row.macro_f1:.3f}  {row.settings}",
                markup=False,
            )
    return MISSED if failed or failed_again else OK


def _show_retrained(row: Row) -> None:
    errors.print(
        f"whole graph: {row.model}, seed {row.train_seed}: validation {row.val_micro_f1:.3f}, "
        f"{row.train_seconds:.1f} s"
    )


def _show_side(row: SideRow) -> None:
    errors.print(
        f"{row.side}: {row.model} {row.settings}: validation {row.val:.3f}, {row.seconds:.1f} s",
        markup=False,
    )
