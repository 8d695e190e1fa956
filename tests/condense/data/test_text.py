"""Texts as features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from condense.data import text
from condense.data.reduction import ColumnBasis, leading_basis
from condense.data.sparse import Csr
from condense.data.text import text_features


def test_text_keeps_the_products_of_tf_idf() -> None:
    """Below 256 words the basis is complete: rows have length one, and alike descriptions are alike."""
    texts = ["red game", "red game", "blue library", "blue library", "red library", "red library"]
    x = text_features(texts)
    assert torch.allclose(x.norm(dim=1), torch.ones(6), atol=1e-5)
    product = x @ x.T
    assert torch.allclose(product[0, 1], torch.tensor(1.0), atol=1e-5)
    assert product[0, 4] > 0.1 > product[0, 2].abs()


def test_texts_that_share_no_word_are_refused() -> None:
    with pytest.raises(ValueError, match="no terms remain"):
        text_features(["red game", "blue library", "green tool", "white paper"])


def test_some_of_many_texts_decide_the_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a basis that some of the texts span completely, all keep their products."""
    texts = [f"red w{i % 4} w{i % 3}" for i in range(60)]
    whole = text_features(texts)
    monkeypatch.setattr(text, "FITTED", 20)
    monkeypatch.setattr(text, "ROWS", 7)
    some = text_features(texts)
    assert torch.allclose(some @ some.T, whole @ whole.T, atol=1e-5)


def test_rounding_of_another_machine_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    words = generator.zipf(1.5, (300, 8)).clip(max=80)
    texts = [" ".join(f"w{word}" for word in row) for row in words]
    here = text_features([*texts, "", ""])

    def elsewhere(matrix: Csr, rank: int) -> tuple[ColumnBasis, float]:
        basis, share = leading_basis(matrix, rank)
        noise = 1e-11 * generator.standard_normal(basis.rows.shape)
        return ColumnBasis(basis.columns, basis.rows + noise), share

    monkeypatch.setattr(text, "leading_basis", elsewhere)
    there = text_features([*texts, "", ""])
    assert there.numpy().tobytes() == here.numpy().tobytes()
    assert not here[-1].any()
    assert not torch.signbit(here[-1]).any()
