"""AMAZON-1: items with text and image, linked by what people buy and view together.

Real files are read in the layout in which HGNN-IMA's users have them, apart from the split. Where
they have not been prepared, the simulated data set stands in, marked as such.
"""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.data.datasets.amazon1_simulated import simulate_amazon1
from condense.data.graph import MultimodalGraph
from condense.errors import FileError, UserError
from models.choices import nearest

SOURCES = ("auto", "real", "simulated")
SPLITS = ("train", "val", "test")
FILES = {
    "item_text_features.npy": "float [items, width]",
    "item_image_features.npy": "float [items, width], rows of zeros for items without an image",
    "item_labels.npy": "integer [items]",
    "triples.npy": "text [edges, 3]: head item, tail item, relation name",
    "splits.npz": "integer train_idx, val_idx and test_idx",
}
# Pickles run code when they are read, so we never read one; those who trust theirs convert it once.
CONVERT_SPLIT = (
    "d = np.load('item_data_dict.npy', allow_pickle=True).item()\n"
    "np.savez('splits.npz', **{k: d[k] for k in ('train_idx', 'val_idx', 'test_idx')})"
)
CONVERT_ARRAY = "np.save('{0}', np.load('{0}', allow_pickle=True).astype({1}))"

logger = logging.getLogger(__name__)


def load_amazon1(root: Path, source: str = "auto", scale: float = 1.0) -> MultimodalGraph:
    """AMAZON-1 from `root`/amazon1, or simulated.

    The public item_data_dict.npy is a pickle. If you trust it, convert it once, in that folder:

        d = np.load('item_data_dict.npy', allow_pickle=True).item()
        np.savez('splits.npz', **{k: d[k] for k in ('train_idx', 'val_idx', 'test_idx')})

    Args:
        root: the data folder; `FILES` lists what its folder amazon1 must hold.
        source: "real" reads the files; "simulated" generates; "auto" is real where all files are
            there, otherwise simulated, with a warning if only some are.
        scale: of the simulated graph, see `simulate_amazon1`; real files are read whole.

    Raises:
        UserError: an unknown source, or a scale that the data set cannot have.
        FileError: a real file is missing, or is not what `FILES` says.
    """
    if source not in SOURCES:
        raise UserError(f"source (got {source!r}) is unknown; {nearest(source, SOURCES)}")
    folder = root / "amazon1"
    missing = [name for name in FILES if not (folder / name).is_file()]
    if source == "auto" and missing and folder.is_dir():
        logger.warning(
            "%s lacks %s: using the simulated amazon1; add the files or pass source 'simulated'",
            folder, ", ".join(missing),
        )  # fmt: skip
    if source == "simulated" or (source == "auto" and missing):
        return simulate_amazon1(scale)
    if scale != 1:
        raise UserError(
            f"scale (got {scale}) must be 1 for the real amazon1; pass source 'simulated'"
        )
    if missing:
        raise FileError(_missing(folder / missing[0]))
    return _load_real(folder)


def _missing(path: Path) -> str:
    if path.name == "splits.npz":
        return f"{path} is missing; convert the public split in that folder:\n{CONVERT_SPLIT}"
    return (
        f"{path} is missing ({FILES[path.name]}); put AMAZON-1's files there, "
        "or pass source 'simulated'"
    )


def _load_real(folder: Path) -> MultimodalGraph:
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
    item.y = torch.from_numpy(labels.astype(np.int64))
    for split, mask in _splits(folder / "splits.npz", n).items():
        item[f"{split}_mask"] = mask
    for name, edge_index in _relations(folder / "triples.npy", n).items():
        graph["item", name, "item"].edge_index = edge_index
    graph.target, graph.num_classes = "item", int(labels.max()) + 1
    graph.name, graph.source = "amazon1", "real"
    return graph


def _features(path: Path, n: int) -> Tensor:
    """Features [n, width] as float32."""
    x = _array(path, "np.float32")
    if x.ndim != 2 or x.dtype.kind != "f":
        raise _unfit(path, x)
    if len(x) != n:
        raise FileError(
            f"{path} (got {len(x)} rows) must have {n}, one a label; "
            "prepare both from the same items"
        )
    return torch.from_numpy(x.astype(np.float32, copy=False))


def _relations(path: Path, n: int) -> dict[str, Tensor]:
    """Relation name, in alphabetical order -> edge_index [2, edges] from head to tail."""
    triples = _array(path, "str")
    if triples.ndim != 2 or triples.shape[1] != 3 or triples.dtype.kind != "U":
        raise _unfit(path, triples)
    try:
        ends = triples[:, :2].astype(np.int64).T  # [2, edges]
    except ValueError as error:
        raise FileError(
            f"{path}: heads and tails must be item numbers ({error}); number the items 0 … {n - 1}"
        ) from None
    _check_range(path, ends, n)
    names, relation = np.unique(triples[:, 2], return_inverse=True)
    return {
        str(name): torch.from_numpy(np.ascontiguousarray(ends[:, relation == i]))
        for i, name in enumerate(names)
    }


def _splits(path: Path, n: int) -> dict[str, Tensor]:
    """Mask [n] of each split."""
    masks = {}
    for split in SPLITS:
        rows = _array(path, "int", member=f"{split}_idx")
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise _unfit(path, rows)
        _check_range(path, rows, n)
        masks[split] = torch.zeros(n, dtype=torch.bool)
        masks[split][torch.from_numpy(rows.astype(np.int64))] = True
    return masks


def _check_range(path: Path, items: NDArray[np.integer], n: int) -> None:
    outside = items[(items < 0) | (items >= n)]
    if outside.size:
        raise FileError(
            f"{path} names item {outside[0]}, which must lie in 0 … {n - 1}; "
            "prepare it from the same items as the labels"
        )


def _unfit(path: Path, got: NDArray[np.generic]) -> FileError:
    return FileError(
        f"{path} (got {got.dtype} {list(got.shape)}) must be {FILES[path.name]}; convert it"
    )


def _array(path: Path, target: str, member: str | None = None) -> NDArray:
    """The array in `path`, or its `member`; `target` is the type to convert pickled objects to."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray) != (member is None):
            raise ValueError("the name does not fit the format")
        if member is None:
            return loaded
        with loaded:
            return loaded[member]
    except KeyError:
        raise FileError(f"{path} lacks {member}; write it again:\n{CONVERT_SPLIT}") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):
            remedy = CONVERT_SPLIT if member else CONVERT_ARRAY.format(path.name, target)
            raise FileError(
                f"{path} holds pickled objects, which are never read; if you trust it, convert it "
                f"once:\n{remedy}"
            ) from None
        raise FileError(
            f"{path} is no {path.suffix} file ({error}); save it again with numpy"
        ) from None
