"""Records kept in a file as they are computed, so that an interrupted run can be resumed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from condense.io.lock import held
from evaluate.results.records import as_read, read_records, record_line, write_records

R = TypeVar("R")

WAIT = 60.0
"""Seconds to wait for another process that is writing the same file."""


class RecordStore(Generic[R]):
    """Records of one kind, looked up by key: whoever computes something asks `get` first, and then `add`s.

    The file is one CSV table, rewritten whole and atomically at each change. Several records may share a key,
    such as the scores of one training. Several processes may add to one file: what others wrote is read
    before each change.

    Args:
        kind: a dataclass whose fields become columns, see `write_records`.
        key: what identifies the computation that a record comes from.
        path: of the file, which is read if it is there; None keeps the records in memory only.
        what: what errors call the records.
        remedy: what errors advise where the file cannot be read.

    Attributes:
        new: the records that were added since the store was opened.

    Raises:
        FileError: the file holds something else; later, it cannot be written.
    """

    def __init__(
        self,
        kind: type[R],
        key: Callable[[R], Hashable],
        path: Path | None = None,
        what: str = "results",
        remedy: str = "delete it, or choose another --out",
    ) -> None:
        self._kind, self._key, self._path = kind, key, path
        self._what, self._remedy = what, remedy
        self._earlier: list[R] = []
        self.new: list[R] = []
        self._seen: tuple[int, ...] | None = None
        self._by_key: dict[Hashable, list[R]] = {}
        self._read()
        self._index()

    def get(self, key: Hashable) -> Sequence[R]:
        """The records of a key; empty where nothing is kept."""
        return self._by_key.get(key, ())

    def __contains__(self, key: Hashable) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[R]:
        """All records: earlier ones, then new ones in the order in which they were added."""
        return iter([*self._earlier, *self.new])

    def __len__(self) -> int:
        return len(self._earlier) + len(self.new)

    def add(
        self, records: Iterable[R], outdated: Callable[[R], bool] = lambda earlier: False
    ) -> None:
        """Keep new records. What another process has added meanwhile stays, of the same key too.

        Args:
            records: of one computation or several.
            outdated: whether a record that this store has not added itself is given up for them.

        Raises:
            FileError: the file cannot be written, or holds something else by now.
            UserError: another process is writing it for a minute.
        """
        with self._held():
            self.new.extend(records)
            self._read()
            self._earlier = [record for record in self._earlier if not outdated(record)]
            self._save()

    def restrict(self, records: Iterable[R]) -> None:
        """Keep these records alone, in this order, whatever other processes have added."""
        self._earlier, self.new = list(records), []
        with self._held():
            self._save()

    def _held(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self._path is None else held(self._path, wait=WAIT)

    def _read(self) -> None:
        """Take over the file as it is, if it is not what this store has read or written last."""
        if self._path is None or self._signature() in (None, self._seen):
            return
        self._seen = self._signature()
        found = read_records(self._path, self._kind, self._what, self._remedy)
        own = {record_line(as_read(record)) for record in self.new}
        self._earlier = [record for record in found if record_line(record) not in own]

    def _signature(self) -> tuple[int, ...] | None:
        """What tells one version of the file from another; None without a file."""
        assert self._path is not None
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _index(self) -> None:
        self._by_key = {}
        for record in self:
            self._by_key.setdefault(self._key(record), []).append(record)

    def _save(self) -> None:
        self._index()
        if self._path is not None:
            write_records(self._path, self._kind, self)
            self._seen = self._signature()
