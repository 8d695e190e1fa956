"""HGNN-IMA against its paper's equations, node by node, neighbour by neighbour, head by head."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from models.hgnn_ima import inter_modal
from models.hgnn_ima.model import ABLATIONS, HGNNIMA, HGNNIMASettings, loss
from models.propagation.sparse import edge_weights
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH, HEADS, LAYERS = 6, 2, 2
DEPTH = WIDTH // HEADS
ROWS = torch.tensor([7, 3, 9, 0, 4])
NAMES = ("node", "modal", "nested", "aligned", "final")


def make_graph(weighted=True, price=False):
    """Film 9 lacks all modalities, 4 all but text; film 3 receives nothing, one actor has no edge."""
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    movie = graph["movie"]
    movie.has_text = torch.arange(12) != 9
    if price:
        movie.x_price = torch.randn(12, 1, generator=torch.Generator().manual_seed(5))
        movie.has_price = torch.tensor([i not in (2, 4, 9) for i in range(12)])
    graph["actor"].num_nodes += 1
    for relation in graph.edge_types:
        store = graph[relation]
        kept = store.edge_index[1] != 3
        if relation[2] == "movie":
            store.edge_index = store.edge_index[:, kept]
            if "edge_weight" in store:
                store.edge_weight = store.edge_weight[kept]
    return graph


def without_edges():
    graph = make_graph(weighted=False)
    for relation in graph.edge_types:
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    return graph


def make_model(graph, layers=LAYERS, **settings):
    """In eval mode, with parameters large enough that attention is uneven."""
    settings = HGNNIMASettings(WIDTH, HEADS, layers, **settings)
    with seeded(1):
        model = HGNNIMA(GraphSchema.of(graph), settings)
        for parameter in model.parameters():
            parameter.data.normal_(std=0.35)
    return model.eval()


def neighbours(graph):
    """Node -> its in-neighbours as (edge, relation, source); an edge of weight w stands w times."""
    found = {(t, i): [] for t in graph.node_types for i in range(graph[t].num_nodes)}
    edge = 0
    for number, relation in enumerate(graph.edge_types):
        store = graph[relation]
        for e, (src, dst) in enumerate(store.edge_index.T.tolist()):
            copies = int(store.edge_weight[e]) if "edge_weight" in store else 1
            found[relation[2], dst] += copies * [(edge, number, (relation[0], src))]
            edge += 1
    return found


def has(graph, node, m):
    store = graph[node[0]]
    return f"x_{m}" in store and (f"has_{m}" not in store or bool(store[f"has_{m}"][node[1]]))


def linear(layer, x, rows=slice(None)):
    return layer.weight[rows] @ x + layer.bias[rows]


def softmax(values):
    strengths = [v.exp() for v in values]
    return [s / sum(strengths) for s in strengths]


def first(model, graph):
    """(1): node -> one vector a modality."""
    found = {}
    for node in neighbours(graph):
        own = {}
        for m in model.modalities:
            if has(graph, node, m):
                key = f"{node[0]}:{m}"
                x = graph[node[0]][f"x_{m}"][node[1]]
                own[m] = model.encode.weight[key] @ x + model.encode.bias[key]
        found[node] = [own.get(m, stand_in(model, node, m, own)) for m in model.modalities]
    return found


def stand_in(model, node, m, own):
    """For modality m, which the node lacks."""
    if model.settings.missing == "zeros":
        return torch.zeros(WIDTH)
    if model.settings.missing == "learnt":
        return model.bare[f"{node[0]}:{m}"]
    return sum(own.values()) / len(own) if own else model.bare[f"{node[0]}:"]


def nested(influence, m, alpha, keys, queries):
    """(4)–(6) for influenced modality m: λ [j][m'] or None, and β [j].

    Args:
        influence: see `models.hgnn_ima.inter_modal.Influence`.
        m: the influenced modality.
        alpha: [m'][j].
        keys: of each neighbour, by m', times W^MODAL.
        queries: of the node, by m'.
    """
    each, modalities = range(len(keys)), range(len(queries))
    if influence == "own":
        return None, alpha[m]
    if influence == "mean":
        return None, [sum(alpha[k][j] for k in modalities) / len(queries) for j in each]
    asked = [queries[m] if influence == "influenced" else queries[k] for k in modalities]
    s = [[keys[j][k] @ asked[k] / math.sqrt(DEPTH) for k in modalities] for j in each]
    if influence == "node":
        s = [[sum(s[j][k] for j in each) / len(keys) for k in modalities] for _ in each]
    lam = [softmax(x) for x in s]  # (5)
    return lam, softmax([sum(lam[j][k] * alpha[k][j] for k in modalities) for j in each])  # (6)


def aggregate(conv, near, h, i, head):
    """(2)–(10) for one node and head: the summed messages of each modality, and the attentions."""
    part = slice(head * DEPTH, (head + 1) * DEPTH)
    later = slice(WIDTH + head * DEPTH, WIDTH + (head + 1) * DEPTH)  # l^M follows l^K.
    each, modalities = range(len(near)), range(len(h[i]))
    g, modal_keys, messages = [], [], []
    queries = [linear(conv.query[f"{i[0]}:"], x, part) for x in h[i]]
    for _, relation, j in near:
        w_node, w_modal, w_msg = conv.maps[relation, :, head]
        source = conv.source[f"{j[0]}:"]
        keys = [linear(source, x, part) for x in h[j]]
        pairs = zip(keys, queries, strict=True)
        g.append([key @ w_node @ query / math.sqrt(DEPTH) for key, query in pairs])
        modal_keys.append([key @ w_modal for key in keys])
        messages.append([linear(source, x, later) @ w_msg for x in h[j]])
    alpha = [softmax([g[j][m] for j in each]) for m in modalities]  # (3)
    spread = [
        sum((g[j][m1] - g[j][m2]).abs() for m1, m2 in product(modalities, repeat=2)) for j in each
    ]
    sign = 1 if conv.alignment == "printed" else -1
    bar = softmax([sign * x for x in spread])  # (8)
    found = []  # Of each influenced modality.
    for m in modalities if conv.influence in ("own", "influenced") else [0]:
        lam, beta = nested(conv.influence, m, alpha, modal_keys, queries)
        off = conv.alignment == "off"
        found.append((lam, beta, beta if off else softmax([beta[j] * bar[j] for j in each])))
    gathered = []
    for m in modalities:
        tilde = found[min(m, len(found) - 1)][2]  # (9)
        gathered.append(sum((tilde[j] * messages[j][m] for j in each), torch.zeros(DEPTH)))
    attentions = [
        (
            [a[j] for a in alpha],
            [[lam[j][m] if lam else math.nan for lam, _, _ in found] for m in modalities],
            [beta[j] for _, beta, _ in found],
            bar[j],
            [tilde[j] for _, _, tilde in found],
        )
        for j in each
    ]
    return gathered, attentions


def propagate(conv, graph, h):
    """(2)–(11): the next h, and (edge, head) -> the attentions named `NAMES`."""
    found, seen = {}, {}
    for i, near in neighbours(graph).items():
        heads = []
        for head in range(HEADS):
            gathered, attentions = aggregate(conv, near, h, i, head)
            heads.append(gathered)
            for (edge, _, _), values in zip(near, attentions, strict=True):
                seen[edge, head] = values  # Equal for all copies of an edge.
        moved = [torch.cat(parts) for parts in zip(*heads, strict=True)]
        added = [linear(conv.output[f"{i[0]}:"], x.sigmoid()) for x in moved]
        found[i] = [a + x for a, x in zip(added, h[i], strict=True)]
    return found, seen


def run(model, graph):
    """h^(K) of all nodes and each layer's attentions."""
    h, attentions = first(model, graph), []
    for conv in model.convs:
        h, seen = propagate(conv, graph, h)
        attentions.append(seen)
    return h, attentions


def fused(model, own):
    """(12)–(14)."""
    delta = softmax([linear(model.score[2], linear(model.score[0], x).tanh())[0] for x in own])
    return sum(d * x for d, x in zip(delta, own, strict=True))


def stacked(seen, position):
    """[e, …, heads] out of (edge, head) -> attentions."""
    values = torch.stack([torch.as_tensor(seen[key][position]) for key in sorted(seen)])
    return values.unflatten(0, (-1, HEADS)).movedim(1, -1)


def by_type(graph, h):
    return {
        t: torch.stack([torch.stack(h[t, i]) for i in range(graph[t].num_nodes)])
        for t in graph.node_types
    }


def assert_whole_model(model, graph):
    """All layers' attentions, h^(K) and the logits."""
    inputs = model.prepare(graph, ROWS)
    (last, expected), (found, attentions) = run(model, graph), model.propagate(inputs)
    assert_near(found, by_type(graph, last)["movie"][ROWS], 1e-9)
    # Without edges there is no attention to report.
    for mine, theirs in zip(attentions, [x for x in expected if x], strict=True):
        for position, name in enumerate(NAMES):
            got = getattr(mine, name)
            if got is not None:
                assert_near(got, stacked(theirs, position), 1e-9)
    logits = [linear(model.head, fused(model, last["movie", i])) for i in ROWS.tolist()]
    assert_near(model(inputs), torch.stack(logits), 1e-9)


VARIANTS = [
    {"alignment": "printed"},
    *ABLATIONS.values(),
    {"influence": "own", "alignment": "off"},
    {"missing": "zeros"},
    {"missing": "learnt"},
    {"layers": 0},
    {"layers": 1},
]


@pytest.mark.parametrize(
    ("weighted", "price", "settings"),
    [
        *((w, p, {}) for w in (False, True) for p in (False, True)),
        *((True, True, v) for v in VARIANTS),
    ],
    ids=str,
)
@torch.no_grad()
def test_attentions_and_logits_are_their_equations(weighted, price, settings):
    graph = make_graph(weighted, price)
    model = make_model(graph, **settings)
    assert len(model.modalities) == 2 + price
    assert_whole_model(model, graph)


@torch.no_grad()
def test_a_layer_is_its_equations_at_all_nodes():
    graph = make_graph()
    model = make_model(graph)
    inputs = model.prepare(graph, ROWS)
    h = first(model, graph)
    got, _ = model.convs[0](by_type(graph, h), inputs.edges)
    expected, _ = propagate(model.convs[0], graph, h)
    for node_type, x in by_type(graph, expected).items():
        assert_near(got[node_type], x, 1e-9)


def test_what_is_computed_twice_is_the_same(monkeypatch):
    """Logits and their gradients, with and without keeping what edges carry."""
    graph = make_graph()
    model = make_model(graph)
    found = []
    for kept in (2**17, 0):
        monkeypatch.setattr(inter_modal, "KEPT", kept)
        logits = model(model.prepare(graph, ROWS))
        slopes = torch.autograd.grad(
            logits.square().sum(),
            list(model.convs.parameters()),
            allow_unused=True,
            materialize_grads=True,
        )
        found.append(torch.cat([logits.detach().flatten(), *(x.flatten() for x in slopes)]))
    assert_near(*found, 1e-12)


@torch.no_grad()
def test_model_without_edges_is_its_equations():
    graph = without_edges()
    assert_whole_model(make_model(graph), graph)


def averaged_loss(model, graph, y, weight):
    """(16) + (7) with means over parallel edges and heads, and `weight` over rows."""
    last, attentions = run(model, graph)
    count, cross = len(model.modalities), 0.0
    alone = model.settings.individual_loss
    for row, i in enumerate(ROWS.tolist()):
        own = last["movie", i]
        for z in (fused(model, own), *own) if alone else (fused(model, own),):
            logs = torch.stack(softmax(list(linear(model.head, z)))).log()
            cross = cross - weight[row] * (y[row] @ logs) / (1 + count if alone else 1)
    if model.settings.attention_loss == "off":
        return cross
    listed = [edge for near in neighbours(graph).values() for edge in near]
    spent = 0.0
    for (edge, _, source), seen, head in product(listed, attentions, range(HEADS)):
        lacked = [k for k, m in enumerate(model.modalities) if not has(graph, source, m)]
        shares = [sum(seen[edge, head][1][k]) / len(seen[edge, head][1][k]) for k in lacked]
        spent = spent + sum(shares) / HEADS
    # Printed, both terms are sums, here over len(ROWS) labelled nodes.
    over = len(ROWS) if model.settings.attention_loss == "printed" else max(len(listed), 1)
    return cross + spent / (over * LAYERS * count)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("make", [make_graph, lambda: make_graph(price=True), without_edges])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"influence": "influenced"},
        {"attention_loss": "printed"},
        {"attention_loss": "off"},
        {"individual_loss": False},
    ],
    ids=str,
)
def test_loss_and_its_gradient_are_those_of_the_equations(settings, make, soft):
    graph = make()
    model, rng = make_model(graph, **settings), torch.Generator().manual_seed(0)
    weight = torch.rand(len(ROWS), generator=rng)
    weight = weight / weight.sum()
    labels = torch.randint(3, (len(ROWS),), generator=rng)
    if soft:
        labels = torch.rand(len(ROWS), 3, generator=rng).softmax(dim=1)
    got = loss(model, model.prepare(graph, ROWS), labels, weight)
    y = labels if soft else torch.eye(3)[labels]
    expected = averaged_loss(model, graph, y, weight)
    assert_near(got.detach(), expected.detach(), 1e-9)
    slopes = [
        torch.autograd.grad(x, list(model.parameters()), allow_unused=True, materialize_grads=True)
        for x in (got, expected)
    ]
    assert_near(*(torch.cat([x.flatten() for x in slope]) for slope in slopes), 1e-9)


def test_weights_below_one_leave_attention_as_even_as_weights_above():
    """However small all weights are: no parallel edge gets more than e times another's attention."""
    graph = small_graph(weighted=True, dtype=torch.float64)
    for relation in graph.edge_types:
        graph[relation].edge_weight = 1e-4 * edge_weights(graph, relation)
    with seeded(0):
        model = HGNNIMA(GraphSchema.of(graph), HGNNIMASettings(hidden=16)).eval()
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter))
    inputs = model.prepare(graph, torch.arange(40))
    for attention in model.propagate(inputs)[1]:
        for share in (attention.nested, attention.final):
            for node in inputs.edges.destination.unique():
                mine = share[inputs.edges.destination == node]
                assert bool((mine.amax(0) <= math.e * mine.amin(0) * (1 + 1e-9)).all())
        total = torch.zeros(70, 8).index_add_(
            0,
            inputs.edges.destination,
            attention.final.squeeze(1) * inputs.edges.weight.unsqueeze(1),
        )
        assert bool(((total - 1).abs() < 1e-9)[total > 0].all())
