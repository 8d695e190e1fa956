"""Running the items of a workload: here one after another, or elsewhere as `evaluate.distributed` does.

A grid of trainings (`evaluate.grid`) and the trainings of a plan (`evaluate.reproduce`) are workloads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
Takes = TypeVar("Takes", contravariant=True)
Gives = TypeVar("Gives", covariant=True)


class Workload(Protocol[Takes, Gives]):
    """Everything that items need, ready for them in one process."""

    @property
    def device(self) -> torch.device:
        """Where items are run."""
        ...

    def run(self, item: Takes, /) -> Iterator[Gives]:
        """The results of an item, one or more, as they come."""
        ...

    def pack(self, device: torch.device) -> Any:
        """What another process needs to prepare the same workload on its `device`; it can be pickled."""
        ...

    @classmethod
    def unpack(cls, packed: Any) -> Self:
        """The workload that was packed."""
        ...


class Executor(Protocol):
    """Runs items."""

    def run(
        self, workload: Workload[Item, Result], queue: deque[Item]
    ) -> Generator[tuple[Item, Result | Exception], None, None]:
        """Each item of `queue` with each of its results or the error it ended in, until none is left.

        Items are taken from the left; whoever iterates may add others in between.
        """
        ...


@dataclass(frozen=True)
class InProcess:
    """Runs items in this process.

    Attributes:
        threads: of each; None leaves PyTorch's number as it is.
    """

    threads: int | None = None

    def run(
        self, workload: Workload[Item, Result], queue: deque[Item]
    ) -> Generator[tuple[Item, Result | Exception], None, None]:
        """See `Executor`."""
        before = torch.get_num_threads()
        try:
            while queue:
                item = queue.popleft()
                torch.set_num_threads(self.threads or before)
                try:
                    for result in workload.run(item):
                        yield item, result
                except Exception as error:  # Whatever it is, other items do not suffer from it.
                    yield item, error
        finally:
            torch.set_num_threads(before)


class LostProcessError(Exception):
    """The process that ran an item was killed, or its machine is gone.

    Args:
        kind: what the executor calls it.
        text: what it says about it.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def reason(error: BaseException) -> str:
    """An error in one line: its kind and the first line of its text."""
    kind = error.kind if isinstance(error, LostProcessError) else type(error).__name__
    # Tables, where reasons are kept, hold no NUL.
    lines = str(error).replace("\0", " ").splitlines()
    text = next((line.strip() for line in lines if line.strip()), "")
    return f"{kind}: {text}"[:300] if text else kind
