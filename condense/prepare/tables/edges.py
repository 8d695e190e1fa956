"""A relation's table, and which of its columns name the ends of edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from condense.errors import UserError
from condense.prepare.tables.files import column_names, layout_of, open_table
from condense.prepare.tables.spec import SIDES, EdgeTable, End, Spec
from condense.prepare.tables.table_file import TableFile
from models.choices import nearest


@dataclass(frozen=True)
class Side:
    """An end of all edges of a relation.

    Attributes:
        node_type: their type there.
        column: of the table, with ids.
    """

    node_type: str
    column: str


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
    table: TableFile
    sides: tuple[Side, Side]

    def named(self, side: Side) -> Iterator[pa.Array]:
        """The ids on one side, a part after the other.

        Raises:
            FileError: the table is damaged.
        """
        whole = self.table.is_whole(side.column)
        return (batch.strings(side.column, whole) for batch in self.table.batches(side.column))


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
    table = open_table(path, layout, wanted, where)
    first, second = (Side(kind, column) for kind, column in ends)
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
