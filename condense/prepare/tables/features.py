"""The features of all node types, by modality: text, image, numbers, categories and embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from torch import Tensor

from condense.data.text import WORD_TEXTS
from condense.encode.encoder import Encoding
from condense.encode.features import FewWordsError, encode_images, encode_texts
from condense.errors import FileError, UserError
from condense.io.scratch import Scratch
from condense.prepare.tables.categories import category_features
from condense.prepare.tables.embeddings import embedding_features
from condense.prepare.tables.numbers import number_features
from condense.prepare.tables.spec import NodeTable
from condense.prepare.tables.table import Table
from condense.prepare.tables.table_file import TableFile
from models.schema import FEATURE_PREFIX, MASK_PREFIX

TEXT, IMAGE, NUMBERS, CATEGORIES = "text", "image", "numbers", "categories"
"""Modalities. Numbers and categories of two node types are not comparable, and get the types' names."""

Tables = Mapping[str, tuple[NodeTable, TableFile]]


def all_features(
    tables: Tables,
    folder: Path,
    encoding: Encoding,
    notes: list[str],
    unreadable: dict[Path, str],
    scratch: Scratch,
) -> dict[str, dict[str, Tensor]]:
    """Node type -> attribute -> features float32 [n, width], and has_<modality> [n] where nodes lack it.

    Args:
        tables: node type -> its section and its table.
        folder: that of images is relative to this one.
        encoding: how texts and images become features.
        notes: what is left out is added here.
        unreadable: images that are missing or cannot be read are added here, with the reason.
        scratch: where features are.

    Raises:
        UserError: a modality is given twice.
        FileError: cells or files do not hold what the section says.
    """
    found: dict[str, dict[str, Tensor]] = {name: {} for name in tables}
    for name, (x, has) in _texts(tables, encoding, scratch).items():
        found[name] |= _modality(TEXT, x, has)
    images = _images(tables, folder, encoding, notes, unreadable, scratch)
    for name, (x, has) in images.items():
        found[name] |= _modality(IMAGE, x, has)
    for kind in (NUMBERS, CATEGORIES):
        having = [name for name, (spec, _) in tables.items() if getattr(spec, kind)]
        for name in having:
            spec, table = tables[name]
            if kind == NUMBERS:
                x, has = number_features(table, spec.numbers, scratch)
            else:
                x, has = category_features(table, spec.categories, notes, scratch)
            found[name] |= _modality(kind if len(having) == 1 else f"{name}_{kind}", x, has)
    for name, (spec, table) in tables.items():
        brought = embedding_features(table, spec.embeddings, folder, scratch)
        for modality, (x, has) in brought.items():
            if FEATURE_PREFIX + modality in found[name]:
                raise UserError(
                    f"[node.{name}]: embeddings (got {modality!r}) has a modality that columns give too; "
                    "rename it, or leave out the columns"
                )
            found[name] |= _modality(modality, x, has)
    return found


def _modality(name: str, x: Tensor, has: Tensor) -> dict[str, Tensor]:
    made = {FEATURE_PREFIX + name: x}
    return made if bool(has.all()) else {**made, MASK_PREFIX + name: has}


def _texts(
    tables: Tables, encoding: Encoding, scratch: Scratch
) -> dict[str, tuple[Tensor, Tensor]]:
    """Node type -> text [n, width] and which nodes have any [n]; the dimensions are those of all types."""
    having = {name: (table, spec.text) for name, (spec, table) in tables.items() if spec.text}
    if not having:
        return {}
    try:
        x, has = encode_texts(_Texts(list(having.values())), encoding, scratch.zeros)
    except FewWordsError:
        names = ", ".join(dict.fromkeys(c for spec, _ in tables.values() for c in spec.text))
        files = ", ".join(str(tables[name][1].path) for name in having)
        raise FileError(
            f"{files}: text (got {names}) must have words that {WORD_TEXTS} rows share; name other columns"
        ) from None
    return _by_type({name: table.count for name, (table, _) in having.items()}, x, has)


@dataclass(frozen=True)
class _Texts:
    """The texts of tables, one after the other, which are read each time that they are asked for.

    Attributes:
        parts: tables, and which columns of theirs are text.
    """

    parts: Sequence[tuple[TableFile, tuple[str, ...]]]

    def __len__(self) -> int:
        return sum(file.count for file, _ in self.parts)

    def __iter__(self) -> Iterator[str]:
        for file, columns in self.parts:
            whole = {column: file.is_whole(column) for column in columns}
            for batch in file.batches(*whole):
                yield from _joined(batch, columns, whole)


def _images(
    tables: Tables,
    folder: Path,
    encoding: Encoding,
    notes: list[str],
    unreadable: dict[Path, str],
    scratch: Scratch,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Node type -> image [n, width] and which nodes have one [n]."""
    paths: dict[str, list[Path | None]] = {}
    for name, (spec, table) in tables.items():
        if spec.image is not None:
            cells = table.table(spec.image).strings(spec.image).to_pylist()
            own = folder / (spec.image_folder or "")
            paths[name] = [None if cell is None else own / cell for cell in cells]
    if not paths:
        return {}
    every = [path for own in paths.values() for path in own]
    made = encode_images(every, encoding, "correct the paths, or set image_folder", scratch.zeros)
    notes.extend(made.note(", ".join(paths)))
    unreadable |= made.unreadable
    return _by_type({name: len(own) for name, own in paths.items()}, made.x, made.has)


def _by_type(sizes: Mapping[str, int], x: Tensor, has: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Node type -> its rows of x and has, which are those of one type after the other."""
    each = list(sizes.values())
    return dict(zip(sizes, zip(x.split(each), has.split(each), strict=True), strict=True))


def _joined(table: Table, columns: Sequence[str], whole: Mapping[str, bool | None]) -> list[str]:
    """The texts of a row, one after the other.

    Args:
        table: a batch of rows.
        columns: of text.
        whole: column -> see `Table.strings`.
    """
    parts = []
    for column in columns:
        values = table.columns[column]
        if pa.types.is_list(values.type) and pa.types.is_string(values.type.value_type):
            # Not binary_join, which gives nothing where one of a list is null.
            lists = values.to_pylist()
            parts.append([" ".join(part or "" for part in own or ()) for own in lists])
        else:
            parts.append(table.strings(column, whole[column]).fill_null("").to_pylist())
    return [" ".join(own).strip() for own in zip(*parts, strict=True)]
