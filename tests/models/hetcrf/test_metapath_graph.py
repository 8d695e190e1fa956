"""Meta-path graphs against dense products of walks."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.hetcrf.metapath_graph import metapath_graphs
from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("double")
CPU = torch.device("cpu")


def dense(graph, path, strongest=None):
    """Chances of a walk without those of coming home, the strongest kept, shared out to 1, plus I."""
    walk = torch.eye(graph["movie"].num_nodes)
    for relation in path:
        walk = walk @ averaging(multiplicities(graph, relation))
    walk = walk.fill_diagonal_(0)
    if strongest is not None:
        least = walk.topk(strongest, dim=1).values[:, -1:]
        walk = walk * (walk >= least)
    return walk / walk.sum(1, keepdim=True).clamp_min(1e-300) + torch.eye(len(walk))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [1, 5, 100])  # At a time, of 12.
def test_weights_are_chances_of_a_walk(weighted, rows, monkeypatch):
    monkeypatch.setattr("models.propagation.metapath_product.BLOCK", rows * 12)
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    edges = graph["actor", "rev_features", "movie"]
    kept = edges.edge_index[1] != 3  # Film 3 is joined to no film through actors.
    edges.edge_index = edges.edge_index[:, kept]
    if weighted:
        edges.edge_weight = edges.edge_weight[kept]
    schema = GraphSchema.of(graph)
    graphs = metapath_graphs(graph, schema, 4, 100, CPU)
    paths = returning_paths(schema.relations, "movie", 4)
    assert len(graphs) == len(paths) == 2
    for path, found in zip(paths, graphs, strict=True):
        expected = dense(graph, path)
        assert_near(found.pattern.matrix(found.weight).to_dense(), expected, 1e-13)
        x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
        assert_near(found.mean(x), expected / expected.sum(1, keepdim=True) @ x, 1e-13)


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_the_strongest_of_a_graph_are_those_of_its_rows(rows, monkeypatch):
    graph = small_graph(weighted=True, dtype=torch.float64)
    whole = metapath_graphs(graph, GraphSchema.of(graph), 4, 3, CPU)
    monkeypatch.setattr("models.propagation.metapath_product.BLOCK", rows * 40)
    parts = metapath_graphs(graph, GraphSchema.of(graph), 4, 3, CPU)
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one.pattern.rows, other.pattern.rows)
        assert torch.equal(one.pattern.columns, other.pattern.columns)
        assert torch.equal(one.weight, other.weight)


def test_without_a_way_back_every_node_has_itself():
    graph = small_graph(num_target=12, dtype=torch.float64)
    for name in ("rev_directed_by", "rev_features"):
        (relation,) = (r for r in graph.edge_types if r[1] == name)
        del graph[relation]
    (found,) = metapath_graphs(graph, GraphSchema.of(graph), 4, 5, CPU)
    assert torch.equal(found.pattern.matrix(found.weight).to_dense(), torch.eye(12))


def test_dropped_edges_are_a_part_and_self_loops_stay():
    graph = small_graph(dtype=torch.float64)
    found = metapath_graphs(graph, GraphSchema.of(graph), 2, 50, CPU)[0]
    whole = found.pattern.matrix(found.weight).to_dense()
    torch.manual_seed(0)
    part = found.without(0.5, keep_loops=True)
    left = part.pattern.matrix(part.weight).to_dense()
    assert torch.equal(left.diagonal(), whole.diagonal())
    assert bool(((left == whole) | (left == 0)).all())
    share = 1 - (left.count_nonzero() - 40) / (whole.count_nonzero() - 40)
    assert 0.3 < share.item() < 0.7
    alone = found.without(1.0, keep_loops=True)
    assert torch.equal(alone.pattern.matrix(alone.weight).to_dense(), torch.eye(40))


PREPARE_AGAIN_AND_AGAIN = """
from pathlib import Path
import torch
from models.hetcrf.metapath_graph import metapath_graphs
from models.schema import GraphSchema
from tests.support.graphs import small_graph

graph = small_graph(num_target=1500)
edges = graph["movie", "directed_by", "director"].edge_index
edges[1] = 0  # All films are joined: 2.25 million entries, 27 MB as CSR.
graph["director", "rev_directed_by", "movie"].edge_index = edges.flip(0)
for _ in range(8):
    metapath_graphs(graph, GraphSchema.of(graph), 2, 5, torch.device("cpu"))
    print(Path("/proc/self/statm").read_text().split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc/self/statm here")
def test_preparing_again_and_again_takes_no_more_memory():
    """Products of CSR matrices keep their result for ever in torch's CPU build.

    In an interpreter of its own, where glibc gives every large block back at once: in a worker's heap of many
    tests resident memory says nothing of leaks, fragments moved it by 160 MB.
    """
    done = subprocess.run(
        [sys.executable, "-c", PREPARE_AGAIN_AND_AGAIN], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "1048576", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    resident = [int(pages) * resource.getpagesize() for pages in done.stdout.split()]
    assert len(resident) == 8
    assert resident[-1] - resident[2] < 30e6  # CSR products: 18 MB each, 90 in all.
