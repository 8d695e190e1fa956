"""What is measured, where, and the rows that are kept of it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from condense.running.identity import versions
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import WHOLE
from evaluate.results.values import Amount, Count

ROWS = Path(__file__).parents[1] / "rows" / "gpu"
TOTAL = "total"
REMEDY = "delete it, or choose other --rows"
CPU = "cpu"


@dataclass(frozen=True)
class Job:
    """A graph to condense, or a model to train.

    Attributes:
        dataset: name or file of the whole graph.
        device: as `device_name` says it, "cpu" or "cuda (NVIDIA H200)".
        method: in short form, or `WHOLE`.
        ratio: to which it condenses; 1 for `WHOLE`.
        model: as `parse_model` reads it; "" to condense.
        epochs: of the training; 0 to condense.
    """

    dataset: str
    device: str
    method: str = WHOLE
    ratio: float = 1.0
    model: str = ""
    epochs: int = 0

    @property
    def device_type(self) -> str:
        """The device without the name of its hardware."""
        return self.device.partition(" ")[0]

    @property
    def condensing(self) -> Job:
        """The job that makes the condensed graph which this one trains on."""
        return Job(self.dataset, self.device, self.method, self.ratio)

    @property
    def on_whole(self) -> Job:
        """The same training on the whole graph."""
        return Job(self.dataset, self.device, model=self.model, epochs=self.epochs)

    def __str__(self) -> str:
        graph = WHOLE if self.method == WHOLE else f"{self.method} at {self.ratio:.3g}"
        what = f"train {self.model} on {graph}" if self.model else f"condense by {graph}"
        return f"{self.dataset}, {self.device}: {what}"


@dataclass(frozen=True)
class Setup:
    """What seconds depend on beside the job; rows of another setup are never compared.

    Attributes:
        torch: version, with that of CUDA where torch was built for it.
        machine: model of the processor.
        threads: that torch uses.
    """

    torch: str
    machine: str
    threads: int

    @classmethod
    def here(cls) -> Setup:
        """That of this process."""
        cuda = torch.version.cuda
        text = versions()["torch"] + (f", CUDA {cuda}" if cuda else "")
        return cls(text, processor(), torch.get_num_threads())


@dataclass(frozen=True)
class Row:
    """What a stage of a job cost.

    Attributes:
        dataset, device, method, ratio, model, epochs: see `Job`.
        torch, machine, threads: see `Setup`.
        source: "real" or "simulated", of the whole graph.
        stage: of condensing, or TOTAL, the only one of a training.
        seconds: that it took; of a training those of optimisation and of preparing its inputs.
        peak_bytes: of memory in use, validation included.
        epoch_seconds: mean over the second half of the training's epochs; None for condensing.
        rise_bytes: that optimisation added, see `Trained.peak_bytes`; None for condensing, and where the
            system does not report it.
    """

    dataset: str
    device: str
    method: str
    ratio: Amount
    model: str
    epochs: Count
    torch: str
    machine: str
    threads: Count
    source: str
    stage: str
    seconds: Amount
    peak_bytes: Count
    epoch_seconds: Amount | None = None
    rise_bytes: Count | None = None


@dataclass(frozen=True)
class Synchronisation:
    """How often condensing waits for the GPU at one line of the source.

    Attributes:
        dataset, device, method, ratio: see `Job`.
        torch, machine, threads: see `Setup`.
        source: "real" or "simulated", of the whole graph.
        place: file and line; TOTAL for all of them together.
        calls: how many.
    """

    dataset: str
    device: str
    method: str
    ratio: Amount
    torch: str
    machine: str
    threads: Count
    source: str
    place: str
    calls: Count


def job_of(row: Row | Synchronisation) -> Job:
    """The job that a row is of."""
    return Job(**{f.name: getattr(row, f.name) for f in fields(Job) if hasattr(row, f.name)})


def setup_of(row: Row | Synchronisation) -> Setup:
    """The setup that a row is of."""
    return Setup(row.torch, row.machine, row.threads)


def kept(folder: Path) -> RecordStore[Row]:
    """The kept rows, by job and setup."""
    path = folder / "costs.csv"
    return RecordStore(Row, lambda row: (job_of(row), setup_of(row)), path, remedy=REMEDY)


def kept_synchronisations(folder: Path) -> RecordStore[Synchronisation]:
    """The kept counts, likewise."""
    path = folder / "synchronisations.csv"
    return RecordStore(
        Synchronisation, lambda row: (job_of(row), setup_of(row)), path, remedy=REMEDY
    )


def facts(job: Job, setup: Setup, source: str) -> dict[str, Any]:
    """The fields that all rows of a job share."""
    return {**asdict(job), **asdict(setup), "source": source}


def processor() -> str:
    """The model of the processor, or its architecture where the system does not say more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
