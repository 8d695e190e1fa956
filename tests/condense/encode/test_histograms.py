"""Histograms of colours and edges, against pictures whose histograms are known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from condense.encode.histograms import ANGLES, COLOURS, Histograms


def features(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours, and edges by cell and direction."""
    x = Histograms().encode([Image.fromarray(pixels.astype(np.uint8))])[0]
    assert x.dtype == np.float32
    return x[:COLOURS], x[COLOURS:].reshape(-1, ANGLES)


def test_colours_are_shares() -> None:
    pixels = np.zeros((64, 64, 3))
    pixels[:16] = (255, 0, 0)  # A quarter red: level 3 of red, 0 of the others.
    colours, _ = features(pixels)
    assert colours[3 * 16] == pytest.approx(0.5)
    assert colours[0] == pytest.approx(np.sqrt(0.75))
    assert np.square(colours).sum() == pytest.approx(1)


@pytest.mark.parametrize("turns", range(4))
def test_directions_of_edges(turns: int) -> None:
    """Ramps: grey rises to the right, to the lower right, downwards, to the lower left."""
    right, down = [(1, 0), (1, 1), (0, 1), (-1, 1)][turns]
    row, column = np.mgrid[:64, :64]
    grey = 100 + right * column + down * row if right >= 0 else 100 - column + row
    _, edges = features(np.repeat(grey[..., None], 3, axis=2))
    shares = np.square(edges).sum(axis=0)
    assert shares[2 * turns] == pytest.approx(1)
    # Inner cells have 16 rows of pixels, those at the border 15.
    assert np.square(edges[:, 2 * turns]).reshape(4, 4) == pytest.approx(
        np.outer([15, 16, 16, 15], [15, 16, 16, 15]) / 62**2
    )


def test_opposite_directions_are_one() -> None:
    row = np.repeat(np.arange(64)[None, :, None], 64, axis=0)
    one, other = (np.repeat(each, 3, axis=2) for each in (row, 63 - row))
    assert np.allclose(features(one)[1], features(other)[1])


def test_one_grey_has_no_edges_and_any_size_will_do() -> None:
    for shape in ((1, 1, 3), (5, 300, 3)):
        colours, edges = features(np.full(shape, 100))
        assert not edges.any()
        assert colours[1 * 16 + 1 * 4 + 1] == 1
