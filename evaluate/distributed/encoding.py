"""Texts and images encoded with Ray Data, see `condense.encode.portions`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
import torch
from ray.data.exceptions import ExecutionTimeoutError
from ray.exceptions import RayError, RayTaskError, UserCodeException
from threadpoolctl import threadpool_limits

from condense.encode.encoder import HISTOGRAM, Encoder
from condense.encode.portions import Job, Portion, encode_portion
from condense.errors import UserError
from evaluate.distributed.machines import answers, reserved, resources

BATCHES = 8
"""Of a block, at most: less work is not worth a call, and more would be lost with an interrupted run."""
EACH = 8
"""Blocks for each process, at least, so that all end at about the same time."""
BYTES = 1 << 30
"""Of the contents in one dataset: Ray's object store holds no more at a time."""
PATIENCE = 3600
"""Seconds without a block that is done, after which processes that die again and again are given up."""
PROCESS = 3 << 28
"""Bytes that a process takes beside weights; a machine has as many as it has room for."""
READERS = 8
"""Threads that read ahead for a GPU, at most."""


@dataclass(frozen=True)
class EncodingOnRay:
    """Encodes in processes of the Ray that is connected (see `evaluate.distributed.connect`).

    Blocks of contents are a dataset of Ray Data, and go to actors that hold the encoder. Ray Data hands a
    block on whose process was killed or whose machine is gone; results come in the order in which they end.

    Attributes:
        cpus: of the cluster. Each has a process, in which nothing runs beside the encoder.
        gpus: of the cluster, if they are to be used: each has a process, but for histograms.
        readers: CPUs for each GPU, of which each has a thread that reads ahead.
    """

    cpus: int
    gpus: int = 0
    readers: int = 1

    @classmethod
    def on(cls, cpus: int, device: str) -> EncodingOnRay:
        """All CPUs of the cluster, or all its GPUs.

        Args:
            cpus: of the cluster.
            device: cpu, cuda, or auto for the GPUs if there are any.

        Raises:
            UserError: another device, or there is no GPU.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise UserError(f"device (got {device!r}) must be auto, cpu or cuda on a cluster")
        having = [each for each in resources() if each.get("GPU", 0) >= 1]
        if device == "cuda" and not having:
            raise UserError(
                f"device (got {device!r}) needs a GPU, and the cluster has none; try auto"
            )
        if device == "cpu" or not having:
            return cls(cpus)
        share = min(int(each.get("CPU", 0) // int(each["GPU"])) for each in having)
        return cls(cpus, sum(int(each["GPU"]) for each in having), max(1, min(READERS, share)))

    def unseen(self, paths: Sequence[Path]) -> tuple[Path, str] | None:
        """See `condense.encode.portions.Cluster`."""
        names = [str(path) for path in paths]
        expected = _sizes(names)
        for machine, sizes in answers(_sizes, names):
            for path, size, found in zip(paths, expected, sizes, strict=True):
                if found != size:
                    return path, machine
        return None

    def run(self, job: Job, items: Sequence[Any]) -> Iterator[tuple[str, Portion]]:
        """See `condense.encode.portions.Cluster`."""
        device = "cuda" if self.gpus and job.model != HISTOGRAM else "cpu"
        processes, threads = (self.gpus, self.readers) if device == "cuda" else (self.cpus, 1)
        batches = -(-len(items) // (job.batch * processes * EACH))
        shared = [ray.put(job)]  # In a list a reference stays one, and is fetched once a process.
        size = job.batch * min(BATCHES, batches)
        with _quiet():
            for blocks in _in_parts(job, items, size):
                dataset = ray.data.from_blocks(blocks)  # from_arrow would start a task for each.
                made = dataset.map_batches(
                    _Process,
                    fn_constructor_args=(shared, device, threads),
                    batch_size=size,
                    num_cpus=threads,
                    num_gpus=1 if device == "cuda" else None,
                    memory=reserved(PROCESS + job.weights),
                    # Idle processes end, so that one whose machine is lost finds another.
                    compute=ray.data.ActorPoolStrategy(
                        min_size=1,
                        max_size=processes,
                        initial_size=min(processes, len(blocks)),
                    ),
                )
                blocks.clear()  # Ray has them.
                yield from _portions(made)


def _in_parts(job: Job, items: Sequence[Any], size: int) -> Iterator[list[pa.Table]]:
    """Blocks of `size` items with their numbers, as many at a time as have BYTES."""
    blocks, held = [], 0
    for start in range(0, len(items), size):
        packed = [job.kind.pack(item) for item in items[start : start + size]]
        number = np.arange(start, start + len(packed))
        blocks.append(pa.table({"number": number, "item": pa.array(packed, pa.large_binary())}))
        held += blocks[-1].nbytes
        if held >= BYTES:
            yield blocks
            blocks, held = [], 0
    if blocks:
        yield blocks


def _portions(made: ray.data.Dataset) -> Iterator[tuple[str, Portion]]:
    """What processes return, as they end."""
    made.context.enable_progress_bars = False
    made.context.print_on_execution_start = False
    made.context.execution_no_progress_timeout_s = PATIENCE
    try:
        blocks: Iterable[Any] = made.iter_batches(batch_size=None, batch_format="numpy")
        for block in blocks:
            machine, error = str(block.pop("machine")[0]), str(block.pop("error")[0])
            if error:
                raise UserError(f"machine {machine}: {error}")
            yield machine, Portion(**block)
    except (RayError, ExecutionTimeoutError) as error:
        if isinstance(error, RayTaskError | UserCodeException):
            raise  # A defect of ours.
        raise UserError(
            f"the cluster gave up encoding ({type(error).__name__}: {error}); see whether machines run out "
            "of memory, and give the same command again: what is finished is kept"
        ) from error


class _Process:
    """An actor: holds the encoder, and encodes a block at a time."""

    def __init__(self, shared: list[Any], device: str, threads: int) -> None:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # Else they start a thread for each core.
        torch.set_num_threads(1)
        self._job: Job = ray.get(shared[0])
        self._device, self._threads = device, threads
        self._encoder: Encoder[Any] | None = None

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """The columns of a `Portion`, the machine, and what the user did wrong."""
        numbers, items = block["number"], block["item"]
        count, error = len(numbers), ""
        try:
            with threadpool_limits(1):
                if self._encoder is None:
                    self._encoder = self._job.encoder(self._device)
                made = encode_portion(self._job, self._encoder, numbers, items, self._threads)
        except UserError as wrong:  # Raised, Ray Data would wrap it and log a traceback.
            error = str(wrong)
            made = Portion.nothing(numbers, self._job.width)
        return {**vars(made), "machine": np.full(count, _machine()), "error": np.full(count, error)}


def _machine() -> str:
    return ray.util.get_node_ip_address()


def _sizes(paths: list[str]) -> list[int]:
    """The sizes of files; −1 for those that are not there."""
    return [os.path.getsize(path) if os.path.isfile(path) else -1 for path in paths]


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray Data writes its log to its file alone, and nothing between our lines."""
    handlers = logging.getLogger("ray.data").handlers
    shown = [each for each in handlers if isinstance(each, logging.StreamHandler)]
    levels = [each.level for each in shown]
    for each in shown:
        each.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for each, level in zip(shown, levels, strict=True):
            each.setLevel(level)
