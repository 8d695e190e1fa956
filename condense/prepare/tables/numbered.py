"""The edges of a relation between numbered nodes, of which a few batches are in memory at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from condense.io.scratch import Growing, Scratch
from condense.prepare.tables.edges import Relation
from condense.prepare.tables.ids import Ids
from condense.prepare.tables.numbering import Numbers, numbering
from condense.prepare.tables.numbers import NO_NUMBER, parsed_numbers
from condense.prepare.tables.table import Rows, Table, lines_of

COPIED = 1 << 20
"""Numbers that are copied at a time."""
INFINITE = "must be finite, and less than 3.4e38", "correct it, or delete the edge"
NO_WEIGHT = "must be a positive weight", "correct it, or delete the edge"


@dataclass(frozen=True)
class Edges:
    """Edges between numbered nodes.

    Attributes:
        index: long [2, e].
        reverse: the same edges the other way round, which share their numbers; None where nobody asks.
        weight: float32 [e]; None where edges have none.
        zeros: edges of weight 0, which are not in index.
    """

    index: Tensor
    reverse: Tensor | None
    weight: Tensor | None
    zeros: int


@dataclass
class _Faults:
    """Rows of a table of edges that break a rule.

    Attributes:
        unknown: whose source, and whose target, is no node.
        left_out: of which one of them is none.
        no_number: whose weight is none.
        infinite: whose weight is not finite in float32.
        negative: whose weight is missing or less than 0.
        rows: how many rows were looked at.
        zeros: edges of weight 0.
    """

    unknown: tuple[Rows, Rows] = field(default_factory=lambda: (Rows(), Rows()))
    left_out: Rows = field(default_factory=Rows)
    no_number: Rows = field(default_factory=Rows)
    infinite: Rows = field(default_factory=Rows)
    negative: Rows = field(default_factory=Rows)
    rows: int = 0
    zeros: int = 0


def number_edges(
    relation: Relation, ids: Mapping[str, Ids], drop: bool, notes: list[str], scratch: Scratch
) -> Edges:
    """The edges of a relation. Those of weight 0 are left out.

    Args:
        relation: whose table is read.
        ids: node type -> its ids.
        drop: leave out edges that name unknown nodes.
        notes: how many these are is added here.
        scratch: where the numbers are.

    Raises:
        FileError: an edge names an unknown node, and `drop` is false; or a weight is not positive. All rows
            are looked at before.
    """
    first, second = (ids[side.node_type].values for side in relation.sides)
    ahead: deque[Table] = deque()
    faults = _Faults()
    ends = scratch.growing(np.int64), scratch.growing(np.int64)
    weights = None if relation.spec.weight is None else scratch.growing(np.float32)
    with numbering(_read(relation, ahead), first, second) as numbers:
        for pair in numbers:
            _add(ahead.popleft(), relation.spec.weight, pair, ends, weights, faults)
    _check(relation, faults, ids, drop)
    if left := faults.left_out.count:
        where = lines_of(relation.table.path, relation.table.layout, faults.left_out)
        notes.append(
            f"{relation.name}: {left:,} of {faults.rows:,} edges left out, since they name unknown nodes "
            f"({where})"
        )
    index, reverse = _joined(*ends, relation.spec.reverse)
    weight = None if weights is None else torch.from_numpy(weights.array())
    return Edges(index, reverse, weight, faults.zeros)


def _read(relation: Relation, ahead: deque[Table]) -> Iterator[tuple[pa.Array, pa.Array]]:
    """The ids at both ends, batch by batch; each batch joins those that are `ahead` of their numbers."""
    table, columns = relation.table, [side.column for side in relation.sides]
    weight = [] if relation.spec.weight is None else [relation.spec.weight]
    whole = {column: table.is_whole(column) for column in columns}
    for batch in table.batches(*dict.fromkeys([*columns, *weight])):
        first, second = (batch.strings(column, whole[column]) for column in columns)
        ahead.append(batch)
        yield first, second


def _add(
    table: Table,
    column: str | None,
    pair: Numbers,
    ends: tuple[Growing, Growing],
    weights: Growing | None,
    faults: _Faults,
) -> None:
    """Add the edges of a batch to `ends` and `weights`, and what is wrong with them to `faults`."""
    unknown = [numbers < 0 for numbers in pair]
    kept = ~(unknown[0] | unknown[1])
    for rows, missing in zip(faults.unknown, unknown, strict=True):
        rows.add(missing, table.start)
    faults.left_out.add(~kept, table.start)
    faults.rows += table.count
    if weights is not None and column is not None:
        weight, unreadable = parsed_numbers(table, column)
        faults.no_number.add(unreadable, table.start)
        with np.errstate(over="ignore"):
            single = weight.astype(np.float32)
        faults.infinite.add(np.isinf(single), table.start)
        faults.negative.add(kept & ~(weight >= 0), table.start)
        zero = kept & (single == 0)
        faults.zeros += int(zero.sum())
        kept &= ~zero
        weights.add(single[kept])
    for end, numbers in zip(ends, pair, strict=True):
        end.add(numbers[kept])


def _check(relation: Relation, faults: _Faults, ids: Mapping[str, Ids], drop: bool) -> None:
    """Raise for the first rule that is broken."""
    table, weight = relation.table, relation.spec.weight
    for side, rows in zip(relation.sides, faults.unknown, strict=True):
        if rows.count and not drop:
            rule = f"must be an id of {side.node_type!r} {ids[side.node_type].origin}"
            remedy = "add these nodes, or leave such edges out with --on-unknown drop"
            raise table.wrong(side.column, rows, rule, remedy, "edges")
    if weight is None:
        return
    for rows, (rule, remedy), what in (
        (faults.no_number, NO_NUMBER, "cells"),
        (faults.infinite, INFINITE, "cells"),
        (faults.negative, NO_WEIGHT, "edges"),
    ):
        if rows.count:
            raise table.wrong(weight, rows, rule, remedy, what)


def _joined(sources: Growing, targets: Growing, reverse: bool) -> tuple[Tensor, Tensor | None]:
    """edge_index [2, e] and, where it is asked for, that of the reverse.

    Sources, targets and sources again lie in one row: edges begin with the first, reverse edges with the
    second part.
    """
    first = sources.array()
    for part in (targets.array(), first)[: 1 + reverse]:
        for start in range(0, len(part), COPIED):
            sources.add(part[start : start + COPIED])
    row, count = torch.from_numpy(sources.array()), len(first)
    back = row[count:].view(2, count) if reverse else None
    return row[: 2 * count].view(2, count), back
