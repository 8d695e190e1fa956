"""`reproduce`: train models as their papers do, beside the papers' figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from commands.terminal import INTERRUPTED, MISSED, OK, WRONG, errors, notes, parse, print_json
from models.choices import choose

PAPERS = Path(__file__).parents[1] / "configs" / "paper"
EXAMPLES = """
  python cli.py reproduce cora
  python cli.py reproduce imdb acm --seeds 3 --data-root data
  python cli.py reproduce mine.toml --json > figures.json
"""


@dataclasses.dataclass(frozen=True)
class ReproduceArguments:
    """Train models on whole graphs as their papers do, and set test scores beside the published figures.

    The exit status is 0 if every bar is reached, 1 if one is missed, 2 if data or settings are wrong.

    Attributes:
        names: files in configs/paper without their ending, or paths of such TOML files; by default all.
        seeds: trainings of each model; by default as many as the file says.
        out: folder in which every training's scores are kept as NAME.csv; those that are there are not run
            again.
        data_root: folder that holds the data sets' files.
        device: auto, cpu, cuda, …
        json: print the figures as one JSON document on stdout, and all else on stderr.
    """

    names: Annotated[list[str], tyro.conf.Positional] = dataclasses.field(default_factory=list)
    seeds: int | None = None
    out: Path = Path("runs/reproduce")
    data_root: Path = Path("data")
    device: str = "auto"
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
    from condense.errors import FileError
    from condense.io.replace import check_target
    from evaluate.reproduce import (
        Reproduced,
        Score,
        as_records,
        as_text,
        read_plan,
        read_scores,
        reproduce,
        write_scores,
    )

    plans = [read_plan(path) for path in paths]  # Before long work: whether all can be meant.
    found: list[Reproduced] = []
    left_out: list[dict[str, str]] = []
    status = OK
    try:
        for path, plan in zip(paths, plans, strict=True):
            file = args.out / f"{path.stem}.csv"
            check_target(file)
            kept: dict[str, list[Score]] = {}
            for score in read_scores(file) if file.exists() else ():
                kept.setdefault(score.cell, []).append(score)

            def on_scores(scores: Sequence[Score], kept: Any = kept, file: Path = file) -> None:
                first = scores[0]
                if first.cell not in kept:
                    kept[first.cell] = list(scores)
                    write_scores(file, [score for each in kept.values() for score in each])
                reached = {score.metric: score.value for score in scores}
                errors.print(
                    f"{first.model} on {first.dataset}, seed {first.seed}: validation micro-F1 "
                    f"{reached['val_micro_f1']:.3f}, {first.seconds:.1f} s"
                )

            try:
                found += reproduce(
                    plan, args.data_root, args.device, args.seeds, on_scores, dict(kept)
                )
            except FileError as error:
                errors.print(f"error: {path.name} left out: {error}", markup=False)
                left_out.append({"file": str(path), "error": str(error)})
                status = WRONG
    except KeyboardInterrupt:
        say.print("Interrupted: what had ended is kept, and the same command goes on.")
        status = INTERRUPTED
    if found:
        say.print(as_text(found), markup=False)
    if args.json:
        print_json({"figures": as_records(found), "left_out": left_out})
    if status == OK and not all(one.reached for one in found):
        status = MISSED
    return status
