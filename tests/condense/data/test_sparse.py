"""Sparse features are the dense ones that they stand for."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor

from condense.budget import plan
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph, hide_test_labels, num_bytes
from condense.data.inductive import training_part
from condense.data.reduction import SparseReduction
from condense.data.rules.check import check
from condense.data.rules.nodes import check_nodes
from condense.data.sparse import csr_tensor, from_scipy, is_sparse
from condense.errors import GraphError
from condense.inspecting.facts import facts
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from tests.support.sparse import two_guises, wide_graph


def test_both_guises_are_one_graph() -> None:
    dense, sparse = two_guises()
    check(sparse)
    assert fingerprint(sparse) == fingerprint(dense)
    assert num_bytes(sparse) == num_bytes(dense)
    assert facts(sparse) == facts(dense)
    sparse["movie"].x_text.values()[5] += 1
    assert fingerprint(sparse) != fingerprint(dense)


@pytest.mark.parametrize("setting", ["transductive", "inductive"])
@pytest.mark.parametrize("method", ["kmeans", "random"])
def test_both_guises_give_the_same_numbers(method: str, setting: str) -> None:
    found = []
    for graph in two_guises():
        budget = plan(graph, 0.2, setting=setting)
        small = condense(graph, budget, method)
        task = EvaluationTask.of(graph, setting=setting)
        graphs = [TrainingGraph("whole", task.trained_whole())]
        graphs += [TrainingGraph(method, small.graph, small)]
        protocol = Protocol(models=("hgt", "mlp"), seeds=1, training=TrainSettings(epochs=8))
        rows = evaluate(task, graphs, protocol)
        scores = [(row.model, row.method, row.micro_f1, row.bytes) for row in rows]
        found.append((fingerprint(small.graph), small.provenance.measures, scores))
    assert found[0] == found[1]


def test_a_sub_graph_has_the_rows_of_its_nodes_in_the_order_of_modalities() -> None:
    dense, sparse = (training_part(hide_test_labels(g), "inductive").graph for g in two_guises())
    assert is_sparse(sparse["movie"].x_text)
    assert list(sparse["movie"].keys()) == list(dense["movie"].keys())
    assert fingerprint(sparse) == fingerprint(dense)


def test_graphs_are_copied_and_pickled() -> None:
    graph = wide_graph()
    again = pickle.loads(pickle.dumps(copy.copy(graph)))
    assert fingerprint(again) == fingerprint(graph)


def test_a_wide_sparse_graph_is_not_the_dense_one() -> None:
    """They are read differently, so that a condensed graph of one does not fit the other."""
    sparse = wide_graph()
    dense = copy.copy(sparse)
    dense["doc"].x_text = sparse["doc"].x_text.to_dense()
    assert fingerprint(sparse) != fingerprint(dense)
    with_zeros = copy.copy(sparse)
    x = sparse["doc"].x_text
    rows, columns = x.crow_indices().clone(), x.col_indices()
    free = next(c for c in range(x.size(1)) if c not in columns[: rows[1]])
    at = int((columns[: rows[1]] < free).sum())
    rows[1:] += 1
    columns = torch.cat([columns[:at], columns.new_tensor([free]), columns[at:]])
    values = torch.cat([x.values()[:at], torch.zeros(1), x.values()[at:]])
    with_zeros["doc"].x_text = csr_tensor(rows, columns, values, x.shape)
    check(with_zeros)
    assert fingerprint(with_zeros) == fingerprint(sparse)


def test_dense_features_stay_as_they_are_however_wide() -> None:
    graph = wide_graph()
    graph["doc"].x_text = graph["doc"].x_text.to_dense()
    reduction = SparseReduction.fit(graph)
    assert not reduction.basis
    assert reduction.apply(graph) is graph


def test_from_scipy_adds_up_duplicates_and_takes_counts() -> None:
    matrix = sp.coo_array(([1, 2, 0, 4], ([0, 0, 1, 1], [3, 3, 0, 1])), shape=(2, 5))
    x = from_scipy(matrix)
    assert x.dtype == torch.float32
    assert x.values().tolist() == [3, 4]
    np.testing.assert_array_equal(x.to_dense(), matrix.toarray())
    assert from_scipy(matrix.astype(np.float64)).dtype == torch.float64


def _parts(rows: list[int], columns: list[int], values: list[float]) -> Tensor:
    return csr_tensor(torch.tensor(rows), torch.tensor(columns), torch.tensor(values), (3, 4))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (_parts([0, 2, 1, 2], [0, 1], [1.0, 2]), "row bounds that rise from 0 to 2"),
        (_parts([0, 1, 1, 9], [0, 1], [1.0, 2]), "row bounds that rise from 0 to 2"),
        (_parts([1, 1, 1, 2], [0, 1], [1.0, 2]), "row bounds that rise from 0 to 2"),
        (_parts([0, 0, 1, 2], [0, 4], [1.0, 2]), "col_indices()[1] (got 4) must lie in 0 … 3"),
        (_parts([0, 0, 1, 2], [-1, 1], [1.0, 2]), "col_indices()[0] (got -1) must lie in 0 … 3"),
        (_parts([0, 0, 2, 3], [2, 1, 3], [1.0, 2, 3]), "the columns of row 1"),
        (_parts([0, 0, 2, 3], [1, 1, 3], [1.0, 2, 3]), "without duplicates"),
        (_parts([0, 0, 1, 2], [3, 2], [1.0, torch.nan]), "x_text[2, 2] (got nan) is not finite"),
        (torch.eye(3).to_sparse_coo(), "must be a dense tensor"),
    ],
)
def test_each_rule_of_sparse_features(x: Tensor, words: str) -> None:
    with pytest.raises(GraphError) as raised:
        check_nodes(_three(x), "a")
    assert words in str(raised.value)


def test_columns_ascend_within_rows_only_and_hidden_values_are_not_read() -> None:
    graph = _three(_parts([0, 0, 2, 3], [1, 3, 0], [1.0, 2, torch.nan]))
    graph["a"].has_text = torch.tensor([True, True, False])
    check_nodes(graph, "a")


def _three(x: Tensor) -> MultimodalGraph:
    graph = MultimodalGraph()
    graph["a"].num_nodes, graph["a"].x_text = 3, x
    return graph
