"""A graph as its files have it, before it is converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch_geometric.data import Data, HeteroData


@dataclass(frozen=True)
class RawGraph:
    """What a reader found.

    Attributes:
        data: the graph, with attributes in any form that `condense.data.from_pyg` converts.
        target: the node type with the labels, where the format says which; of a `Data`, the name that its
            one type is to have.
        split: "train", "val" and "test" -> masks or node numbers, where they are not in `data`.
        modalities: as `from_pyg` takes them, where the format names them.
        edge_weight: the edge attribute that holds weights, where the format says which.
        notes: what was left out or assumed, a sentence each.
        name: of the data set, where it is not that of the file or folder.
        alternatives: attribute of `data` -> its file, where several are features of the same content, of
            which the user must choose.
        unreadable: image file that is missing or damaged -> why.
        usual_split: drawn where neither the files nor the user says one, see `drawn_split`.
        split_names: of the splits in the files, where there are several and they have names: those of the
            columns of the masks.
        ids: node type -> the ids of its nodes in their order, where the files have ids.
        no_split: how the files can be given a split, where they lack it and the format says how.
    """

    data: Data | HeteroData
    target: str | None = None
    split: Mapping[str, Any] | None = None
    modalities: Mapping[str, Any] | None = None
    edge_weight: str | None = None
    notes: tuple[str, ...] = ()
    name: str | None = None
    alternatives: Mapping[str, Path] | None = None
    unreadable: Mapping[Path, str] = field(default_factory=dict)
    usual_split: str | None = None
    split_names: tuple[str, ...] = ()
    ids: Callable[[str], Sequence[str]] | None = None
    no_split: str = ""
