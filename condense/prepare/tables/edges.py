"""A relation's edges: which columns name their ends, and the numbers of the nodes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.errors import UserError
from condense.prepare.tables.files import column_names, layout_of, read_table
from condense.prepare.tables.ids import Ids
from condense.prepare.tables.numbers import column_numbers
from condense.prepare.tables.spec import SIDES, EdgeTable, End, Spec
from condense.prepare.tables.table import Table
from models.choices import nearest


@dataclass(frozen=True)
class Side:
    """An end of all edges of a relation.

    Attributes:
        node_type: their type there.
        column: of the table.
        values: ids [e], null where a cell is empty.
    """

    node_type: str
    column: str
    values: pa.Array


@dataclass(frozen=True)
class Relation:
    """A relation as its table has it.

    Attributes:
        name: of the relation.
        spec: its section.
        table: its table.
        sides: where edges begin, and where they end.
    """

    name: str
    spec: EdgeTable
    table: Table
    sides: tuple[Side, Side]

    def numbered(
        self, ids: Mapping[str, Ids], drop: bool, notes: list[str]
    ) -> tuple[Tensor, Tensor | None]:
        """edge_index [2, e] and the weights [e], if any.

        Args:
            ids: node type -> its ids.
            drop: leave out edges that name unknown nodes.
            notes: what is left out is added here.

        Raises:
            FileError: an edge names an unknown node, and `drop` is false; or a weight is not positive.
        """
        ends = [ids[side.node_type].numbers(side.values) for side in self.sides]
        unknown = [end < 0 for end in ends]
        for side, missing in zip(self.sides, unknown, strict=True):
            if missing.any() and not drop:
                rule = f"must be an id of {side.node_type!r} {ids[side.node_type].origin}"
                remedy = "add these nodes, or leave such edges out with --on-unknown drop"
                raise self.table.wrong(side.column, missing, rule, remedy, "edges")
        kept = ~(unknown[0] | unknown[1])
        if not kept.all():
            notes.append(
                f"{self.name}: {int((~kept).sum()):,} of {len(kept):,} edges left out, since they name "
                f"unknown nodes ({self.table.places(~kept)})"
            )
        index = torch.from_numpy(np.stack(ends)[:, kept])
        return index, None if self.spec.weight is None else self._weights(self.spec.weight, kept)

    def _weights(self, column: str, kept: NDArray[np.bool_]) -> Tensor:
        weight = column_numbers(self.table, column)
        wrong = kept & ~(weight >= 0)  # Edges of weight 0 are taken out later, which is said.
        if wrong.any():
            remedy = "correct it, or delete the edge"
            raise self.table.wrong(column, wrong, "must be a positive weight", remedy, "edges")
        return torch.from_numpy(weight[kept]).float()


def read_relation(spec: Spec, name: str) -> Relation:
    """The table of a relation.

    Raises:
        FileError: it is missing or damaged, or lacks a column.
        UserError: the ends of its edges cannot be told from what the section says.
    """
    edge, where = spec.edges[name], spec.where("edge", name)
    path = spec.file(edge.file)
    layout = layout_of(path, edge.header, edge.delimiter, where)
    names = column_names(path, layout, where)
    ends = [
        _resolved(end, names, spec, path, f"{where} {side}")
        for side, end in zip(SIDES, (edge.source, edge.target), strict=True)
    ]
    wanted = {column: side for side, (_, column) in zip(SIDES, ends, strict=True)}
    if edge.weight is not None:
        wanted.setdefault(edge.weight, "weight")
    table = read_table(path, layout, wanted, where)
    first, second = (Side(kind, column, table.strings(column)) for kind, column in ends)
    return Relation(name, edge, table, (first, second))


def _resolved(
    end: End, names: Sequence[str], spec: Spec, path: Path, where: str
) -> tuple[str, str]:
    """The node type and the column of an end, of which the short form states one.

    A column of ids is called like the type or like the ids' column in the type's own table, unless the
    section says otherwise; and of a single node type there is no doubt.
    """
    node_type, column = end.type, end.column
    if end.word in names:
        column = end.word
    elif end.word in spec.nodes:
        node_type = end.word
    elif end.word is not None:
        rule = f"is no column of {path} and no node type"
        choices = nearest(end.word, dict.fromkeys((*names, *spec.nodes)))
        raise UserError(f"{where} (got {end.word!r}) {rule}; {choices}")
    if node_type is not None and node_type not in spec.nodes:
        remedy = nearest(node_type, spec.nodes)
        raise UserError(f"{where}: type (got {node_type!r}) is not a node type; {remedy}")
    if node_type is None:
        assert column is not None  # Since an end states something.
        return _type_of(column, spec, where), column
    if column is None:
        usual = (node_type, spec.nodes[node_type].id)
        column = next((name for name in usual if name in names), None)
    if column is None:
        raise UserError(
            f"{where} (got type {node_type!r}) needs the column of {path} with its ids; try "
            f'{{type = "{node_type}", column = "{names[0] if names else "id"}"}}'
        )
    return node_type, column


def _type_of(column: str, spec: Spec, where: str) -> str:
    """The node type whose ids a column has."""
    if column in spec.nodes:
        return column
    with_id = [name for name, table in spec.nodes.items() if table.id == column]
    found = with_id or list(spec.nodes)
    if len(found) > 1:
        raise UserError(
            f"{where} (got {column!r}) may be ids of {' or '.join(found)}; say which: "
            f'{{type = "{found[0]}", column = "{column}"}}'
        )
    return found[0]
