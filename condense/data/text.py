"""Texts as features, without a model to download: TF-IDF of their words, in a few dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from condense.data.reduction import leading_basis

TEXT_WIDTH = 256
WORD_TEXTS = 3
"""A word counts if so many texts have it."""


def text_features(texts: Sequence[str]) -> Tensor:
    """TF-IDF of words in the leading dimensions of `leading_basis`, float32 [n, at most TEXT_WIDTH].

    Counts are sublinear, 1 + log(count), and each text's row has length one before it is reduced. A text
    without a counted word is a row of zeros. There is nothing random: equal texts give equal features, up
    to the last digits between machines.

    Raises:
        ValueError: no word is in WORD_TEXTS of the texts, or in all of them where they are fewer.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = min(WORD_TEXTS, len(texts))
    words = TfidfVectorizer(min_df=least, sublinear_tf=True, dtype=np.float64)
    matrix = words.fit_transform(texts)
    basis, _ = leading_basis(matrix, TEXT_WIDTH)
    return torch.from_numpy(np.asarray(basis.project(matrix))).float()
