"""Makes a graph of a user's files: reads, converts and checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.data.pyg.convert import Conversion, convert
from condense.errors import GraphError
from condense.prepare.alternatives import chosen
from condense.prepare.asked_split import AskedSplit
from condense.prepare.formats import OnUnknown, format_of
from condense.prepare.options import DEFAULTS, ReadOptions
from condense.prepare.wording import in_words


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
    split: str | Sequence[str] | None = None,
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
        split: draws a split, see `drawn_split`; or names one of several in the source; or three files with
            the nodes for training, validation and test. By default that of the source.
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
    asked = AskedSplit.of(split, split_index, seed)
    raw = chosen(format_of(source, format).read(source, on_unknown, options), source, modalities)
    given, notes = asked.among(raw, source)
    try:
        made = convert(
            raw.data,
            target or raw.target,
            modalities=modalities or raw.modalities,
            split=given,
            edge_weight=edge_weight or raw.edge_weight,
            name=name
            or raw.name
            or source.resolve().name.removesuffix("".join(source.suffixes))
            or "mine",
            source="real",
        )
    except GraphError as error:
        raise GraphError(f"{source}: {in_words(str(error))}") from error
    changes = (*options.notes(), *raw.notes, *notes, *map(in_words, made.changes))
    return Prepared(made.graph, changes, made.details, raw.unreadable)
