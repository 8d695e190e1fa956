"""Wide sparse features in few dimensions, compared with numpy's full decomposition."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from threadpoolctl import threadpool_limits

from condense.data import reduction
from condense.data.graph import MultimodalGraph
from condense.data.inductive import training_part
from condense.data.reduction import RANK, ColumnBasis, SparseReduction, leading_basis
from condense.data.sparse import from_scipy
from condense.errors import UserError
from evaluate.training.task import EvaluationTask
from tests.support.sparse import wide_graph


def whole(basis: ColumnBasis, width: int) -> np.ndarray:
    """V [width, r], rows of columns that do not occur included."""
    v = np.zeros((width, basis.rows.shape[1]))
    v[basis.columns] = basis.rows
    return v


def leading(x: Any, rank: int) -> tuple[np.ndarray, float]:
    basis, kept = leading_basis(sp.csr_array(x), rank)
    return whole(basis, x.shape[1]), kept


def _decaying(n: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.standard_normal((n, n)))
    right, _ = np.linalg.qr(rng.standard_normal((width, n)))
    return left * 0.4 ** np.arange(n) @ right.T


@pytest.mark.parametrize("shape", [(40, 90), (90, 90)])
def test_the_span_is_that_of_the_leading_singular_vectors(shape: tuple[int, int]) -> None:
    x = _decaying(*shape)
    v, kept = leading(x, 8)
    _, s, vt = np.linalg.svd(x)
    np.testing.assert_allclose(v.T @ v, np.eye(8), atol=1e-10)
    np.testing.assert_allclose(v @ v.T, vt[:8].T @ vt[:8], atol=1e-3)
    assert kept == pytest.approx((s[:8] ** 2).sum() / (s**2).sum(), rel=1e-6)


def test_no_more_dimensions_than_the_matrix_has() -> None:
    """Directions of rounding noise would let rows in that the basis was not fitted on."""
    rows = np.random.default_rng(0).standard_normal((3, 50))
    v, kept = leading(rows[np.arange(30) % 3], 10)
    assert v.shape == (50, 3)
    assert kept == pytest.approx(1)


def test_an_empty_matrix_and_empty_columns() -> None:
    v, kept = leading(np.zeros((5, 7)), 3)
    assert (v.shape, kept) == ((7, 1), 0.0)
    x = np.zeros((5, 7))
    x[:, [2, 6]] = np.random.default_rng(0).standard_normal((5, 2))
    v, _ = leading(x, 3)
    assert (v[[0, 1, 3, 4, 5]] == 0).all()
    np.testing.assert_allclose(x @ v @ v.T, x, atol=1e-12)


def test_rounding_does_not_turn_the_basis_even_if_all_singular_values_are_equal() -> None:
    one_hot = sp.csr_array(sp.eye_array(60, 80))
    noisy = one_hot * (1 + 1e-13)
    noisy.data *= 1 + 1e-13 * np.random.default_rng(0).standard_normal(60)
    before, after = leading(one_hot, 10)[0], leading(noisy, 10)[0]
    np.testing.assert_allclose(before, after, atol=1e-9)


def test_types_with_one_vocabulary_share_the_dimensions() -> None:
    graph = wide_graph()
    graph["author"].num_nodes = 400
    graph["author"].x_text = graph["doc"].x_text
    fitted = SparseReduction.fit(graph)
    assert list(fitted.basis) == [("text", 4000)]
    reduced = fitted.apply(graph)
    assert torch.equal(reduced["author"].x_text, reduced["doc"].x_text)
    assert reduced["doc"].x_text.shape == (400, RANK)


def test_nodes_without_the_modality_have_no_say() -> None:
    graph = wide_graph()
    graph["doc"].has_text = torch.arange(400) % 3 > 0
    other = copy.copy(graph)
    hidden = graph["doc"].x_text.to_dense().numpy()
    hidden[::3] = 0
    other["doc"].x_text = from_scipy(sp.csr_array(hidden))
    one, two = SparseReduction.fit(graph), SparseReduction.fit(other)
    for part in ("columns", "rows"):
        a, b = (getattr(fitted.basis["text", 4000], part) for fitted in (one, two))
        np.testing.assert_array_equal(a, b)
    assert (one.apply(graph)["doc"].x_text[::3] == 0).all()


def test_distances_of_reduced_rows_are_those_of_the_projections() -> None:
    graph = wide_graph()
    fitted = SparseReduction.fit(graph)
    v = whole(fitted.basis["text", 4000], 4000)
    x = graph["doc"].x_text.to_dense().double().numpy()
    expected, found = x @ v @ v.T, fitted.apply(graph)["doc"].x_text.double().numpy()
    np.testing.assert_allclose(
        np.linalg.norm(expected[0] - expected, axis=1),
        np.linalg.norm(found[0] - found, axis=1),
        atol=1e-4,
    )


def test_in_the_inductive_setting_test_nodes_have_no_say() -> None:
    graph = wide_graph()
    task = EvaluationTask.of(graph, setting="inductive")
    part = training_part(graph, "inductive").graph
    assert task.reduction.record() == SparseReduction.fit(part).record()
    assert task.reduction.record() != SparseReduction.fit(graph).record()


def test_other_dimensions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph: MultimodalGraph = wide_graph(200)
    fitted = SparseReduction.fit(graph)
    then = fitted.record()
    assert then["text:4000"]["columns"] == 4000
    assert 0 < then["text:4000"]["kept"] <= 1 + 1e-9
    fitted.check_record(then)
    monkeypatch.setattr(reduction, "RANK", 100)
    with pytest.raises(UserError, match="condense again"):
        SparseReduction.fit(graph).check_record(then)
    with pytest.raises(UserError, match="condense again"):
        fitted.check_record({})
    turned = {"text:4000": {**then["text:4000"], "probe": then["text:4000"]["probe"] + 1}}
    with pytest.raises(UserError, match="condense again"):
        fitted.check_record(turned)


def test_columns_that_were_not_fitted_have_no_part() -> None:
    x = np.random.default_rng(0).standard_normal((6, 9))
    x[:, [1, 4]] = 0
    basis, _ = leading_basis(sp.csr_array(x), 3)
    unseen = np.random.default_rng(1).standard_normal((4, 9))
    found = basis.project(sp.csr_array(unseen))
    np.testing.assert_allclose(found, unseen @ whole(basis, 9), atol=1e-12)


def test_nothing_as_wide_as_the_matrix_is_allocated() -> None:
    """A file may declare two billion columns of which a few occur."""
    columns = np.array([0, 3, 2**31 - 3])
    x = sp.csr_array((np.ones(3), (np.arange(3), columns)), shape=(3, 2**31 - 2))
    basis, kept = leading_basis(x, 5)
    assert (basis.columns.tolist(), basis.rows.shape) == (columns.tolist(), (3, 3))
    assert kept == pytest.approx(1)
    assert abs(basis.probe) > 0
    np.testing.assert_allclose(basis.project(x) @ basis.project(x).T, np.eye(3), atol=1e-12)


def test_the_number_of_threads_does_not_show() -> None:
    x = sp.random_array((300, 3000), density=0.01, rng=np.random.default_rng(0)).tocsr()
    bases = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            bases.append(leading_basis(sp.csr_array(x), 64)[0].rows)
    np.testing.assert_array_equal(*bases)
