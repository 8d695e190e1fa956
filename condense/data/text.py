"""Texts as features, without a model to download: TF-IDF of their words, in a few dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.data.reduction import leading_basis

TEXT_WIDTH = 256
WORD_TEXTS = 3
"""A word counts if so many texts have it."""
FITTED = 1 << 16
"""More texts say little more of the leading dimensions, whose time and memory grow with them."""
ROWS = 1 << 14
STEP = 2.0**-18
"""Features are multiples of it: a thousand million times what two machines' rounding differs by (5e-15 at
most, 64,000 texts), and a ten-thousandth of a usual value."""


def text_features(texts: Sequence[str]) -> Tensor:
    """TF-IDF of words in the leading dimensions of `leading_basis`, float32 [n, at most TEXT_WIDTH].

    Counts are sublinear, 1 + log(count), and each text's row has length one before it is reduced. A text
    without a counted word is a row of zeros. Of more than FITTED texts, as many at equal distances decide
    the dimensions. Nothing is random, and features are multiples of STEP: equal texts give equal features on
    all machines, whose rounding differs, so that a graph of texts has one fingerprint.

    Raises:
        ValueError: no word is in WORD_TEXTS of the texts, or in all of them where they are fewer.
    """
    return torch.from_numpy(np.concatenate(list(text_blocks(texts, len(texts))[1])))


def text_blocks(texts: Iterable[str], count: int) -> tuple[int, Iterator[NDArray[np.float32]]]:
    """The width of `text_features`, and the features of at most ROWS texts at a time, in order.

    Args:
        texts: are read once; their words are in memory as a sparse matrix, 12 bytes an entry.
        count: how many there are.

    Raises:
        ValueError: as for `text_features`.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = min(WORD_TEXTS, count)
    words = TfidfVectorizer(min_df=least, sublinear_tf=True, dtype=np.float64)
    matrix = words.fit_transform(texts)
    fitted = matrix
    if count > FITTED:
        fitted = matrix[np.linspace(0, count - 1, FITTED).astype(np.int64)]
    basis, _ = leading_basis(fitted, TEXT_WIDTH)
    # In blocks, so that no float64 matrix of all texts exists.
    starts = range(0, count, ROWS)
    return basis.rows.shape[1], (_rounded(basis.project(matrix[i : i + ROWS])) for i in starts)


def _rounded(features: NDArray[np.float64]) -> NDArray[np.float32]:
    """The nearest multiples of STEP, float32; zero has no sign."""
    return (np.rint(features / STEP) * STEP + 0.0).astype(np.float32)
