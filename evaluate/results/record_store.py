"""Records kept in a file as they are computed, so that an interrupted run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from evaluate.results.records import read_records, write_records

R = TypeVar("R")


class RecordStore(Generic[R]):
    """Records of one kind, looked up by key: whoever computes something asks `get` first, and then `add`s.

    The file is one CSV table, rewritten whole and atomically at each change. Several records may share a key,
    such as the scores of one training.

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
        self._earlier: list[R] = []
        self.new: list[R] = []
        if path is not None and path.exists():
            self._earlier = read_records(path, kind, what, remedy)
        self._by_key: dict[Hashable, list[R]] = {}
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
        """Keep new records.

        Args:
            records: of one computation or several.
            outdated: whether a record from before this store was opened is given up for them.
        """
        self.new.extend(records)
        self._earlier = [record for record in self._earlier if not outdated(record)]
        self._save()

    def restrict(self, records: Iterable[R]) -> None:
        """Keep these records alone, in this order."""
        self._earlier, self.new = list(records), []
        self._save()

    def _index(self) -> None:
        self._by_key = {}
        for record in self:
            self._by_key.setdefault(self._key(record), []).append(record)

    def _save(self) -> None:
        self._index()
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_records(self._path, self._kind, self)
