"""Tables that a TOML file describes: a CSV, TSV, Parquet or JSON-lines file a node type and a relation.

The description is this package's own; `condense.prepare.tables.spec` has its keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from condense.errors import FileError, UserError
from condense.prepare.options import DEFAULTS, ReadOptions
from condense.prepare.raw import RawGraph

if TYPE_CHECKING:
    from condense.prepare.tables.ids import Ids
    from condense.prepare.tables.spec import NodeTable, Spec
    from condense.prepare.tables.table import Table

ENDING, USUAL = ".toml", "graph.toml"


def recognises(source: Path) -> bool:
    """A .toml file, or a folder with a graph.toml."""
    return (source.is_file() and source.suffix.lower() == ENDING) or (source / USUAL).is_file()


def read(
    source: Path,
    options: ReadOptions = DEFAULTS,
    on_unknown: Literal["drop", "error"] = "error",
) -> RawGraph:
    """The graph in the tables of a .toml file.

    Args:
        source: the file, or a folder with a graph.toml.
        options: the encoders of texts and images are read.
        on_unknown: what to do with an edge that names a node which no table has, or none.

    Raises:
        UserError: the file has a mistake.
        FileError: a table is missing or damaged, or does not hold what the file says.
    """
    # Here, because formats are told apart without pyarrow and pydantic.
    import torch
    from torch_geometric.data import HeteroData

    from condense.prepare.tables.edges import read_relation
    from condense.prepare.tables.features import all_features
    from condense.prepare.tables.labels import class_labels, split_masks
    from condense.prepare.tables.spec import read_spec

    spec = read_spec(source / USUAL if source.is_dir() else source)
    notes: list[str] = []
    tables = {
        name: (node, _nodes(spec, name, node)) for name, node in spec.nodes.items() if node.file
    }
    relations = [read_relation(spec, name) for name in spec.edges]
    sides = [side for relation in relations for side in relation.sides]
    named = {name: [s.values for s in sides if s.node_type == name] for name in spec.nodes}
    ids = _ids(spec, tables, named, notes)
    data = HeteroData()
    for name in spec.nodes:
        data[name].num_nodes = len(ids[name].values)
    unreadable: dict[Path, str] = {}
    made = all_features(tables, spec.path.parent, options.encoding, notes, unreadable)
    for name, attributes in made.items():
        data[name].update(attributes)
    for name, (node, table) in tables.items():
        if node.label is not None:
            data[name].y = class_labels(table, node.label, notes)
        if node.split is not None:
            data[name].update(split_masks(table, node.split, data[name].get("y")))
    for relation in relations:
        index, weight = relation.numbered(ids, on_unknown == "drop", notes)
        start, end = (side.node_type for side in relation.sides)
        whole = {(start, relation.name, end): index}
        if relation.spec.reverse:
            whole[end, f"rev_{relation.name}", start] = torch.flip(index, [0])
        for edge_type, edge_index in whole.items():
            if edge_type in data.edge_types:
                where = spec.where("edge", relation.name)
                raise UserError(f"{where}: {edge_type[1]!r} is there twice; rename one of the two")
            data[edge_type].edge_index = edge_index
            if weight is not None:
                data[edge_type].edge_weight = weight
    return RawGraph(
        data,
        spec.target,
        notes=tuple(notes),
        unreadable=unreadable,
        ids=lambda name: ids[name].values.to_pylist(),
    )


def _nodes(spec: Spec, name: str, node: NodeTable) -> Table:
    """The table of a node type."""
    from condense.prepare.tables.files import layout_of, read_table

    path = spec.file(str(node.file))
    wanted = {column: key for key, columns in node.columns.items() for column in columns}
    where = spec.where("node", name)
    table = read_table(path, layout_of(path, node.header, node.delimiter, where), wanted, where)
    if not table.count:
        raise FileError(f"{path} has no rows; write one for each node of {name!r}")
    return table


def _ids(spec: Spec, tables: dict, named: dict, notes: list[str]) -> dict[str, Ids]:
    """Node type -> its ids, of its table or of the edges."""
    from condense.prepare.tables.ids import Ids

    found = {}
    for name, node in spec.nodes.items():
        if node.id is not None:
            found[name] = Ids.of_table(tables[name][1], node.id)
            continue
        found[name] = Ids.of_edges(named[name])
        if not len(found[name].values):
            raise FileError(
                f"{spec.where('node', name)} has no file, and no edge names a node of it; set file and id"
            )
        notes.append(f"{name}: {len(found[name].values):,} nodes, the ids that edges name")
    return found
