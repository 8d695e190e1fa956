"""Walks over the relations of a schema, counted before any is built, so that only those kept are built.

With R relations there are up to R^k walks of k relations. A table of how many ways lead on from each node
type takes R additions a step; with it the i-th walk is found directly, and walks that lead nowhere are never
met.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import lru_cache

from torch_geometric.typing import EdgeType

MetaPath = tuple[EdgeType, ...]

MOST_PATHS = 341
"""Bound on the meta-paths that a model or method reads: those of four relations within one node type over
four hops, 1 + 4 + 16 + 64 + 256. None of the known data sets has more at any setting. An explicit graph, a
column block or a weight matrix belongs to each path, and SeHGNN's attention takes the square of their number.
"""

_log = logging.getLogger(__name__)


@lru_cache(maxsize=64)
def bounded_walks(
    relations: tuple[EdgeType, ...],
    target: str,
    hops: int,
    ends: frozenset[str],
    returning: bool = False,
    most: int = MOST_PATHS,
) -> tuple[MetaPath, ...]:
    """The walks outwards from the target type, shorter ones first, then in the order of relations.

    Where there are more than `most`, shorter ones come first; of the first length that does not fit as a
    whole those stay that are evenly spaced in the order of relations, walk ⌊i N / k⌋ of N for i < k, so that
    the last relations are read as well as the first; longer ones are left out, and a warning is logged, once.
    The choice depends on the relations alone, so whole and condensed graph have the same. As only the last
    length is thinned out, each part of a kept walk that is such a walk itself is kept as well.

    Args:
        relations: (source type, name, destination type).
        target: where walks start.
        hops: the most relations of a walk.
        ends: the node types at which a walk may end.
        returning: only walks of at least one relation that meet the target type at both ends and nowhere
            else; then `ends` is the target type.
        most: bound on their number.
    """
    walks = _Walks(relations, target, hops, ends, returning)
    kept: list[MetaPath] = []
    for length, count in enumerate(walks.counts):
        room = most - len(kept)
        if count > room:
            _warn(walks, length, len(kept), room)
            kept += [walks.walk(length, i * count // room) for i in range(room)]
            break
        kept += [walks.walk(length, i) for i in range(count)]
    return tuple(kept)


class _Walks:
    """How many walks there are, and each by its number.

    Attributes:
        counts: of each length from 0.
    """

    def __init__(
        self,
        relations: Sequence[EdgeType],
        target: str,
        hops: int,
        ends: frozenset[str],
        returning: bool,
    ) -> None:
        self.target, self.returning = target, returning
        self.into: dict[str, list[EdgeType]] = {target: []}
        for relation in relations:
            self.into.setdefault(relation[0], [])
            self.into.setdefault(relation[2], []).append(relation)
        # Ways of exactly k further relations from each type; Python's integers, which do not overflow.
        self.onwards = [{t: int(t in ends) for t in self.into}]
        for _ in range(hops):
            after = self.onwards[-1]
            ways = {t: sum(after[r[0]] for r in into) for t, into in self.into.items()}
            if returning:
                ways[target] = 0  # A walk that is back ends there.
            self.onwards.append(ways)
        self.counts = [0 if returning else self.onwards[0][target]]
        self.counts += [
            sum(after[r[0]] for r in self.into[target]) for after in self.onwards[:hops]
        ]

    def walk(self, length: int, number: int) -> MetaPath:
        """The walk of this length and number, 0 ≤ number < counts[length]."""
        return tuple(self._steps(length, number))

    def _steps(self, length: int, number: int) -> Iterator[EdgeType]:
        at = self.target
        for after in reversed(self.onwards[:length]):
            for relation in self.into[at]:
                if number < after[relation[0]]:
                    yield relation
                    at = relation[0]
                    break
                number -= after[relation[0]]


def _warn(walks: _Walks, length: int, shorter: int, room: int) -> None:
    kind = " back to it" if walks.returning else ""
    _log.warning(
        "%s meta-paths of at most %d relations start at %s and lead%s, too many to read them all: %d are "
        "read, %d shorter ones and %d of the %s of %d relations, evenly spaced in the relations' order; "
        "fewer relations or hops would leave none out",
        f"{sum(walks.counts):,}",
        len(walks.counts) - 1,
        walks.target,
        kind or " to features",
        shorter + room,
        shorter,
        room,
        f"{walks.counts[length]:,}",
        length,
    )
