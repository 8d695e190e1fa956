"""Reads the files of AMAZON-1 and AMAZON-2, in the layout of HGNN-IMA except for the split."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import check_range
from condense.datasets.declared import check_declared
from condense.datasets.source import check_source
from condense.datasets.splits import NAMES, set_splits
from condense.errors import FileError, UserError

FILES = {
    "item_text_features.npy": "float [items, width]",
    "item_image_features.npy": "float [items, width], rows of zeros for items without an image",
    "item_labels.npy": "integer [items]",
    "triples.npy": "text [edges, 3]: head item, tail item, relation name",
    "splits.npz": "integer train_idx, val_idx and test_idx",
}
"""The files of AMAZON-1; AMAZON-2 adds PRICE_FILES."""
PRICE_FILES = {
    "item_price.npy": "a number [items] or [items, 1]; NaN, zero or less for an unknown price"
}
# Reading a pickle executes code, so none is ever read here; users who trust theirs convert it once.
CONVERT_SPLIT = (
    "d = np.load('item_data_dict.npy', allow_pickle=True).item()\n"
    "np.savez('splits.npz', **{k: d[k] for k in ('train_idx', 'val_idx', 'test_idx')})"
)
CONVERT_ARRAY = "np.save('{0}', np.load('{0}', allow_pickle=True).astype({1}))"

logger = logging.getLogger(__name__)


def is_simulated(folder: Path, files: Mapping[str, str], source: str, scale: float) -> bool:
    """Whether to use the simulated data set; if not, all `files` exist.

    Args:
        folder: the folder of the real files; its name is the data set's.
        files: name -> what the file holds.
        source: "real", "simulated", or "auto": real if all files exist, otherwise simulated, with a
            warning if only some are missing.
        scale: the scale of the simulated graph; real files are read whole.

    Raises:
        UserError: an unknown source, or a scale other than 1 for real files.
        FileError: a file is missing.
    """
    check_source(source)
    missing = [name for name in files if not (folder / name).is_file()]
    if source == "auto" and missing and folder.is_dir():
        logger.warning(
            "%s lacks %s: using the simulated %s; add the files or pass source 'simulated'",
            folder, ", ".join(missing), folder.name,
        )  # fmt: skip
    if source == "simulated" or (source == "auto" and missing):
        return True
    if scale != 1:
        raise UserError(
            f"scale (got {scale}) must be 1 for the real {folder.name}; pass source 'simulated'"
        )
    if missing:
        raise FileError(_missing(folder / missing[0], files))
    return False


def _missing(path: Path, files: Mapping[str, str]) -> str:
    if path.name == "splits.npz":
        return f"{path} is missing; convert the public split in that folder:\n{CONVERT_SPLIT}"
    return (
        f"{path} is missing ({files[path.name]}); put that file of {path.parent.name} there, "
        "or pass source 'simulated'"
    )


def read_items(folder: Path) -> MultimodalGraph:
    """The graph of FILES in `folder`, named after the folder; y is −1 on items outside the split.

    Raises:
        FileError: a file does not match FILES.
    """
    graph, labels = read_graph(folder)
    path = folder / "splits.npz"
    set_splits(graph["item"], labels, read_split(path), path, "item")
    graph.target, graph.num_classes = "item", int(labels.max()) + 1
    graph.name, graph.source = folder.name, "real"
    return graph


def read_graph(folder: Path) -> tuple[MultimodalGraph, NDArray[np.integer]]:
    """The items and relations of FILES in `folder`, without labels and split; and the labels.

    Raises:
        FileError: a file does not match FILES.
    """
    labels = _array(folder / "item_labels.npy", "int")
    if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
        raise _unfit(folder / "item_labels.npy", labels)
    n = len(labels)
    image = _features(folder / "item_image_features.npy", n)
    graph = MultimodalGraph()
    item = graph["item"]
    item.num_nodes = n
    item.x_text, item.x_image = _features(folder / "item_text_features.npy", n), image
    item.has_image = image.ne(0).any(dim=1)
    for name, edge_index in _relations(folder / "triples.npy", n).items():
        graph["item", name, "item"].edge_index = edge_index
    return graph, labels


def read_split(path: Path) -> dict[str, NDArray[np.integer]]:
    """The item numbers of each part.

    Raises:
        FileError: the file does not match FILES.
    """
    return {split: _rows(path, split) for split in NAMES}


def read_price(path: Path, n: int) -> tuple[Tensor, Tensor]:
    """log(1 + price) [n, 1], 0 if unknown, and has_price [n].

    Raises:
        FileError: the file does not match PRICE_FILES.
    """
    price = _array(path, "np.float64")
    if price.dtype.kind not in "iuf" or price.shape not in ((n,), (n, 1)):
        raise _unfit(path, price)
    price = price.reshape(n).astype(np.float64)
    known = np.isfinite(price) & (price > 0)
    return price_feature(price, known), torch.from_numpy(known)


def price_feature(price: NDArray[np.float64], known: NDArray[np.bool_]) -> Tensor:
    """log(1 + price) [n, 1] as float32, since prices are heavy-tailed; 0 if unknown."""
    x = np.log1p(np.where(known, price, 0.0))
    return torch.from_numpy(x.astype(np.float32)).unsqueeze(1)


def _features(path: Path, n: int) -> Tensor:
    """Features [n, width] as float32."""
    x = _array(path, "np.float32")
    if x.ndim != 2 or x.dtype.kind != "f":
        raise _unfit(path, x)
    if len(x) != n:
        raise FileError(
            f"{path} (got {len(x)} rows) must have {n}, one per label; "
            "prepare both from the same items"
        )
    return torch.from_numpy(x.astype(np.float32, copy=False))


def _relations(path: Path, n: int) -> dict[str, Tensor]:
    """Relation name -> edge_index [2, edges] from head to tail, in alphabetical order of the names."""
    triples = _array(path, "str")
    if triples.ndim != 2 or triples.shape[1] != 3 or triples.dtype.kind != "U":
        raise _unfit(path, triples)
    try:
        ends = triples[:, :2].astype(np.int64).T  # [2, edges]
    except ValueError as error:
        raise FileError(
            f"{path}: heads and tails must be item numbers ({error}); number the items 0 … {n - 1}"
        ) from None
    check_range(path, ends, n, "item")
    names, relation = np.unique(triples[:, 2], return_inverse=True)
    return {
        str(name): torch.from_numpy(np.ascontiguousarray(ends[:, relation == i]))
        for i, name in enumerate(names)
    }


def _rows(path: Path, split: str) -> NDArray[np.integer]:
    """The item numbers of one split."""
    rows = _array(path, "int", key=f"{split}_idx")
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise _unfit(path, rows)
    return rows


def _unfit(path: Path, got: NDArray[np.generic]) -> FileError:
    rule = (FILES | PRICE_FILES)[path.name]
    return FileError(f"{path} (got {got.dtype} {list(got.shape)}) must be {rule}; convert it")


def _array(path: Path, target: str, key: str | None = None) -> NDArray:
    """The array in `path`, or in its entry `key`; `target` is the type to convert pickled objects to."""
    try:
        check_declared(path)
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray) != (key is None):
            raise ValueError("the file's suffix and its content differ")
        if key is None:
            return loaded
        with loaded:
            return loaded[key]
    except FileNotFoundError:
        rule = (FILES | PRICE_FILES)[path.name]
        raise FileError(f"{path} is missing ({rule}); put it there") from None
    except KeyError:
        raise FileError(f"{path} lacks {key}; write it again:\n{CONVERT_SPLIT}") from None
    except Exception as error:  # A damaged file may raise anything in numpy and zipfile.
        if "Object arrays" in str(error):
            remedy = CONVERT_SPLIT if key else CONVERT_ARRAY.format(path.name, target)
            raise FileError(
                f"{path} holds pickled objects, which are never read; if you trust it, convert it "
                f"once:\n{remedy}"
            ) from None
        said = str(error) or type(error).__name__
        raise FileError(
            f"{path} is not a valid {path.suffix} file ({said}); save it again with numpy"
        ) from None
