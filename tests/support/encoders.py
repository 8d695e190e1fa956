"""Encoders of words that need no model, for processes that tests kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence, Sized
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info

from condense.encode.encoder import Into, UnreadableError
from condense.encode.kinds import Kind

WIDTH = 3


class Words:
    """The length, the first and the last character of each text."""

    identity, width, batch, weights = "words", WIDTH, 4, 0

    def __init__(self, name: str, device: str) -> None:
        self.name = name

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        assert len(batch) <= self.batch
        return np.array([[len(w), ord(w[0]), ord(w[-1])] for w in batch], dtype=np.float32)


class Dying(Words):
    """The first process that encodes is killed; its name is a file that says so."""

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        try:
            os.close(os.open(self.name, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return super().encode(batch)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class Slow(Words):
    """Takes half a second for a batch."""

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        time.sleep(0.5)
        return super().encode(batch)


class Threads(Words):
    """How many threads PyTorch, the largest of other libraries and tokenizers have."""

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        others = max((each["num_threads"] for each in threadpool_info()), default=1)
        tokenizers = 1 if os.environ["TOKENIZERS_PARALLELISM"] == "false" else 2
        return np.array([[torch.get_num_threads(), others, tokenizers]] * len(batch), np.float32)


class NotFinite(Words):
    """Features that no model may have."""

    def encode(self, batch: Sequence[str]) -> np.ndarray:
        return np.full((len(batch), WIDTH), np.nan, dtype=np.float32)


def pack(word: str) -> bytes:
    return word.encode()


def read(content: bytes) -> bytes:
    if content.startswith(b"no"):
        raise UnreadableError("no")
    return content


def decode(content: bytes) -> str:
    if content.startswith(b"damaged"):
        raise UnreadableError("damaged")
    return content.decode()


def no_file(word: str) -> None:
    return None


def kind(load: type[Words], file=no_file) -> Kind:
    return Kind("text", load, pack, read, decode, file)


def rows_of(items: Sized) -> Into:
    """A matrix of these items alone."""
    return lambda width: (np.zeros((len(items), width), np.float32), np.arange(len(items)))


class OutOfOrder:
    """A cluster in this process, whose portions end in another order.

    Attributes:
        blind: the machine that does not see a file, or None.
    """

    def __init__(self, size: int = 8, stop: int = 1000) -> None:
        self.size, self.stop, self.seen = size, stop, 0
        self.blind: Path | None = None

    def unseen(self, paths: Sequence[Path]) -> tuple[Path, str] | None:
        return next(((path, "10.0.0.2") for path in paths if path == self.blind), None)

    def run(self, job, items):
        from condense.encode.portions import encode_portion

        encoder = job.encoder("cpu")
        for start in sorted(range(0, len(items), self.size), key=lambda n: (n * 7) % 5):
            if not self.stop:
                raise KeyboardInterrupt
            self.stop -= 1
            own = [job.kind.pack(item) for item in items[start : start + self.size]]
            made = encode_portion(job, encoder, np.arange(start, start + len(own)), own, 1)
            self.seen += int(made.fresh.sum())
            yield "10.0.0.2", made
