"""Meta-paths, and their features against dense products."""

from __future__ import annotations

import pytest
import torch

from condense.data.features import complete
from condense.data.graph import MultimodalGraph
from models.propagation.metapaths import blocks, metapaths, path_features, path_logits
from models.schema import GraphSchema, features
from tests.support.dense import assert_near, averaging, multiplicities, walk, walks
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def four_relations():
    """One type with four relations, as amazon1 has."""
    rng = torch.Generator().manual_seed(0)
    graph = MultimodalGraph()
    graph["item"].num_nodes = 9
    graph["item"].x_text = torch.randn(9, 3, generator=rng)
    graph["item"].x_image = torch.randn(9, 2, generator=rng)
    for name in ("also_buy", "also_viewed", "buy_after", "bought_together"):
        graph["item", name, "item"].edge_index = torch.randint(9, (2, 14), generator=rng)
    graph.target, graph.num_classes = "item", 2
    return graph


GRAPHS = [
    four_relations,
    lambda: small_graph(weighted=True, dtype=torch.float64),
    lambda: complete(small_graph(seed=3, dtype=torch.float64)),
]


def test_four_relations_and_two_hops_make_21_paths():
    graph = four_relations()
    paths = metapaths(graph.edge_types, "item", 2)
    assert len(paths) == len(set(paths)) == 1 + 4 + 16 == 21
    assert paths[0] == ()
    assert [len(p) for p in paths] == sorted(len(p) for p in paths)


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
@pytest.mark.parametrize("make", GRAPHS)
def test_paths_are_all_walks_that_fit(make, hops):
    graph = make()
    paths = metapaths(graph.edge_types, graph.target, hops)
    assert set(paths) == set(walks(graph.edge_types, graph.target, hops))
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
@pytest.mark.parametrize("make", GRAPHS)
def test_features_are_dense_products(make, hops):
    graph = make()
    schema = GraphSchema.of(graph)
    adjacency = {r: averaging(multiplicities(graph, r)) for r in graph.edge_types}
    found = path_features(graph, schema, hops)
    assert tuple(found) == blocks(schema, hops)
    for (path, modality), z in found.items():
        end = path[-1][0] if path else graph.target
        assert_near(z, walk(adjacency, path, features(graph[end], modality)), 1e-12)
    ends = [p[-1][0] if p else graph.target for p in walks(graph.edge_types, graph.target, hops)]
    assert len(found) == sum(len(schema.modalities[end]) for end in ends)


@pytest.mark.parametrize("make", GRAPHS)
def test_some_rows_equal_the_slice_of_all(make):
    graph = make()
    schema = GraphSchema.of(graph)
    rows = torch.tensor([5, 0, 8])
    every, some = path_features(graph, schema, 2), path_features(graph, schema, 2, rows)
    assert list(every) == list(some)
    for key, z in every.items():
        assert_near(some[key], z[rows], 1e-14)


@pytest.mark.parametrize("hops", [0, 1, 2])
@pytest.mark.parametrize("make", GRAPHS)
def test_logits_are_the_sum_over_blocks(make, hops):
    graph = make()
    schema = GraphSchema.of(graph)
    z = path_features(graph, schema, hops)
    rng = torch.Generator().manual_seed(1)
    weights = [torch.randn(x.size(1), 4, generator=rng) for x in z.values()]
    expected = sum(x @ w for x, w in zip(z.values(), weights, strict=True))
    assert_near(path_logits(graph, schema, hops, weights), expected, 1e-12)


def test_nan_of_missing_modalities_never_spreads():
    graph = small_graph()
    assert bool(graph["movie"].x_image.isnan().any())
    for z in path_features(graph, GraphSchema.of(graph), 2).values():
        assert bool(torch.isfinite(z).all())
