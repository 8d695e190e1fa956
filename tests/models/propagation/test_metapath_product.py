"""Products of adjacencies by blocks of rows, and their strongest entries, against dense matrices."""

from __future__ import annotations

import pytest
import torch

from models.propagation import metapath_product as module
from models.propagation.metapath_product import (
    Entries,
    MetaPathProduct,
    entries_of,
    row_blocks,
    strongest,
)
from models.propagation.metapaths import returning_paths
from tests.models.test_gcn import bibliography, one_type
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
CPU = torch.device("cpu")


@pytest.mark.parametrize("block", [1, 30, 2**22])
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("halved", [False, True])
def test_rows_are_those_of_the_dense_product(monkeypatch, block, counted, halved):
    monkeypatch.setattr(module, "BLOCK", block)
    films = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    for graph in (films, bibliography(), one_type(relations=2)):
        count = graph[graph.target].num_nodes
        for path in returning_paths(graph.edge_types, graph.target, 4):
            first, *later = (multiplicities(graph, relation) for relation in path)
            expected = first if counted else averaging(first)
            for factor in later:
                expected = expected @ averaging(factor)
            product = MetaPathProduct(graph, path, counted=counted, halved=halved)
            assert bool((product.bound() >= expected.count_nonzero(dim=1)).all())
            blocks = list(row_blocks([product], count, CPU))
            assert [start for start, _ in blocks] == [0, *(stop for _, stop in blocks[:-1])]
            assert blocks[-1][1] == count
            dense = torch.zeros(count, count)
            for start, stop in blocks:
                rows, columns, weight = entries_of(product.rows(start, stop), start)
                assert stop - start == 1 or len(rows) <= block
                dense[rows, columns] = weight
            assert_near(dense, expected, 1e-13)


@pytest.mark.parametrize("left_out", ["dropped", "shared", "normalised"])
@pytest.mark.parametrize("ties", ["lower", "shuffled"])
def test_the_strongest_of_each_row_stay(left_out, ties):
    rng = torch.Generator().manual_seed(0)
    dense = (torch.rand(6, 9, generator=rng) + 0.1) * (torch.rand(6, 9, generator=rng) < 0.9)
    dense[2] = 0
    dense[3, 2:] = 0  # Fewer entries than stay.
    rows, columns = dense.nonzero().T
    entries = Entries(rows, columns, dense[rows, columns])
    kept = strongest(entries, 6, 4, left_out=left_out, ties=ties)
    expected = dense * (dense >= dense.topk(4, dim=1).values[:, -1:])
    had, has = dense.sum(1, keepdim=True), expected.sum(1, keepdim=True).clamp_min(1e-300)
    assert bool((had[[0, 1]] > has[[0, 1]]).all())
    expected *= {"dropped": 1, "shared": had / has, "normalised": 1 / has}[left_out]
    found = torch.zeros(6, 9).index_put((kept.row, kept.column), kept.weight)
    assert_near(found, expected, 1e-14)
    assert torch.equal(kept.row * 9 + kept.column, (kept.row * 9 + kept.column).sort().values)
