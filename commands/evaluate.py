"""`evaluate`: train models on small and whole graphs, test them on the whole."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from evaluate.grid.executors import Executor
    from evaluate.grid.protocol import Protocol
    from evaluate.grid.run import GridRun
    from evaluate.grid.training_graphs import ComparedGraphs
    from evaluate.results.store import Failure, ResultStore

EXAMPLES = """
  python cli.py evaluate --condensed runs/imdb-srgm-0.01-seed0.h5 --models mlp sgc hgt
  python cli.py evaluate --condensed small.h5 --seeds 5 --baselines random kmeans:labels=pseudo
  python cli.py evaluate --condensed runs/*.h5 --models gcn hgnn_ima:layers=2 --jobs 2 --out runs/grid
"""
SMALL = 40
"""Fewer trainings are over before Ray's processes have paid off."""


@dataclasses.dataclass(frozen=True)
class EvaluateArguments:
    """Train models on whole and condensed graphs, test all on the whole graph's test nodes.

    Trainings whose rows are in the folder OUT are not run again, so a broken run is gone on with by the same
    command. One that fails is said, kept in OUT/failures.csv and tried again by the next run. The exit status
    is 0, 1 if a training failed, 2 for wrong input, 130 after Ctrl-C.

    Attributes:
        condensed: condensed graphs to judge.
        models: architectures to train, MODEL or MODEL:SETTING=VALUE,…: mlp, sgc, gcn, graphsage, gat, appnp,
            chebnet, hgt, hgt_late, han, han_late, sehgnn, sehgnn_late, hetgnn, mhgat, mmgcn, xgea,
            hgnn_ima, shgp, shgp_late, hero, hero_late or hetcrf.
        seeds: trainings of each model on each graph.
        per_graph: trainings on each condensed graph, where there are many of one method; by default
            as many as seeds. With --seeds 5 --per-graph 1, five files are trained with one seed each.
        out: folder for results.csv, with a row a training; tuning.csv, failures.csv, run.json and the
            condensed baselines are beside it.
        baselines: rivals condensed at the same budgets and seeds: METHOD or METHOD:SETTING=VALUE,…
        tune: settings tried for each model and method, whole included, chosen on validation nodes.
        epochs: full-batch training steps.
        check_every: epochs between validations.
        patience: epochs after which training stops if all validations in them were worse than the best in
            both loss and score; by default it never stops early.
        data_root: folder that holds the data sets' files.
        whole: the whole graph's file, if it is one's own and has moved.
        device: auto, cpu, cuda, …
        jobs: trainings at a time. 1 runs them in this process, more as tasks of Ray with a process each. By
            default 1 for grids of fewer than 40 trainings and on a GPU, else as many as there is room for.
        address: HOST:PORT of a Ray cluster to run on, or auto for one that runs on this machine.
        threads: of each training; by default PyTorch's number in this process, and 1 with Ray.
        fresh: delete the folder's rows, tried settings and baselines first, and begin anew.
        json: print one JSON document in place of tables: summary, paired differences, failures.
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
    jobs: int | None = None
    address: str | None = None
    threads: int | None = None
    fresh: bool = False
    json: bool = False
    config: Path | None = None


def run(argv: list[str]) -> int:
    """`evaluate`: see `EvaluateArguments`."""
    default, _ = from_file(EvaluateArguments, config(argv))
    args = parse(EvaluateArguments, argv, "evaluate", EXAMPLES, default)
    for word in args.models:
        check_choice(MODELS, word.partition(":")[0], "models")
    from condense.methods.spec import parse as parse_method
    from evaluate.grid.protocol import Protocol
    from evaluate.grid.training_graphs import add_baselines, gather
    from evaluate.results.store import RESULTS, ResultStore
    from evaluate.training.model_spec import parse_model
    from evaluate.training.train import TrainSettings

    training = TrainSettings(
        epochs=args.epochs, check_every=args.check_every, patience=args.patience
    )
    models = tuple(parse_model(word)[0] for word in args.models)
    protocol = Protocol(models, args.seeds, args.per_graph, args.tune, training)
    protocol.check()
    check_jobs(args.jobs, args.threads)
    logging.getLogger("evaluate").setLevel(logging.INFO)  # Says which rivals are condensed.
    rivals = [parse_method(word) for word in args.baselines]
    with errors.status("loading …"):
        all_compared = gather(args.condensed, args.data_root, args.whole, args.device)
    store = ResultStore.open(args.out, args.fresh)  # Only now that nothing is amiss.
    records: list[dict[str, Any]] = []
    status = OK
    try:
        with contextlib.ExitStack() as stack:
            for compared in all_compared:
                add_baselines(compared, rivals, args.device, args.out / "rivals", args.fresh)
                _compare(compared, protocol, store, args, stack, records)
    except KeyboardInterrupt:
        errors.print(
            "Interrupted: the trainings that had ended are kept; the same command goes on."
        )
        status = INTERRUPTED
    if args.json:
        print_json({"results": str(args.out / RESULTS), "comparisons": records})
    else:
        console.print(f"\n{len(store.rows)} rows in [bold]{args.out / RESULTS}[/].")
    if store.failures:
        errors.print(f"\n{len(store.failures)} failed, to be tried again by the same command:")
        for failure in store.failures:
            errors.print(f"  {_who(failure)}: {failure.reason}", markup=False)
    return MISSED if status == OK and store.failures else status


def _compare(
    compared: ComparedGraphs,
    protocol: Protocol,
    store: ResultStore,
    args: EvaluateArguments,
    stack: contextlib.ExitStack,
    records: list[dict[str, Any]],
) -> None:
    """Run one whole graph's grid, and say what it came to even if it is broken off."""
    from evaluate.grid.run import GridRun
    from evaluate.results.run_record import RunRecord

    raw, before = compared.task.raw, len(store.failures)
    values = dataclasses.asdict(args)
    RunRecord("evaluate", values, [str(p) for p in args.condensed], raw.name, raw.source).write(
        args.out
    )
    for failure in compared.failures:
        store.add_failure(failure)
        errors.print(f"{_who(failure)}: FAILED, {failure.reason}", markup=False)
    progress = GridProgress(lambda line: errors.print(line, markup=False))
    run = GridRun(compared.task, compared.training_graphs, protocol, store, progress.on_ended)
    if run.known:
        errors.print(
            f"{run.known} of {len(run.grid)} trainings are in {args.out} and not run again "
            "(--fresh begins anew)."
        )
    try:
        if run.missing:
            run.go(_driver(args, run, stack))
    finally:
        found = raw.name, raw.source, run.rows, store.failures[before:]
        if args.json:
            records.append(as_record(compared.task.title, *found))
        else:
            show(compared.task.title, run.rows)


def _driver(args: EvaluateArguments, run: GridRun, stack: contextlib.ExitStack) -> Executor:
    """How the cells are run; see `EvaluateArguments.jobs`."""
    from evaluate.grid.executors import InProcess

    jobs = args.jobs
    if jobs is None and args.address is None:
        # By the size of the whole grid: a run that goes on must not change to other threads.
        few = len(run.grid) < SMALL
        alone = few or run.setup.device.type == "cuda"
        jobs = 1 if alone else max(1, cores() // (args.threads or 1))
    if jobs == 1 and args.address is None:
        return InProcess(args.threads)
    room = connect_ray(jobs, args.threads, args.address, stack)
    from evaluate.distributed.grid import OnRay

    return OnRay(*room)


def _who(failure: Failure) -> str:
    """What failed."""
    graph = "" if failure.condense_seed is None else f" (seed {failure.condense_seed})"
    if not failure.model:
        return f"condensing {failure.method}{graph}"
    task = "choosing settings" if failure.train_seed is None else f"seed {failure.train_seed}"
    return f"{failure.model} on {failure.method}{graph}, {task}"
