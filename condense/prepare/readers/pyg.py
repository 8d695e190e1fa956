"""PyG's graphs in .pt files: `Data`, `HeteroData`, or what an `InMemoryDataset` saves.

They are read with `weights_only=True`, which runs no code of the file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from condense.prepare.torch_files import load_torch

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
    wanted = "tensors and PyG's Data and HeteroData"
    return RawGraph(_graph(load_torch(source, "data.to_dict()", PLAIN, wanted), source))


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
