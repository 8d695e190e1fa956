"""Embeddings of computation trees against dense powers and walks; columns that split classes."""

from __future__ import annotations

import pytest
import torch

from condense.data.features import complete
from condense.selection.trees import embeddings, splitting_columns
from models.propagation.union import UnionOperator
from models.schema import GraphSchema
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union


@pytest.mark.parametrize("hops", [1, 3])
def test_embeddings_are_dense_powers(hops):
    graph = complete(small_graph(num_target=24, weighted=True))
    operator = UnionOperator(graph, GraphSchema.of(graph), 2, torch.device("cpu"))
    looped = torch.eye(24) + dense_union(graph, operator.adjacency.paths)
    inverse = (1 / looped.sum(dim=1)).diag()
    step = inverse @ looped @ inverse
    x = torch.randn(24, 5, generator=torch.Generator().manual_seed(0))
    expected = torch.linalg.matrix_power(step, hops) @ x
    torch.testing.assert_close(embeddings(operator, x, hops), expected)


def test_columns_are_those_that_tell_classes_apart():
    y = torch.arange(40) % 4
    z = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)) / 100
    z[:, 2] += y // 2
    z[:, 5] += y % 2
    for seed in range(3):
        used = splitting_columns(z, y, 50, torch.Generator().manual_seed(seed))
        assert used.tolist() == [2, 5]
    assert splitting_columns(z, y, 1, torch.Generator().manual_seed(0)).tolist() in ([2], [5])


def test_all_columns_are_kept_where_none_splits():
    z = torch.ones(4, 3)
    used = splitting_columns(z, torch.tensor([0, 1, 0, 1]), 50, torch.Generator())
    assert used.tolist() == [0, 1, 2]
