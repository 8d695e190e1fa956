"""What to do with a data set's name that is no such name: a folder, another kind of file, a public set."""

from __future__ import annotations

import os
from pathlib import Path

from condense.errors import UserError

OTHERS = (
    *(".pt", ".pth", ".mat", ".npz", ".npy", ".pkl", ".pickle", ".csv", ".tsv", ".txt", ".json"),
    *(".jsonl", ".parquet", ".toml", ".graphml", ".gexf", ".dgl"),
)
"""Endings of files that hold graphs, but not in the format that is read here."""


def check_unregistered(name: str) -> None:
    """Raise for a name that is a path, or that of a public data set without a loader here.

    Args:
        name: neither that of a registered data set nor one that ends like a graph's file.

    Raises:
        UserError: such a name; a name that looks like a misspelt one passes.
    """
    path, ending = Path(name), Path(name).suffix.lower()
    got = f"dataset (got {name!r})"
    once = "--out mine.h5 makes one of the usual formats (docs/prepare.md), then --dataset mine.h5"
    if name and path.is_dir():
        raise UserError(
            f"{got} is a folder; give a data set's name and the folder as --data-root, or a graph's file "
            f"(.h5): prepare {name} {once}"
        )
    if ending in OTHERS or os.sep in name or path.is_file():
        raise UserError(f"{got} is not a graph's file (.h5, .hdf5): prepare {name} {once}")
    if name.lower().startswith("ogb"):
        raise UserError(f"{got} has no loader here; download it with ogb: prepare FOLDER {once}")
