"""AMAZON-1: items with text and image, linked by what customers buy and view together.

If the real files have not been prepared, the simulated data set replaces them and is marked as simulated.
"""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.datasets.amazon_files import FILES, is_simulated, read_items


def load_amazon1(root: Path, source: str = "auto", scale: float = 1.0) -> MultimodalGraph:
    """Load AMAZON-1 from `root`/amazon1, or simulate it.

    The public item_data_dict.npy is a pickle. If you trust it, convert it once, in that folder:

        d = np.load('item_data_dict.npy', allow_pickle=True).item()
        np.savez('splits.npz', **{k: d[k] for k in ('train_idx', 'val_idx', 'test_idx')})

    Args:
        root: the data folder; `FILES` lists what its folder amazon1 must hold.
        source: "real" reads the files; "simulated" generates the graph; "auto" reads the files if all
            exist and simulates otherwise, with a warning if only some are missing.
        scale: the scale of the simulated graph, see `simulate_amazon1`; real files are read whole.

    Raises:
        UserError: an unknown source, or a scale that the data set cannot have.
        FileError: a real file is missing or does not match `FILES`.
    """
    folder = root / "amazon1"
    if is_simulated(folder, FILES, source, scale):
        return simulate_amazon1(scale)
    return read_items(folder)
