"""AMAZON-2: the items of AMAZON-1's kind with a price, the third modality.

Where the real files have not been prepared, the simulated data set stands in, marked as such.
"""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.datasets.amazon2_simulated import simulate_amazon2
from condense.datasets.amazon_files import (
    FILES,
    PRICE_FILES,
    is_simulated,
    read_items,
    read_price,
)


def load_amazon2(root: Path, source: str = "auto", scale: float = 1.0) -> MultimodalGraph:
    """AMAZON-2 from `root`/amazon2, or simulated.

    Args:
        root: the data folder; its folder amazon2 must hold `FILES` and `PRICE_FILES`. The split is
            converted as for `load_amazon1`.
        source: as for `load_amazon1`.
        scale: of the simulated graph, see `simulate_amazon2`; real files are read whole.

    Raises:
        UserError: an unknown source, or a scale that the data set cannot have.
        FileError: a real file is missing, or is not what it should be.
    """
    folder = root / "amazon2"
    if is_simulated(folder, FILES | PRICE_FILES, source, scale):
        return simulate_amazon2(scale)
    graph = read_items(folder)
    item = graph["item"]
    item.x_price, item.has_price = read_price(folder / "item_price.npy", int(item.num_nodes))
    return graph
