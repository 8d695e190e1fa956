"""The features of all node types, by modality: text, numbers and categories."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from condense.data.text import WORD_TEXTS, text_features
from condense.errors import FileError
from condense.prepare.tables.categories import category_features
from condense.prepare.tables.numbers import number_features
from condense.prepare.tables.spec import NodeTable
from condense.prepare.tables.table import Table
from models.schema import FEATURE_PREFIX, MASK_PREFIX

TEXT, NUMBERS, CATEGORIES = "text", "numbers", "categories"
"""Modalities. Numbers and categories of two node types are not comparable, and get the types' names."""

Tables = Mapping[str, tuple[NodeTable, Table]]


def all_features(tables: Tables, notes: list[str]) -> dict[str, dict[str, Tensor]]:
    """Node type -> attribute -> features float32 [n, width], and has_<modality> [n] where nodes lack it.

    Args:
        tables: node type -> its section and its table.
        notes: what is left out is added here.

    Raises:
        FileError: cells do not hold what the section says.
    """
    found: dict[str, dict[str, Tensor]] = {name: {} for name in tables}
    for name, (x, has) in _texts(tables).items():
        found[name] |= _modality(TEXT, x, has)
    for kind in (NUMBERS, CATEGORIES):
        having = [name for name, (spec, _) in tables.items() if getattr(spec, kind)]
        for name in having:
            spec, table = tables[name]
            if kind == NUMBERS:
                x, has = number_features(table, spec.numbers)
            else:
                x, has = category_features(table, spec.categories, notes)
            found[name] |= _modality(kind if len(having) == 1 else f"{name}_{kind}", x, has)
    return found


def _modality(name: str, x: Tensor, has: Tensor) -> dict[str, Tensor]:
    made = {FEATURE_PREFIX + name: x}
    return made if bool(has.all()) else {**made, MASK_PREFIX + name: has}


def _texts(tables: Tables) -> dict[str, tuple[Tensor, Tensor]]:
    """Node type -> text [n, width] and which nodes have any [n]; the dimensions are those of all types."""
    texts = {name: _joined(table, spec.text) for name, (spec, table) in tables.items() if spec.text}
    if not texts:
        return {}
    has = {name: np.array([bool(text) for text in own]) for name, own in texts.items()}
    written = [text for own in texts.values() for text in own if text]
    try:
        x = text_features(written)
    except ValueError:
        names = ", ".join(dict.fromkeys(c for spec, _ in tables.values() for c in spec.text))
        files = ", ".join(str(tables[name][1].path) for name in texts)
        raise FileError(
            f"{files}: text (got {names}) must have words that {WORD_TEXTS} rows share; name other columns"
        ) from None
    found, start = {}, 0
    for name, there in has.items():
        rows = torch.from_numpy(there)
        own = torch.zeros(len(there), x.size(1))
        end = start + int(there.sum())
        own[rows] = x[start:end]
        found[name], start = (own, rows), end
    return found


def _joined(table: Table, columns: tuple[str, ...]) -> list[str]:
    """The texts of a row, one after the other."""
    parts = []
    for column in columns:
        values = table.columns[column]
        if pa.types.is_list(values.type) and pa.types.is_string(values.type.value_type):
            # Not binary_join, which gives nothing where one of a list is null.
            lists = values.to_pylist()
            parts.append([" ".join(part or "" for part in own or ()) for own in lists])
        else:
            parts.append(table.strings(column).fill_null("").to_pylist())
    return [" ".join(own).strip() for own in zip(*parts, strict=True)]
