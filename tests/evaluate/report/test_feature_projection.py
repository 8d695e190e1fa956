"""Features lie in the plane of the whole graph's principal components."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from condense.data.graph import hide_test_labels
from evaluate.report import feature_projection
from evaluate.report.feature_projection import marker_sizes, project_features
from tests.support.graphs import small_condensed, small_graph


def test_components_are_the_singular_vectors_of_the_whole_graph() -> None:
    whole, small = small_graph(num_target=80), small_condensed().graph
    projections = {plane.modality: plane for plane in project_features(whole, small)}
    assert set(projections) == {"text", "image"}
    for modality, plane in projections.items():
        has = getattr(whole["movie"], f"has_{modality}", torch.ones(80, dtype=torch.bool))
        x = whole["movie"][f"x_{modality}"][has].double().numpy()
        mean = x.mean(axis=0)
        _, s, vt = np.linalg.svd(x - mean, full_matrices=False)
        assert plane.shares == pytest.approx(s[:2] ** 2 / (s**2).sum(), rel=1e-3)
        here = small["movie"].get(f"has_{modality}", torch.ones(12, dtype=torch.bool))
        expected = (small["movie"][f"x_{modality}"][here].double().numpy() - mean) @ vt[:2].T
        assert np.abs(plane.condensed) == pytest.approx(np.abs(expected), abs=1e-2)
        assert plane.classes.tolist() == small["movie"].y[here].tolist()
        assert plane.whole_count == int(has.sum()) == len(plane.whole)


def test_test_labels_and_missing_rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_projection, "MOST_POINTS", 20)
    whole, small = small_graph(num_target=80), small_condensed().graph
    for a, b in zip(
        project_features(whole, small),
        project_features(hide_test_labels(whole), small),
        strict=True,
    ):
        assert len(a.whole) == 20
        assert np.isfinite(a.whole).all()
        np.testing.assert_array_equal(a.whole, b.whole)


def test_marks_grow_as_the_root_of_what_a_node_stands_for() -> None:
    sizes = marker_sizes(torch.tensor([1.0, 4.0, 4.0, 4.0, 1e9]), 5)
    assert sizes.tolist() == [0.5, 0.5, 0.5, 0.5, 4.0]
    weight = torch.rand(1000, generator=torch.Generator().manual_seed(0)) + 0.5
    sizes, exact = marker_sizes(weight, 1000), weight.sqrt().numpy() / float(weight.sqrt().mean())
    assert np.abs(np.log2(sizes / exact)).max() <= 0.25 + 1e-6
    assert len(np.unique(sizes)) <= 7
    assert marker_sizes(None, 3).tolist() == [1, 1, 1]
