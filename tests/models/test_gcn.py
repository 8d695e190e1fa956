"""GCN against PyG on one relation, and against dense matrices on several types."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import GCNConv

from condense.data.graph import MultimodalGraph
from models.gcn import GCN, GCNSettings
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionOperator
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
DIRECTED, REV_DIRECTED = ("movie", "by", "director"), ("director", "rev_by", "movie")
FEATURES, REV_FEATURES = ("movie", "has", "actor"), ("actor", "rev_has", "movie")
WRITES, WRITTEN = ("author", "writes", "paper"), ("paper", "rev_writes", "author")
AT, HOLDS = ("paper", "at", "conference"), ("conference", "rev_at", "paper")


def one_type(relations=1, weighted=True, seed=0):
    """Directed relations among ten items, with repeated edges; item 9 has no edges."""
    rng = torch.Generator().manual_seed(seed)
    graph = MultimodalGraph()
    graph["item"].num_nodes = 10
    graph["item"].x_text = torch.randn(10, 4, generator=rng)
    for number in range(relations):
        edges = torch.randint(9, (2, 30), generator=rng)
        store = graph["item", f"r{number}", "item"]
        # PyG takes a self-loop that is there in place of its own; ours is added to it.
        store.edge_index = edges[:, edges[0] != edges[1]]
        if weighted:
            count = store.edge_index.size(1)
            store.edge_weight = torch.rand(count, generator=rng) + 0.5
    graph.target, graph.num_classes = "item", 3
    return graph


def bibliography():
    """Authors write papers, papers stand at conferences; both pairs each other's transpose."""
    rng = torch.Generator().manual_seed(0)
    graph = MultimodalGraph()
    for name, count in (("author", 6), ("paper", 8), ("conference", 3)):
        graph[name].num_nodes = count
    graph["author"].x_text = torch.randn(6, 2, generator=rng)
    for relation, back, density in ((WRITES, WRITTEN, 0.4), (AT, HOLDS, 0.5)):
        size = graph[relation[0]].num_nodes, graph[relation[2]].num_nodes
        edges = (torch.rand(size, generator=rng) < density).nonzero().T
        graph[relation].edge_index, graph[back].edge_index = edges, edges.flip(0)
    graph.target, graph.num_classes = "author", 2
    return graph


def make_model(graph, **settings):
    with seeded(0):
        model = GCN(GraphSchema.of(graph), GCNSettings(hidden=5, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def operator(graph, hops=4):
    """What `UnionOperator` does to the unit vectors, and the meta-paths it takes."""
    found = UnionOperator(graph, GraphSchema.of(graph), hops, torch.device("cpu"))
    return found @ torch.eye(graph[graph.target].num_nodes), found.adjacency.paths


def dense_operator(graph, paths):
    """D^{-1/2} (I + Σ_p A_p) D^{-1/2}, where each node between shares out its edge by multiplicity."""
    total = torch.eye(graph[graph.target].num_nodes)
    for path in paths:
        joined = multiplicities(graph, path[0])
        for relation in path[1:]:
            a = multiplicities(graph, relation)
            joined = joined @ (a / a.sum(dim=1, keepdim=True).clamp_min(1e-300))
        total = total + joined
    scale = total.sum(dim=1) ** -0.5
    return scale[:, None] * total * scale


@pytest.mark.parametrize("weighted", [False, True])
def test_on_one_relation_it_is_two_layers_of_pyg(weighted):
    graph = one_type(weighted=weighted)
    model = make_model(graph)
    # Only PyG's bias is added after the propagation.
    model.fusion.bias["item:"].data.zero_()
    inner, outer = GCNConv(4, 5), GCNConv(5, 3)
    inner.lin.weight.data = model.fusion.weight["item:text"].data
    inner.bias.data.zero_()
    outer.lin.weight.data, outer.bias.data = model.head.weight.data, model.head.bias.data
    store = graph["item", "r0", "item"]
    edges = store.edge_index, store.get("edge_weight")
    expected = outer(inner(graph["item"].x_text, *edges).relu(), *edges)
    rows = torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


def test_operator_of_one_type_adds_up_its_relations():
    graph = one_type(relations=3)
    found, paths = operator(graph)
    assert len(paths) == 3
    total = torch.eye(10) + sum(multiplicities(graph, r) for r in graph.edge_types)
    degree = total.sum(dim=1)
    assert_near(found, total / (degree[:, None] * degree).sqrt(), 1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_operator_of_several_types_joins_by_shared_neighbours(weighted):
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    graph["actor"].num_nodes += 1
    joined = torch.eye(12)
    for name, other in (("directed_by", "director"), ("features", "actor")):
        out = multiplicities(graph, ("movie", name, other))  # [other, movie]
        back = multiplicities(graph, (other, f"rev_{name}", "movie"))  # [movie, other]
        for i in range(12):
            for k in range(graph[other].num_nodes):
                for j in range(12):
                    if out[k, j].item():
                        joined[i, j] += back[i, k] * out[k, j] / out[k].sum()
    degree = joined.sum(dim=1)
    found, _ = operator(graph)
    assert_near(found, joined / (degree[:, None] * degree).sqrt(), 1e-13)
    assert_near(found, found.T, 1e-14)
    # Sharing out changes no row sum: the degree is one and the weight of all in-edges.
    pairs = (("director", "rev_directed_by", "movie"), ("actor", "rev_features", "movie"))
    assert_near(degree, 1 + sum(multiplicities(graph, r).sum(dim=1) for r in pairs), 1e-13)


def test_operator_of_longer_paths():
    graph = bibliography()
    for hops, count in ((2, 1), (4, 2)):
        found, paths = operator(graph, hops)
        assert len(paths) == count
        assert_near(found, dense_operator(graph, paths), 1e-13)
    short, _ = operator(graph, 2)
    assert_near(short, short.T, 1e-14)


def test_a_direction_that_has_no_way_back_is_kept():
    graph = one_type()
    found, _ = operator(graph)
    assert not torch.allclose(found, found.T)
    assert found[9].count_nonzero() == found[:, 9].count_nonzero() == 1
    assert found[9, 9] == 1


def dense_logits(model, graph, s):
    movie, weight = graph["movie"], model.fusion.weight
    lacks = ~movie.has_image[:, None]
    h = s @ (
        movie.x_text @ weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ weight["movie:image"].T
        + lacks * model.fusion.missing["movie:image"]
        + model.fusion.bias["movie:"]
    )
    for layer in model.hidden:
        h = s @ (h.clamp_min(0) @ layer.weight.T + layer.bias)
    if model.settings.layers > 1:
        h = s @ h.clamp_min(0)
    return h @ model.head.weight.T + model.head.bias


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_logits_and_gradients_are_those_of_dense_products(layers):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, layers=layers), torch.tensor([11, 4, 0])
    assert len(model.hidden) == max(layers - 2, 0)
    s = dense_operator(graph, returning_paths(graph.edge_types, "movie", 2))
    got, expected = model(model.prepare(graph, rows)), dense_logits(model, graph, s)[rows]
    assert_near(got.detach(), expected.detach(), 1e-12)
    slopes = []
    for logits in (got, expected):
        loss = torch.nn.functional.cross_entropy(logits, graph["movie"].y[rows])
        # The dense computation leaves out the stand-in for text, which no film lacks.
        parameters = list(model.parameters())
        slopes.append(torch.autograd.grad(loss, parameters, materialize_grads=True))
    assert_near(*(torch.cat([x.flatten() for x in slope]) for slope in slopes), 1e-12)


def test_learned_shares_weigh_the_means_over_paths():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, paths="learned"), torch.tensor([11, 4, 0])
    paths = returning_paths(graph.edge_types, "movie", 2)
    assert model.shares is not None
    assert model.shares.shape == (2, 1 + len(paths))
    with torch.no_grad():
        model.shares.copy_(torch.randn_like(model.shares) / 10)
    operators = [torch.eye(12)]
    for path in paths:
        mean = torch.eye(12)
        for relation in path:
            step = multiplicities(graph, relation)
            mean = mean @ (step / step.sum(dim=1, keepdim=True).clamp_min(1e-30))
        operators.append(mean)
    stacked = torch.stack(operators)
    first, second = (
        torch.einsum("p,pij->ij", (10 * share).softmax(0), stacked) for share in model.shares
    )
    features, count, _, _ = model.prepare(graph, rows)
    x = model.fusion(features, {"movie": count})["movie"]
    expected = model.head((second @ (first @ x).clamp_min(0))[rows])
    assert_near(model(model.prepare(graph, rows)).detach(), expected.detach(), 1e-12)


def test_returning_paths_meet_the_target_at_both_ends_only():
    films = (DIRECTED, REV_DIRECTED, FEATURES, REV_FEATURES)
    through = {(REV_DIRECTED, DIRECTED), (REV_FEATURES, FEATURES)}
    assert returning_paths(films, "movie", 0) == returning_paths(films, "movie", 1) == ()
    for hops in (2, 3, 4, 5):  # Beyond two hops a walk meets a second film first.
        assert set(returning_paths(films, "movie", hops)) == through

    papers = (WRITES, WRITTEN, AT, HOLDS)
    shared, venue = (WRITTEN, WRITES), (WRITTEN, HOLDS, AT, WRITES)
    assert returning_paths(papers, "author", 2) == (shared,)
    assert returning_paths(papers, "author", 3) == (shared,)
    assert returning_paths(papers, "author", 4) == (shared, venue)
    assert set(returning_paths(papers, "paper", 4)) == {(WRITES, WRITTEN), (HOLDS, AT)}

    items = tuple(("item", name, "item") for name in ("also_buy", "also_viewed"))
    for hops in (1, 2, 3):
        assert returning_paths(items, "item", hops) == tuple((r,) for r in items)
