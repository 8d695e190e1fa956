"""Portions of contents that other processes encode, and what comes back of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from condense.encode.encoder import Encoder
from condense.encode.kept import KEY, among
from condense.encode.kinds import Kind
from condense.encode.reading import Read, ahead, look
from condense.errors import UserError


@dataclass(frozen=True)
class Job:
    """What a process needs to encode portions.

    Attributes:
        kind: of the contents.
        name: of the encoder, as the user gave it.
        model: the encoder's folder or name as all machines take it.
        identity: of the encoder where the command runs; that of the process must have the same.
        width: of its features.
        batch: how many contents are encoded at a time.
        weights: bytes that the encoder's weights take in each process.
        kept: keys of contents that are not encoded again, S16 [k], see `condense.encode.kept`.
    """

    kind: Kind
    name: str
    model: str
    identity: str
    width: int
    batch: int
    weights: int
    kept: NDArray[np.bytes_]

    def encoder(self, device: str) -> Encoder[Any]:
        """The encoder, loaded in this process.

        Raises:
            UserError: it cannot be, or is another one.
        """
        encoder = self.kind.load(self.model, device)
        if encoder.identity != self.identity:
            raise UserError(
                f"{self.kind.what} encoder (got {self.name}) has other weights or settings than where the "
                "command runs; give all machines the same files, and the same version of transformers"
            )
        return encoder


@dataclass(frozen=True)
class Portion:
    """What became of b items.

    Attributes:
        number: of the items, int64 [b].
        key: of their bytes, uint8 [b, KEY]; zeros if they cannot be read.
        row: features, float32 [b, width]; zeros if there are none.
        fresh: whether `row` holds features, bool [b]; if not, they are kept, or there is a failure.
        failure: why an item cannot be read or decoded, str [b], or an empty string.
    """

    number: NDArray[np.int64]
    key: NDArray[np.uint8]
    row: NDArray[np.float32]
    fresh: NDArray[np.bool_]
    failure: NDArray[np.object_]

    @classmethod
    def nothing(cls, numbers: NDArray[np.int64], width: int) -> Portion:
        """A portion without features and failures."""
        b = len(numbers)
        key, row = np.zeros((b, KEY), np.uint8), np.zeros((b, width), np.float32)
        return cls(numbers, key, row, np.zeros(b, bool), np.full(b, "", dtype=object))


class Cluster(Protocol):
    """Processes on several machines, which encode portions."""

    def unseen(self, paths: Sequence[Path]) -> tuple[Path, str] | None:
        """A file that a machine lacks, or that has another size there, with the machine; None if none is.

        Raises:
            UserError: a machine is lost before it answers.
        """
        ...

    def run(self, job: Job, items: Sequence[Any]) -> Iterator[tuple[str, Portion]]:
        """Portions as they end, each with the machine where it was encoded.

        Batches are of `job.batch` consecutive items, so that features do not depend on the cluster.

        Raises:
            UserError: what a process raised, or the cluster gave up.
        """
        ...


def encode_portion(
    job: Job,
    encoder: Encoder[Any],
    numbers: NDArray[np.int64],
    items: Sequence[bytes],
    threads: int,
) -> Portion:
    """Encode items, a batch at a time.

    Args:
        job: see there.
        encoder: of `job`.
        numbers: of the items [b].
        items: b items, packed.
        threads: that read ahead; 1 reads in this thread.

    Raises:
        UserError: the device's memory is too small.
    """
    made = Portion.nothing(numbers, job.width)
    looking = partial(
        look, read=job.kind.read, decode=job.kind.decode, kept=partial(among, job.kept)
    )
    with ExitStack() as stack:
        looked: Iterator[Read] = map(looking, items)
        if threads > 1:
            pool = stack.enter_context(ThreadPoolExecutor(threads))
            looked = ahead(pool, looking, items, 2 * job.batch)
        for start in range(0, len(items), job.batch):
            batch = list(enumerate(islice(looked, job.batch), start))
            for place, each in batch:
                if each.key:
                    made.key[place] = np.frombuffer(each.key, np.uint8)
                made.failure[place] = _plain(each.failure or "")
            new = [(place, each.content) for place, each in batch if each.content is not None]
            if new:
                places = [place for place, _ in new]
                made.row[places] = encoder.encode([content for _, content in new])
                made.fresh[places] = True
    return made


def _plain(text: str) -> str:
    """A text that can be sent: bytes of file names that are no UTF-8 become question marks."""
    return text.encode("utf-8", "replace").decode()
