"""`evaluate`: train models on small and whole graphs, test them on the whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from commands.terminal import INTERRUPTED, OK, config, console, errors, parse
from condense.config import from_file
from models.choices import check_choice
from models.names import MODEL_NAMES

EXAMPLES = """
  python cli.py evaluate --condensed runs/imdb-srgm-0.01-seed0.h5 --models mlp sgc hgt
  python cli.py evaluate --condensed small.h5 --seeds 5 --baselines random kmeans:labels=pseudo
  python cli.py evaluate --condensed small.h5 --whole mine.h5 --tune 8 --out runs/tuned
"""


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


def run(argv: list[str]) -> int:
    """`evaluate`: see `EvaluateArguments`."""
    default, _ = from_file(EvaluateArguments, config(argv))
    args = parse(EvaluateArguments, argv, "evaluate", EXAMPLES, default)
    for name in args.models:
        check_choice(MODEL_NAMES, name, "models")
    from condense.io.replace import check_target
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
