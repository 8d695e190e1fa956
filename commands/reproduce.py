"""`reproduce`: train models as their papers do, and compare with the papers' figures."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from commands.jobs import check_jobs, connect_ray
from commands.terminal import INTERRUPTED, MISSED, OK, WRONG, errors, notes, parse, print_json
from models.choices import choose

if TYPE_CHECKING:
    from evaluate.executors import Executor
    from evaluate.reproduce import Score

PAPERS = Path(__file__).parents[1] / "configs" / "paper"
EXAMPLES = """
  python cli.py reproduce cora
  python cli.py reproduce imdb acm --seeds 3 --data-root data --jobs 2
  python cli.py reproduce mine.toml --json > figures.json
"""


@dataclasses.dataclass(frozen=True)
class ReproduceArguments:
    """Train models on whole graphs as their papers do, and set test scores beside the published figures.

    The same command resumes an interrupted run. The exit status is 0 if every bar is reached, 1 if one is
    missed, 2 if data or settings are wrong, 130 after Ctrl-C, 143 after SIGTERM.

    Attributes:
        names: files in configs/paper without their suffix, or paths of such TOML files; by default all in
            configs/paper.
        seeds: number of trainings of each model; by default the number in the file.
        out: folder for NAME.csv with the scores of every training; trainings listed there are not run again.
        data_root: folder that holds the data sets' files.
        device: auto, cpu, cuda, …
        jobs: number of trainings at a time. 1 runs them in this process; more run as Ray tasks, each in a
            process of its own. By default 1, or with --address as many as fit.
        address: HOST:PORT of a Ray cluster to run on, or auto for one that runs on this machine.
        threads: threads of each training; by default PyTorch's number in this process, and 1 with Ray.
        json: print the figures as one JSON document on stdout, and everything else on stderr.
    """

    names: Annotated[list[str], tyro.conf.Positional] = dataclasses.field(default_factory=list)
    seeds: int | None = None
    out: Path = Path("runs/reproduce")
    data_root: Path = Path("data")
    device: str = "auto"
    jobs: int | None = None
    address: str | None = None
    threads: int | None = None
    json: bool = False


def run(argv: list[str]) -> int:
    """`reproduce`: see `ReproduceArguments`."""
    args = parse(ReproduceArguments, argv, "reproduce", EXAMPLES)
    say = notes(args.json)
    ours = {path.stem: path for path in sorted(PAPERS.glob("*.toml"))}
    paths = [
        Path(name) if name.endswith(".toml") else choose(ours, name, "reproduce")
        for name in args.names or ours
    ]
    check_jobs(args.jobs, args.threads)
    from condense.errors import FileError
    from condense.io.lock import held
    from evaluate.reproduce import (
        Reproduced,
        as_records,
        as_text,
        read_plan,
        reproduce_files,
    )

    plans = {path: read_plan(path) for path in paths}  # Check all files before long work.
    figures: list[Reproduced] = []
    left_out: list[dict[str, str]] = []
    status = OK
    try:
        with held(args.out, folder=True), contextlib.ExitStack() as stack:
            start = functools.cache(lambda: _executor(args, stack))
            for path, outcome in reproduce_files(
                plans, args.out, args.data_root, args.device, args.seeds, _show, start
            ):
                if isinstance(outcome, FileError):
                    errors.print(f"error: {path.name} left out: {outcome}", markup=False)
                    left_out.append({"file": str(path), "error": str(outcome)})
                    status = WRONG
                else:
                    figures += outcome
    except KeyboardInterrupt:
        say.print("Interrupted: finished trainings are kept; the same command resumes.")
        status = INTERRUPTED
    if figures:
        say.print(as_text(figures), markup=False)
    if args.json:
        print_json({"figures": as_records(figures), "left_out": left_out})
    if status == OK and not all(figure.reached for figure in figures):
        status = MISSED
    return status


def _show(scores: Sequence[Score]) -> None:
    """Print one line for a training."""
    first, values = scores[0], {score.metric: score.value for score in scores}
    errors.print(
        f"{first.model} on {first.dataset}, seed {first.seed}: validation micro-F1 "
        f"{values['val_micro_f1']:.3f}, {first.seconds:.1f} s"
    )


def _executor(args: ReproduceArguments, stack: contextlib.ExitStack) -> Executor:
    """The executor of the trainings; see `ReproduceArguments.jobs`."""
    from evaluate.executors import InProcess

    if args.jobs in (None, 1) and args.address is None:
        return InProcess(args.threads)
    room = connect_ray(args.jobs, args.threads, args.address, stack)
    from evaluate.distributed.executor import OnRay

    return OnRay(*room)
