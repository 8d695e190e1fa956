"""Folders in the layout of HGNN-IMA's AMAZON-1 and AMAZON-2, of any name.

    item_text_features.npy, item_image_features.npy   floats [items, width]; images of zeros are missing
    item_labels.npy                                   integers [items]
    triples.npy                                       text [edges, 3]: head, tail, relation
    splits.npz                                        train_idx, val_idx, test_idx
    item_price.npy                                    optional, [items]; of AMAZON-2

`condense.datasets.amazon_files` reads them, as for the data sets amazon1 and amazon2: relations lead from
head to tail. The public split, item_data_dict.npy, is a pickle, which is converted once.
"""

from __future__ import annotations

from pathlib import Path

from condense.datasets.amazon_files import (
    CONVERT_SPLIT,
    PRICE_FILES,
    read_graph,
    read_price,
    read_split,
)
from condense.errors import FileError
from condense.prepare.masks import masks_of
from condense.prepare.raw import RawGraph

SPLIT, PUBLIC_SPLIT = "splits.npz", "item_data_dict.npy"
(PRICE,) = PRICE_FILES


def recognises(source: Path) -> bool:
    """A folder with items' labels or texts."""
    names = ("item_labels.npy", "item_text_features.npy")
    return source.is_dir() and any((source / name).is_file() for name in names)


def read(source: Path) -> RawGraph:
    """The graph in a folder.

    Raises:
        FileError: a file is missing or damaged, or two of them disagree.
    """
    if not source.is_dir():
        raise FileError(f"{source} is no folder; give the one with item_labels.npy")
    graph, labels = read_graph(source)
    item, path = graph["item"], source / SPLIT
    item.y = labels
    if (source / PRICE).exists():
        item.x_price, item.has_price = read_price(source / PRICE, len(labels))
    splits = {}
    if path.exists():
        splits[SPLIT] = {part: (path, rows) for part, rows in read_split(path).items()}
    split, _ = masks_of(splits, len(labels), "item")
    convert = f"; or convert {PUBLIC_SPLIT} in that folder, if you trust it:\n{CONVERT_SPLIT}"
    return RawGraph(
        graph,
        target="item",
        split=split,
        no_split=convert if (source / PUBLIC_SPLIT).exists() else "",
    )
