"""Tables that a TOML file describes: a CSV, TSV, Parquet or JSON-lines file a node type and a relation.

The description is this package's own; `condense.prepare.tables.spec` has its keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from condense.errors import FileError, UserError
from condense.prepare.options import DEFAULTS, ReadOptions
from condense.prepare.raw import RawGraph

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from condense.io.scratch import Scratch
    from condense.prepare.tables.edges import Relation
    from condense.prepare.tables.ids import Ids
    from condense.prepare.tables.numbered import Edges
    from condense.prepare.tables.spec import NodeTable, Spec
    from condense.prepare.tables.table_file import TableFile

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
        options: the encoders of texts and images are read, and where large arrays are.
        on_unknown: what to do with an edge that names a node which no table has, or none.

    Raises:
        UserError: the file has a mistake.
        FileError: a table is missing or damaged, or does not hold what the file says.
    """
    # Here, because formats are told apart without pyarrow and pydantic.
    from torch_geometric.data import HeteroData

    from condense.prepare.tables.edges import read_relation
    from condense.prepare.tables.features import all_features
    from condense.prepare.tables.labels import class_labels, split_masks
    from condense.prepare.tables.numbered import number_edges
    from condense.prepare.tables.spec import read_spec

    spec = read_spec(source / USUAL if source.is_dir() else source)
    scratch = options.scratch
    notes: list[str] = []
    tables = {
        name: (node, _nodes(spec, name, node, scratch))
        for name, node in spec.nodes.items()
        if node.file
    }
    relations = [read_relation(spec, name) for name in spec.edges]
    ids = _ids(spec, tables, relations, notes)
    data = HeteroData()
    for name in spec.nodes:
        data[name].num_nodes = len(ids[name].values)
    # Before features, since encoders take longer than it does to find a mistake among edges.
    said: list[str] = []
    drop = on_unknown == "drop"
    edges = [number_edges(relation, ids, drop, said, scratch) for relation in relations]
    unreadable: dict[Path, str] = {}
    encoding = options.encoding
    made = all_features(tables, spec.path.parent, encoding, notes, unreadable, scratch)
    for name, attributes in made.items():
        data[name].update(attributes)
    for name, (node, file) in tables.items():
        if node.label is not None:
            data[name].y = class_labels(file.table(node.label), node.label, notes)
        if node.split is not None:
            masks = split_masks(file.table(node.split), node.split, data[name].get("y"))
            data[name].update(masks)
    for relation, found in zip(relations, edges, strict=True):
        _add(data, spec, relation, found, said)
    return RawGraph(
        data,
        spec.target,
        notes=(*notes, *said),
        unreadable=unreadable,
        ids=lambda name: ids[name].values.to_pylist(),
    )


def _add(data: HeteroData, spec: Spec, relation: Relation, edges: Edges, notes: list[str]) -> None:
    """Add a relation, and its reverse if there is one, to the graph."""
    start, end = (side.node_type for side in relation.sides)
    found = {(start, relation.name, end): edges.index}
    if edges.reverse is not None:
        found[end, f"rev_{relation.name}", start] = edges.reverse
    for edge_type, index in found.items():
        if edge_type in data.edge_types:
            where = spec.where("edge", relation.name)
            raise UserError(f"{where}: {edge_type[1]!r} is there twice; rename one of the two")
        data[edge_type].edge_index = index
        if edges.weight is not None:
            data[edge_type].edge_weight = edges.weight
        if edges.zeros:
            what = f"edge_weight of {' / '.join(edge_type)}"
            notes.append(f"{what}: {edges.zeros} edges of weight 0 taken out")


def _nodes(spec: Spec, name: str, node: NodeTable, scratch: Scratch) -> TableFile:
    """The table of a node type."""
    from condense.prepare.tables.files import layout_of, open_table

    path = spec.file(str(node.file))
    wanted = {column: key for key, columns in node.columns.items() for column in columns}
    where = spec.where("node", name)
    layout = layout_of(path, node.header, node.delimiter, where)
    file = open_table(path, layout, wanted, where).kept(scratch)
    if not file.count:
        raise FileError(f"{path} has no rows; write one for each node of {name!r}")
    return file


def _ids(
    spec: Spec,
    tables: Mapping[str, tuple[NodeTable, TableFile]],
    relations: Sequence[Relation],
    notes: list[str],
) -> dict[str, Ids]:
    """Node type -> its ids, of its table or of the edges."""
    from condense.prepare.tables.ids import Ids

    found = {}
    for name, node in spec.nodes.items():
        if node.id is not None:
            found[name] = Ids.of_table(tables[name][1].table(node.id), node.id)
            continue
        sides = [(r, side) for r in relations for side in r.sides if side.node_type == name]
        found[name] = Ids.of_edges(ids for r, side in sides for ids in r.named(side))
        if not len(found[name].values):
            raise FileError(
                f"{spec.where('node', name)} has no file, and no edge names a node of it; set file and id"
            )
        notes.append(f"{name}: {len(found[name].values):,} nodes, the ids that edges name")
    return found
