"""What to do with a data set's name that is no such name: a folder, another kind of file, a public set."""

from __future__ import annotations

import os
from pathlib import Path

from condense.errors import UserError

OWN = "docs/recipes.md, 'A graph of one's own', shows how"
TENSORS = (".pt", ".pth")
OTHERS = (".mat", ".npz", ".npy", ".pkl", ".pickle", ".csv", ".tsv", ".txt", ".json", ".parquet")
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
    if ending in TENSORS:
        raise UserError(
            f"{got} is a PyTorch file, which may hold anything; load it and save its graph once: "
            "condense.io.save('mine.h5', condense.data.from_pyg(data)), then --dataset mine.h5"
        )
    if name and path.is_dir():
        raise UserError(
            f"{got} is a folder; give a data set's name and the folder as --data-root, or the path of "
            "a graph's file (.h5)"
        )
    if ending in OTHERS or os.sep in name or path.is_file():
        raise UserError(
            f"{got} is not a graph's file (.h5, .hdf5); build the graph in Python and save it once with "
            f"condense.io.save: {OWN}"
        )
    if name.lower().startswith("ogb"):
        raise UserError(
            f"{got} has no loader here; load it with ogb and save it once: condense.io.save('mine.h5', "
            "condense.data.from_pyg(dataset[0], split=dataset.get_idx_split())), then --dataset mine.h5"
        )
