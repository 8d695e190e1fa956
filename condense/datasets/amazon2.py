"""AMAZON-2: items as in AMAZON-1, with a price as the third modality.

If the real files have not been prepared, the simulated data set replaces them and is marked as simulated.
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
    """Load AMAZON-2 from `root`/amazon2, or simulate it.

    Args:
        root: the data folder; its folder amazon2 must hold `FILES` and `PRICE_FILES`. The split is
            converted as for `load_amazon1`.
        source: as for `load_amazon1`.
        scale: the scale of the simulated graph, see `simulate_amazon2`; real files are read whole.

    Raises:
        UserError: an unknown source, or a scale that the data set cannot have.
        FileError: a real file is missing or does not match `FILES` and `PRICE_FILES`.
    """
    folder = root / "amazon2"
    if is_simulated(folder, FILES | PRICE_FILES, source, scale):
        return simulate_amazon2(scale)
    graph = read_items(folder)
    item = graph["item"]
    item.x_price, item.has_price = read_price(folder / "item_price.npy", int(item.num_nodes))
    return graph
