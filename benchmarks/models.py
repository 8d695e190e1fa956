"""What each model costs on a whole graph: seconds an epoch, peak memory of training and of inference.

    python -m benchmarks.models --data-root DATA_ROOT [--dataset amazon1] [--models …] [--epochs 3]

Run it from the project's root. Every model has its default settings and runs in two processes of its own, one
that trains and one that predicts the test nodes, so that the peak memory is that of one job, data and
libraries included. An epoch is a full-batch step of the trainer; its seconds are the median after one step to
warm up.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.epoch_time import epoch_seconds
from condense.data.graph import display_name
from condense.datasets.load import load_dataset
from condense.errors import UserError
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict
from models.registry import MODELS
from models.seeding import seeded

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What one process cost.

    Attributes:
        seconds: of an epoch, or of predicting all test nodes.
        peak_mib: peak memory of the process.
        parameters: number of learnt parameters.
    """

    seconds: float
    peak_mib: float
    parameters: int


def measure(name: str, task: EvaluationTask, epochs: int) -> Cost:
    """The cost of training or, if `epochs` is 0, of predicting in this process."""
    entry = MODELS[name]
    with seeded(0):
        model = entry.build(task.schema, entry.settings())
    if epochs:
        seconds = epoch_seconds(entry, model, task, epochs + 1)[1:]  # The first step warms up.
    else:
        seconds = [inference_seconds(model, task)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = sum(p.numel() for p in model.parameters())
    return Cost(statistics.median(seconds), peak, count)


def inference_seconds(model: torch.nn.Module, task: EvaluationTask) -> float:
    """Seconds to predict all test nodes, including the preparation of inputs."""
    started = time.perf_counter()
    predict(model, task.whole, task.test_rows())
    return time.perf_counter() - started


def measure_in_process(name: str, arguments: argparse.Namespace, epochs: int) -> Cost | None:
    """`measure` in a process of its own; None if that failed, for example for lack of memory."""
    command = [sys.executable, "-m", "benchmarks.models", "--one", name, "--epochs", str(epochs)]
    command += ["--dataset", arguments.dataset, "--data-root", str(arguments.data_root.resolve())]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None


def line(name: str, training: Cost | None, inference: Cost | None) -> str:
    """A row of the Markdown table."""
    cells = [name, f"{training.parameters:,}" if training else "–"]
    for cost in (training, inference):
        cells += [f"{cost.seconds:.3g}", f"{cost.peak_mib:,.0f}"] if cost else ["failed", "–"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print a Markdown table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="amazon1")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--one", choices=list(MODELS), help="measure this model in this process")
    arguments = parser.parse_args()
    if arguments.one is None and arguments.epochs < 1:
        parser.error(f"--epochs (got {arguments.epochs}) must be at least 1")
    try:
        graph = load_dataset(arguments.dataset, arguments.data_root)
    except UserError as error:
        parser.error(str(error))
    if arguments.one is not None:
        print(
            json.dumps(measure(arguments.one, EvaluationTask.of(graph), arguments.epochs).__dict__)
        )
        return
    load = os.getloadavg()[0]
    print(f"{display_name(graph.name, graph.source)}, {torch.get_num_threads()} threads, ", end="")
    print(f"load {load:.2f} at the start\n")
    print("| model | parameters | epoch s | training MiB | inference s | inference MiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in arguments.models:
        costs = (measure_in_process(name, arguments, epochs) for epochs in (arguments.epochs, 0))
        print(line(name, *costs), flush=True)


if __name__ == "__main__":
    main()
