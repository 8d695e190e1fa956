"""The TOML file that says which table holds which node type or relation, and what its columns are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator
from pydantic.dataclasses import dataclass

from condense.config import STRICT, build, from_file
from condense.errors import UserError
from models.choices import nearest

T = TypeVar("T")
SIDES = ("source", "target")
ARRAY = ".npy"
"""How a file of embeddings ends; any other name is that of a column."""


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""One name of a column, or a list of them."""


def _one_character(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in '"\r\n':
        raise ValueError("must be one character such as ; or |")
    return value


Delimiter = Annotated[str, AfterValidator(_one_character)]


@dataclass(frozen=True, config=STRICT)
class NodeTable:
    """`[node.<type>]`: the table of a node type, a row a node.

    Attributes:
        file: the table; None for a type whose nodes are the ids that edges name.
        id: column of ids.
        text: columns of text, which are joined.
        numbers: columns of numbers; an empty cell is missing.
        categories: columns of one value each, read as one-hot.
        embeddings: modality -> .npy file with a row for each row of the table, or column of lists of numbers.
        label: column of classes; an empty cell is unlabelled.
        split: column of train, val, test, or nothing.
        image: column of paths of image files; an empty cell is a node without an image.
        image_folder: in which these are; by default that of the description.
        header: names of the columns, where a CSV or TSV file has no line with them.
        delimiter: between the cells of a CSV file.
    """

    file: str | None = None
    id: str | None = None
    text: Columns = ()
    numbers: Columns = ()
    categories: Columns = ()
    embeddings: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    split: str | None = None
    image: str | None = None
    image_folder: str | None = None
    header: Columns = ()
    delimiter: Delimiter | None = None

    def __post_init__(self) -> None:
        if self.image_folder is not None and self.image is None:
            raise ValueError("image is not set; name the column with the paths of the images")
        if self.file is not None and self.id is None:
            raise ValueError("id is not set; name the column with the ids of the nodes")
        if self.file is None and any(vars(self).values()):
            raise ValueError(
                "file is not set; name the table, or leave the section empty if the nodes are the ids that "
                "edges name"
            )

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Setting -> the columns that it names."""
        single = {"id": self.id, "label": self.label, "split": self.split, "image": self.image}
        several = {"text": self.text, "numbers": self.numbers, "categories": self.categories}
        several["embeddings"] = tuple(
            name for name in self.embeddings.values() if not name.endswith(ARRAY)
        )
        return {key: (name,) for key, name in single.items() if name is not None} | several


@dataclass(frozen=True, config=STRICT)
class End:
    """Where an edge begins or ends.

    Attributes:
        type: node type.
        column: of the edges' table, with ids of that type.
        word: a column or a node type, in the short form.
    """

    type: str | None = None
    column: str | None = None
    word: str | None = None

    def __post_init__(self) -> None:
        if self.type is None and self.column is None and self.word is None:
            raise ValueError('nothing is set; try {type = "item", column = "from"}')


@dataclass(frozen=True, config=STRICT)
class EdgeTable:
    """`[edge.<name>]`: the table of a relation, a row an edge.

    Attributes:
        file: the table.
        source: where edges begin: {type = …, column = …}, or one name.
        target: where they end.
        weight: column of positive numbers.
        reverse: add the relation rev_<name> with each edge the other way round.
        header: names of the columns, where a CSV or TSV file has no line with them.
        delimiter: between the cells of a CSV file.
    """

    file: str
    source: End
    target: End
    weight: str | None = None
    reverse: bool = False
    header: Columns = ()
    delimiter: Delimiter | None = None


@dataclass(frozen=True, config=STRICT)
class Top:
    """The keys above the sections.

    Attributes:
        target: node type to classify.
    """

    target: str | None = None


@plain_dataclass(frozen=True)
class Spec:
    """What the file says.

    Attributes:
        path: the file.
        target: node type to classify; None where several have labels and none is named.
        nodes: node type -> its table, in the file's order.
        edges: relation's name -> its table, in the file's order.
    """

    path: Path
    target: str | None
    nodes: Mapping[str, NodeTable]
    edges: Mapping[str, EdgeTable]

    def where(self, kind: str, name: str) -> str:
        """A section, as messages call it."""
        return f"{self.path}, [{kind}.{name}]"

    def file(self, name: str) -> Path:
        """A table's path, which is relative to this file."""
        return self.path.parent / name


def read_spec(path: Path) -> Spec:
    """The file at `path`, checked as far as it goes without the tables.

    Raises:
        UserError: it is missing, no TOML, or a section has an unknown, wrong or missing key.
    """
    top, tables = from_file(Top, path, ("node", "edge"), "tables")
    nodes = {
        name: _section(NodeTable, v, path, "node", name) for name, v in _of(tables, "node", path)
    }
    if not nodes:
        raise UserError(f"{path} has no node type; add a section [node.<type>] with file and id")
    edges = {name: _edge_table(values, path, name) for name, values in _of(tables, "edge", path)}
    return Spec(path, _target(top.target, nodes, path), nodes, edges)


def _of(tables: Mapping[str, Any], kind: str, path: Path) -> list[tuple[str, Any]]:
    sections = tables.get(kind, {})
    for name, values in sections.items():
        if not isinstance(values, dict):
            raise UserError(
                f"{path}: [{kind}] has the key {name!r} of no section; give the section a name, as in "
                f"[{kind}.{'item' if kind == 'node' else 'links'}]"
            )
    return list(sections.items())


def _section(settings: type[T], values: Mapping[str, Any], path: Path, kind: str, name: str) -> T:
    return build(settings, values, f"{path}, [{kind}.{name}]")


def _edge_table(values: Mapping[str, Any], path: Path, name: str) -> EdgeTable:
    ends: dict[str, Any] = {}
    for side in SIDES:
        given = values.get(side)
        if isinstance(given, str):
            given = {"word": given}
        elif isinstance(given, dict) and "word" in given:
            # The short form's own key, which users need not know of.
            remedy = nearest("word", ("type", "column"))
            raise UserError(f"{path}, [edge.{name}] {side}: setting 'word' is unknown; {remedy}")
        if isinstance(given, dict):
            ends[side] = build(End, given, f"{path}, [edge.{name}] {side}")
    return _section(EdgeTable, {**values, **ends}, path, "edge", name)


def _target(given: str | None, nodes: Mapping[str, NodeTable], path: Path) -> str | None:
    """The node type to classify: the one named, or the only one with a label; None where several have."""
    if given is not None and given not in nodes:
        raise UserError(
            f"{path}: target (got {given!r}) is not a node type; {nearest(given, nodes)}"
        )
    labelled = [name for name, table in nodes.items() if table.label is not None]
    if not labelled:
        raise UserError(f"{path}: no node type has a label; add label = … to the one to classify")
    tables = [nodes[name] for name in labelled]
    if not any(t.text or t.numbers or t.categories or t.image or t.embeddings for t in tables):
        raise UserError(
            f"{path}, [node.{labelled[0]}] has no features, and it is the type to classify; name columns of "
            "text, numbers, categories or images, or embeddings"
        )
    return given or (labelled[0] if len(labelled) == 1 else None)
