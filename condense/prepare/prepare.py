"""Makes a graph of a user's files: reads, converts and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.data.pyg.convert import Conversion, convert
from condense.data.pyg.labels import is_split
from condense.errors import UserError
from condense.prepare.alternatives import chosen
from condense.prepare.formats import OnUnknown, format_of
from condense.prepare.options import DEFAULTS, ReadOptions
from condense.prepare.raw import RawGraph
from condense.prepare.splits import COUNTS, SHARES, drawn_split


@dataclass(frozen=True)
class Prepared(Conversion):
    """A graph made of files.

    Attributes:
        unreadable: image file that is missing or cannot be read -> why.
    """

    unreadable: Mapping[Path, str]


def prepare(
    source: Path | str,
    format: str = "auto",
    *,
    target: str | None = None,
    modalities: Mapping[str, Any] | None = None,
    split: str | None = None,
    split_index: int | None = None,
    edge_weight: str | None = None,
    name: str | None = None,
    seed: int = 0,
    on_unknown: OnUnknown = "error",
    options: ReadOptions = DEFAULTS,
) -> Prepared:
    """The graph in a file or folder, with a list of what was changed, assumed or left out.

    Args:
        source: the file or folder.
        format: in `condense.prepare.formats.FORMATS`, or "auto".
        target: the node type to classify, where several have labels; of a graph of one type, its name.
        modalities: as `condense.data.from_pyg` takes them; by default as the files name them.
        split: draws a split, see `drawn_split`; by default that of the files.
        split_index: which of several splits, for masks [n, k]; by default 0.
        edge_weight: which edge attribute holds the weights.
        name: of the data set, for tables; by default that of the file or folder.
        seed: of a split that is drawn.
        on_unknown: of tables, "drop" leaves out edges that name a node which is in no table.
        options: of single formats, such as the encoders of texts and images.

    Raises:
        UserError: an argument, or a file, is wrong; the message names it and what to do.
    """
    source = Path(source)
    if split is not None and split_index is not None:
        raise UserError(
            f"split_index (got {split_index}) chooses among given splits; leave split out"
        )
    draw = None if split is None else drawn_split(split, seed)
    raw = format_of(source, format).read(source, on_unknown, options)
    raw = chosen(raw, source, modalities)
    if split is None and raw.usual_split is not None:
        split, draw = raw.usual_split, drawn_split(raw.usual_split, seed)
    if draw is None and not _has_split(raw):
        raise UserError(
            f"{source} has no split into training, validation and test nodes; draw one with --split "
            f"{SHARES} (per cent), or --split {COUNTS} (nodes of each class){raw.no_split}"
        )
    made = convert(
        raw.data,
        target or raw.target,
        modalities=modalities or raw.modalities,
        split=draw or _chosen(raw, split_index),
        edge_weight=edge_weight or raw.edge_weight,
        name=name
        or raw.name
        or source.resolve().name.removesuffix("".join(source.suffixes))
        or "mine",
        source="real",
    )
    notes = (*options.notes(), *raw.notes)
    if draw:
        notes = (*notes, f"split: {split} drawn with seed {seed}")
    return Prepared(made.graph, (*notes, *made.changes), raw.unreadable)


def _has_split(raw: RawGraph) -> bool:
    if raw.split is not None:
        return True
    stores = [raw.data, *getattr(raw.data, "node_stores", [])]
    return any(is_split(str(key)) for store in stores for key, _ in store.items())


def _chosen(raw: RawGraph, index: int | None) -> int | Mapping[str, Any] | None:
    """What `convert` takes as the split."""
    if raw.split is None:
        return index
    if index is None:
        several = all(getattr(rows, "ndim", 1) == 2 for rows in raw.split.values())
        return {part: rows[:, 0] for part, rows in raw.split.items()} if several else raw.split
    for part, rows in raw.split.items():
        if getattr(rows, "ndim", 1) != 2 or not 0 <= index < rows.shape[1]:
            raise UserError(
                f"split_index (got {index}) is not a column of the split's {part!r}; leave it out"
            )
    return {part: rows[:, index] for part, rows in raw.split.items()}
