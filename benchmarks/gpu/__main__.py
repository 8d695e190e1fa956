"""Measure what condensing and training cost on a GPU and on the CPU, then print tables.

    python -m benchmarks.gpu --data-root DATA_ROOT [--sets amazon1 debian] [--devices cuda cpu]
        [--methods mixture] [--models mlp sgc hgt hgnn_ima] [--epochs 20] [--synchronisations]
    python -m benchmarks.gpu --print

Run it from the project's root, with nothing else running. The same command resumes an interrupted run: it
measures what no row of this job, machine and version of torch is kept of. A job that fails, for example for
lack of memory, is retried by the next run. After a change of a method or a model, delete its rows.

A set is a name or the file of a whole graph. `--devices cpu` needs no GPU.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.gpu.measure import cost_of_condensing, cost_of_training, load, synchronisations
from benchmarks.gpu.rows import CPU, ROWS, Job, Setup, job_of, kept, kept_synchronisations, setup_of
from benchmarks.gpu.table import tables
from condense.budget import plan
from condense.datasets.registry import dataset_name
from condense.errors import UserError
from condense.methods.spec import label, parse
from condense.running.identity import device_name
from evaluate.results.rows import WHOLE
from evaluate.training.model_spec import parse_model
from models.choices import UnknownChoiceError

GPU = "cuda"
DATASETS = ("amazon1", "debian")
MODELS = ("mlp", "sgc", "hgt", "hgnn_ima")


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--sets", nargs="+", default=list(DATASETS), help="names or files")
    parser.add_argument("--devices", nargs="+", default=[GPU, CPU], choices=[GPU, CPU])
    parser.add_argument("--methods", nargs="+", default=["mixture"])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--ratio", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=20, help="of every training")
    parser.add_argument("--rows", type=Path, default=ROWS, help="folder of the kept rows")
    parser.add_argument("--graphs", type=Path, default=Path("runs/gpu"), help="condensed graphs")
    parser.add_argument(
        "--synchronisations", action="store_true", help="count where condensing waits for the GPU"
    )
    parser.add_argument("--print", action="store_true", help="measure nothing")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    return parser


def checked(arguments: argparse.Namespace) -> None:
    """Bring names to one spelling.

    Raises:
        UnknownChoiceError, UserError: a value that breaks a rule, or a GPU that is not there.
    """
    arguments.sets = [dataset_name(name) for name in arguments.sets]
    arguments.methods = [label(*parse(method)) for method in arguments.methods]
    arguments.models = [parse_model(model)[0] for model in arguments.models]
    if arguments.epochs < 2:
        raise UserError(
            f"--epochs (got {arguments.epochs}) must be at least 2, as the first warms up; try 20"
        )
    if arguments.print:
        return
    if arguments.synchronisations and GPU not in arguments.devices:
        raise UserError(
            f"--synchronisations (got --devices {' '.join(arguments.devices)}) counts what waits for "
            f"a GPU; add {GPU} to --devices"
        )
    if GPU in arguments.devices and not torch.cuda.is_available():
        raise UserError(
            f"--devices (got {' '.join(arguments.devices)}) needs a GPU, but torch "
            f"{torch.__version__} finds none here; try --devices {CPU}"
        )


def planned(arguments: argparse.Namespace, devices: list[str]) -> Iterator[Job]:
    """All jobs; those that differ in the device alone follow each other, as a machine's speed may change."""
    ratio, epochs = arguments.ratio, arguments.epochs
    for dataset in arguments.sets:
        graphs = [(method, ratio) for method in arguments.methods]
        trainings = [
            (*graph, model, epochs)
            for graph in [(WHOLE, 1.0), *graphs]
            for model in arguments.models
        ]
        for job in [*graphs, *trainings]:
            yield from (Job(dataset, device, *job) for device in devices)


def file_of(job: Job, setup: Setup, folder: Path) -> Path:
    """Where a job's condensed graph is."""
    job = job.condensing
    digest = hashlib.sha256(repr((job, setup)).encode()).hexdigest()[:8]
    method = job.method.replace(":", "-")
    return folder / f"{Path(job.dataset).stem}-{method}-{job.device_type}-{digest}.h5"


def missing(jobs: list[Job], setup: Setup, arguments: argparse.Namespace) -> list[Job]:
    """The jobs without a row; also those that make a graph which is gone but still to be trained on."""
    rows = kept(arguments.rows)
    without = [job for job in jobs if (job, setup) not in rows]
    needed = {job.condensing for job in without if job.method != WHOLE}
    gone = {job for job in needed if not file_of(job, setup, arguments.graphs).exists()}
    return [job for job in jobs if job in without or job in gone]


def run_one(job: Job, arguments: argparse.Namespace) -> None:
    """Do a job in this process and keep its rows."""
    if arguments.count:
        kept_synchronisations(arguments.rows).add(synchronisations(job, arguments.data_root))
        return
    setup = Setup.here()
    cost = cost_of_training if job.model else cost_of_condensing
    rows = cost(job, arguments.data_root, file_of(job, setup, arguments.graphs))
    kept(arguments.rows).add(
        rows, outdated=lambda row: (job_of(row), setup_of(row)) == (job, setup)
    )


def measure(arguments: argparse.Namespace) -> list[str]:
    """Measure what is missing, each job in a process of its own; the names of those that failed.

    Raises:
        UserError: a data set cannot be loaded, or condensed to the ratio.
    """
    setup = Setup.here()
    devices = [device_name(torch.device(name)) for name in arguments.devices]
    jobs = list(dict.fromkeys(planned(arguments, devices)))
    todo = [(job, False) for job in missing(jobs, setup, arguments)]
    if arguments.synchronisations:
        counted = kept_synchronisations(arguments.rows)
        asked = [job for job in jobs if not job.model and job.device_type == GPU]
        todo += [(job, True) for job in asked if (job, setup) not in counted]
    for dataset in dict.fromkeys(job.dataset for job, _ in todo):
        plan(load(dataset, arguments.data_root), arguments.ratio)
    failed = []
    for job, count in todo:
        name = f"{job}{', counting synchronisations' if count else ''}"
        print(name, flush=True)
        file = file_of(job, setup, arguments.graphs)
        graph_is_there = not job.model or job.method == WHOLE or file.exists()
        if not graph_is_there or _in_process(job, count, arguments) != 0:
            print("  failed" if graph_is_there else "  failed: its graph is missing", flush=True)
            failed.append(name)
    return failed


def _in_process(job: Job, count: bool, arguments: argparse.Namespace) -> int:
    """The exit status of the process that does a job."""
    command = [sys.executable, "-m", "benchmarks.gpu", "--one", json.dumps(asdict(job))]
    for name in ("data_root", "rows", "graphs"):
        command += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    return subprocess.run(command + ["--count"] * count).returncode


def main() -> None:
    """Measure the missing rows, then print the tables."""
    parser = options()
    arguments = parser.parse_args()
    failed: list[str] = []
    try:
        if arguments.one is not None:
            run_one(Job(**arguments.one), arguments)
            return
        checked(arguments)
        if not arguments.print:
            failed = measure(arguments)
        rows, counts = kept(arguments.rows), kept_synchronisations(arguments.rows)
    except (UserError, UnknownChoiceError) as error:
        parser.error(str(error))
    sets = arguments.sets
    text = tables((r for r in rows if r.dataset in sets), (c for c in counts if c.dataset in sets))
    print(f"\n{text or 'No row of these sets is kept.'}")
    if failed:
        sys.exit(f"\n{len(failed)} failed, and the same command tries again:\n" + "\n".join(failed))


if __name__ == "__main__":
    main()
