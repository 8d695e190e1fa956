"""PyG's graphs in .pt files: `Data`, `HeteroData`, or what an `InMemoryDataset` saves.

They are read with `weights_only=True`, which runs no code of the file's.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import (
    BaseStorage,
    EdgeStorage,
    GlobalStorage,
    NodeStorage,
)

from condense.errors import FileError
from condense.prepare.raw import RawGraph

ENDINGS = (".pt", ".pth")
PLAIN = (
    Data,
    HeteroData,
    DataEdgeAttr,
    DataTensorAttr,
    BaseStorage,
    GlobalStorage,
    NodeStorage,
    EdgeStorage,
)
"""Types of PyG that hold tensors and do nothing when they are read."""


def recognises(source: Path) -> bool:
    """A .pt or .pth file."""
    return source.is_file() and source.suffix.lower() in ENDINGS


def read(source: Path) -> RawGraph:
    """The graph in a .pt file.

    Raises:
        FileError: it holds no graph, more than one, or objects beyond tensors and PyG's graphs.
    """
    return RawGraph(_graph(_loaded(source), source))


def _loaded(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(list(PLAIN)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"holds objects of {found[1]}" if found else "is not a file of torch.save"
        raise FileError(
            f"{path} {what}; tensors and PyG's Data and HeteroData alone are read, since other objects may "
            "run code. If you trust the file, load it with torch.load(…, weights_only=False) and save "
            "data.to_dict() in its place"
        ) from None
    except Exception as error:  # A damaged file may raise anything in torch and zipfile.
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{path} cannot be read ({said}); save it again") from None


def _graph(loaded: Any, path: Path) -> Data | HeteroData:
    """The one graph of what a file holds."""
    if isinstance(loaded, Data | HeteroData):
        return loaded
    if isinstance(loaded, tuple) and loaded and (len(loaded) == 1 or loaded[1] is None):
        # InMemoryDataset saves (data, slices, class); one graph has no slices.
        return _graph(loaded[0], path)
    if isinstance(loaded, tuple) and len(loaded) > 1 and isinstance(loaded[1], dict):
        raise FileError(f"{path} holds several graphs; save one: torch.save(dataset[0], …)")
    if isinstance(loaded, list) and len(loaded) == 1:
        return _graph(loaded[0], path)
    if isinstance(loaded, dict) and "edge_index" in loaded:
        return Data.from_dict(loaded)
    if isinstance(loaded, dict) and any(isinstance(key, tuple) for key in loaded):
        return HeteroData.from_dict(loaded)
    raise FileError(
        f"{path} (got {type(loaded).__name__}) must hold a graph: a Data or HeteroData of PyG, or its "
        "to_dict()"
    )
