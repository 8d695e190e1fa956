"""Images as histograms of colours and edges: an encoder that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from condense.encode.encoder import HISTOGRAM

SIDE = 64
LEVELS = 4
"""Of red, green and blue each."""
CELLS, ANGLES = 4, 8
"""Cells along each side; directions of edges in a cell, between 0° and 180°."""
COLOURS, EDGES = LEVELS**3, CELLS**2 * ANGLES


@dataclass
class Histograms:
    """An image's colours and edges, float32 [COLOURS + EDGES] = [192].

    The image is reduced to SIDE × SIDE pixels. The first COLOURS columns are the square roots of the shares
    of pixels with each of LEVELS³ colours. The others are the square roots of the shares of the gradient of
    grey (differences between the pixels on either side) that each direction has in each of CELLS² cells;
    zeros where the image has one grey. Directions begin at −11.25°, where no whole numbers' gradient is, so
    that the last bits of a machine's arithmetic decide nothing.
    """

    name: str = HISTOGRAM
    identity: str = f"{HISTOGRAM}-1"
    width: int = COLOURS + EDGES
    batch: int = 64
    weights: int = 0

    def encode(self, batch: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The features of b images, float32 [b, width]."""
        return np.stack([_histograms(image) for image in batch])


def _histograms(image: Image.Image) -> NDArray[np.float32]:
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    rgb = np.asarray(small).astype(np.int64) * LEVELS // 256  # [SIDE, SIDE, 3]
    colour = (rgb[..., 0] * LEVELS + rgb[..., 1]) * LEVELS + rgb[..., 2]
    colours = np.bincount(colour.ravel(), minlength=COLOURS) / SIDE**2
    grey = np.asarray(small.convert("L")).astype(np.int64)
    right = grey[1:-1, 2:] - grey[1:-1, :-2]
    down = grey[2:, 1:-1] - grey[:-2, 1:-1]
    size = np.sqrt(np.square(right) + np.square(down))
    turned = np.arctan2(down, right) / np.pi * ANGLES  # −ANGLES … ANGLES, half a turn each
    angle = np.floor(turned + 0.5).astype(np.int64) % ANGLES
    place = np.arange(1, SIDE - 1) * CELLS // SIDE
    cell = place[:, None] * CELLS + place
    edges = np.bincount((cell * ANGLES + angle).ravel(), size.ravel(), minlength=EDGES)
    total = edges.sum()
    edges = edges / total if total > 0 else edges
    return np.sqrt(np.concatenate([colours, edges])).astype(np.float32)
