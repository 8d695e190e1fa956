"""`evaluate`: train models on condensed and whole graphs, and test them on the whole graph."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from commands.comparison import as_record, show
from commands.grid_progress import GridProgress
from commands.jobs import check_jobs, connect_ray, cores
from commands.terminal import (
    INTERRUPTED,
    MISSED,
    OK,
    config,
    console,
    errors,
    parse,
    print_json,
)
from condense.config import from_file
from models.choices import check_choice
from models.registry import MODELS

if TYPE_CHECKING:
    from evaluate.executors import Executor
    from evaluate.grid.comparison import Comparison
    from evaluate.grid.run import GridRun
    from evaluate.grid.training_graphs import ComparedGraphs
    from evaluate.results.store import Failure

EXAMPLES = """
  python cli.py evaluate --condensed runs/imdb-srgm-0.01-seed0.h5 --models mlp sgc hgt
  python cli.py evaluate --condensed small.h5 --seeds 5 --baselines random kmeans:labels=pseudo
  python cli.py evaluate --condensed runs/*.h5 --models gcn hgnn_ima:layers=2 --jobs 2 --out runs/grid
"""

ONE_VALIDATION = (
    "warning: {0.epochs} epochs are validated once, so nothing tells whether a training was still rising "
    "when it ended; try more --epochs or a smaller --check-every (got {0.check_every})"
)

DRAWN = (
    "note: a graph with a spread is drawn anew in each epoch, so models overfit less than their dropout is "
    "meant for; with --tune 2 validation nodes choose between it and little dropout"
)


@dataclasses.dataclass(frozen=True)
class EvaluateArguments:
    """Train models on whole and condensed graphs, and test them all on the whole graph's test nodes.

    Trainings whose rows are in the folder OUT are not run again: the same command resumes an interrupted run.
    A training that fails is listed in OUT/failures.csv and retried by the next run. The exit status is 0, 1
    if a training failed, 2 for wrong input, 130 after Ctrl-C, 143 after SIGTERM.

    Attributes:
        condensed: condensed graphs to evaluate.
        models: architectures to train, MODEL or MODEL:SETTING=VALUE,…: mlp, sgc, gcn, graphsage, gat, appnp,
            chebnet, hgt, hgt_late, han, han_late, sehgnn, sehgnn_late, hetgnn, mhgat, mmgcn, xgea,
            hgnn_ima, shgp, shgp_late, hero, hero_late or hetcrf.
        seeds: number of trainings of each model on each graph.
        per_graph: trainings on each condensed graph, if there are several of one method; by default as
            many as seeds. With --seeds 5 --per-graph 1, each of five files is trained with one seed.
        out: folder for results.csv, which has one row per training, and for tuning.csv, failures.csv,
            run.json and the condensed baselines.
        baselines: methods to condense with at the same budgets and seeds: METHOD, METHOD:SETTING=VALUE,…
            or all-fast for all that take less than a minute on amazon1.
        condensed_only: leave out the trainings on the whole graph, which take longest; the tables have no
            retention then.
        tune: number of settings tried for each model and method (the whole graph counts as a method);
            validation nodes choose among them.
        epochs: full-batch training steps of each training; a † in the tables marks trainings whose validation
            score was still rising when they ended.
        check_every: epochs between validations.
        patience: stop a training once all validations within this many epochs were worse than the best in
            both loss and score; by default training never stops early.
        data_root: folder that holds the data sets' files.
        whole: file of the whole graph, if it is your own file and has moved.
        device: auto, cpu, cuda, …
        jobs: number of trainings at a time. 1 runs them in this process; more run as Ray tasks, each in a
            process of its own. By default 1 for grids of fewer than 40 trainings and on a GPU, else as
            many as fit.
        address: HOST:PORT of a Ray cluster to run on, or auto for one that runs on this machine.
        threads: threads of each training; by default PyTorch's number in this process, and 1 with Ray.
        memory: bound on memory, as 6GiB; half of what is free by default. A whole graph in a file (.h5) that
            would take more stays on disk (docs/out-of-core.md); the options down to work are for such graphs.
        test_nodes: most test nodes that are scored, a random sample.
        val_nodes: most validation nodes that are scored, likewise; they are scored at each validation.
        batch_size: training nodes a step of trainings on the whole graph; by default 4096 for mlp, sgc and
            sehgnn, 256 for models that pass messages.
        steps_per_epoch: most steps an epoch of trainings on the whole graph.
        fan_out: most in-neighbours a node and relation that a step samples, for each edge away from the
            training nodes; the last number holds for all further ones.
        work: folder for what is sorted and propagated on disk; by default OUT/on-disk. It is kept, so that
            further runs need not do it again.
        fresh: delete the folder's rows, tried settings and baselines first, and start over.
        json: print one JSON document instead of tables: summary, paired differences, failures.
        config: TOML file with any of these options; flags override it.
    """

    condensed: list[Path] = dataclasses.field(default_factory=list)
    models: list[str] = dataclasses.field(default_factory=lambda: ["mlp", "sgc", "hgt"])
    seeds: int = 5
    per_graph: int | None = None
    out: Path = Path("runs/evaluate")
    baselines: list[str] = dataclasses.field(default_factory=list)
    condensed_only: bool = False
    tune: int = 1
    epochs: int = 200
    check_every: int = 20
    patience: int | None = None
    data_root: Path = Path("data")
    whole: Path | None = None
    device: str = "auto"
    jobs: int | None = None
    address: str | None = None
    threads: int | None = None
    memory: str | None = None
    test_nodes: int = 50_000
    val_nodes: int = 5_000
    batch_size: int | None = None
    steps_per_epoch: int = 10
    fan_out: list[int] = dataclasses.field(default_factory=lambda: [10, 5])
    work: Path | None = None
    fresh: bool = False
    json: bool = False
    config: Path | None = None


def run(argv: list[str]) -> int:
    """`evaluate`: see `EvaluateArguments`."""
    default, _ = from_file(EvaluateArguments, config(argv))
    args = parse(EvaluateArguments, argv, "evaluate", EXAMPLES, default)
    for word in args.models:
        check_choice(MODELS, word.partition(":")[0], "models")
    from commands.evaluate_on_disk import announce, as_on_disk
    from condense.io.lock import held
    from condense.methods.spec import parse_all as parse_methods
    from evaluate.grid.comparison import Comparison
    from evaluate.grid.protocol import Protocol
    from evaluate.grid.training_graphs import gather
    from evaluate.results.store import ResultStore
    from evaluate.training.model_spec import parse_model
    from evaluate.training.train import TrainSettings

    training = TrainSettings(
        epochs=args.epochs, check_every=args.check_every, patience=args.patience
    )
    models = tuple(parse_model(word)[0] for word in args.models)
    protocol = Protocol(models, args.seeds, args.per_graph, args.tune, training)
    protocol.check()
    check_jobs(args.jobs, args.threads)
    if training.epochs <= training.check_every:
        errors.print(ONE_VALIDATION.format(training), markup=False)
    logging.getLogger("evaluate").setLevel(logging.INFO)  # Logs which baselines are condensed.
    baselines = parse_methods(args.baselines)
    with contextlib.ExitStack() as stack:
        with errors.status("loading …") as status:
            on_disk = as_on_disk(args, protocol.models, stack, status.update)
            all_compared = gather(
                args.condensed, args.data_root, args.whole, args.device, on_disk,
                train_whole=not args.condensed_only,
            )  # fmt: skip
        announce(args, all_compared)
        defaults = any("input_dropout" in parse_model(name)[1].space for name in models)
        if protocol.tune == 1 and defaults and any(one.has_spread for one in all_compared):
            errors.print(DRAWN, markup=False)
        stack.enter_context(held(args.out, folder=True))  # Only after all input has been checked.
        store = ResultStore(args.out, args.fresh)
        comparison = Comparison(protocol, baselines, store, args.out, args.device, args.fresh)
        return _evaluate(args, all_compared, comparison)


def _evaluate(
    args: EvaluateArguments, all_compared: Sequence[ComparedGraphs], comparison: Comparison
) -> int:
    """Run all comparisons, show their results and return the exit status."""
    from evaluate.results.store import RESULTS

    store = comparison.store
    records: list[dict[str, Any]] = []
    status = OK
    try:
        with contextlib.ExitStack() as stack:
            for compared in all_compared:
                _compare(compared, comparison, args, stack, records)
    except KeyboardInterrupt:
        errors.print("Interrupted: finished trainings are kept; the same command resumes.")
        status = INTERRUPTED
    if args.json:
        print_json({"results": str(args.out / RESULTS), "comparisons": records})
    else:
        console.print(f"\n{len(store.rows)} rows in [bold]{escape(str(args.out / RESULTS))}[/].")
    if store.failures:
        errors.print(f"\n{len(store.failures)} failed; the same command retries them:")
        for failure in store.failures:
            errors.print(f"  {_who(failure)}: {failure.reason}", markup=False)
    return MISSED if status == OK and store.failures else status


def _compare(
    compared: ComparedGraphs,
    comparison: Comparison,
    args: EvaluateArguments,
    stack: contextlib.ExitStack,
    records: list[dict[str, Any]],
) -> None:
    """Run the grid of one whole graph, and show its results even if it is interrupted."""
    store = comparison.store
    before = len(store.failures)
    progress = GridProgress(lambda line: errors.print(line, markup=False))

    def on_failure(failure: Failure) -> None:
        errors.print(f"{_who(failure)}: FAILED, {failure.reason}", markup=False)

    run = comparison.begin(
        compared, args.condensed, dataclasses.asdict(args), progress.on_ended, on_failure
    )
    if run.known:
        errors.print(
            f"{run.known} of {len(run.grid)} trainings are in {args.out} already and are not run again "
            "(--fresh starts over)."
        )
    try:
        if run.missing:
            run.go(_executor(args, run, stack))
    finally:
        raw, failures = compared.task.raw, store.failures[before:]
        if args.json:
            record = as_record(compared.task.title, raw.name, raw.source, run.rows, failures)
            records.append(record)
        else:
            show(compared.task.title, run.rows)


def _executor(args: EvaluateArguments, run: GridRun, stack: contextlib.ExitStack) -> Executor:
    """Where trainings are run; see `EvaluateArguments.jobs`."""
    from evaluate.executors import InProcess
    from evaluate.grid.comparison import jobs_for
    from evaluate.training.on_disk.task import StoredTask

    jobs = args.jobs
    if isinstance(run.workload.task, StoredTask):
        jobs = 1
    if jobs is None and args.address is None:
        jobs = jobs_for(run, cores() // (args.threads or 1))
    if jobs == 1 and args.address is None:
        return InProcess(args.threads)
    room = connect_ray(jobs, args.threads, args.address, stack)
    from evaluate.distributed.executor import OnRay

    return OnRay(*room)


def _who(failure: Failure) -> str:
    """What failed: condensing, choosing settings, or one training."""
    graph = "" if failure.condense_seed is None else f" (seed {failure.condense_seed})"
    if not failure.model:
        return f"condensing {failure.method}{graph}"
    task = "choosing settings" if failure.train_seed is None else f"seed {failure.train_seed}"
    return f"{failure.model} on {failure.method}{graph}, {task}"
