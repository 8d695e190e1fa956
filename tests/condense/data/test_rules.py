"""Each rule is broken by a graph, and its message names the place, the value, the rule and the remedy."""

from __future__ import annotations

import pytest
import torch

from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.data.rules.nodes import ROWS
from condense.errors import GraphError
from tests.support.graphs import small_condensed, small_graph

EDGES = ("movie", "features", "actor")


def put(key, name, value):
    """Set attribute `name` of a type or relation (or of the graph, for None)."""

    def change(graph):
        new = value(graph) if callable(value) else value
        if key is None:
            setattr(graph, name, new)
        else:
            graph[key][name] = new

    return change


def drop(key, name):
    def change(graph):
        delattr(graph if key is None else graph[key], name)

    return change


def at(key, name, place, value):
    """Change one entry of a copy of an attribute."""

    def change(graph):
        graph[key][name] = graph[key][name].clone()
        graph[key][name][place] = value

    return change


def both(*changes):
    def apply(graph):
        for change in changes:
            change(graph)

    return apply


def unlink_class(graph):
    movie = graph["movie"]
    movie.train_mask = movie.train_mask & (movie.y != 1)


def without_modalities(graph):
    for name in ("x_text", "x_image", "has_image"):
        del graph["movie"][name]


def relation_to_nowhere(graph):
    graph["movie", "features", "actors"].edge_index = graph[EDGES].edge_index


ALL, NONE = torch.ones(40, dtype=torch.bool), torch.zeros(40, dtype=torch.bool)
NAN, INF = float("nan"), float("inf")

SETTINGS = [
    (drop(None, "target"), ("graph.target (got nothing)", "must be set", "set graph.target")),
    (drop(None, "num_classes"), ("graph.num_classes (got nothing)", "number of classes")),
    (drop(None, "name"), ("graph.name (got nothing)", "data set's name", "set graph.name")),
    (drop(None, "source"), ("graph.source (got nothing)", "'real' or 'simulated'")),
    (
        put(None, "url", "x"),
        (
            "graph.url (got str)",
            "is not an attribute",
            "target, num_classes, name, source",
            "delete",
        ),
    ),
    (
        put(None, "name", ""),
        ("graph.name (got '')", "must be a non-empty string", "set graph.name"),
    ),
    (put(None, "name", 3), ("graph.name (got 3)", "must be a non-empty string")),
    (put(None, "name", "a\0b"), (r"graph.name (got 'a\x00b')", "NUL")),
    (
        put(None, "source", "fake"),
        ("graph.source (got 'fake')", "'real' or 'simulated'", "set graph.source"),
    ),
    (
        put(None, "target", "movies"),
        ("graph.target (got 'movies')", "not a node type", "did you mean 'movie'"),
    ),
    (put(None, "num_classes", 1), ("graph.num_classes (got 1)", "at least 2", "int(y.max()) + 1")),
    (put(None, "num_classes", 3.0), ("graph.num_classes (got 3.0)", "integer")),
    (
        without_modalities,
        ("target type 'movie' (got no x_<modality>)", "at least one modality", "x_text"),
    ),
]


NAMES = [
    (
        put("a\ud800", "num_nodes", 1),
        (r"name 'a\ud800' of a type", r"(got '\ud800') is half of a surrogate", "rename it"),
    ),
    (
        put("movie", "x_\udc80", lambda g: g["movie"].x_text),
        (r"the name '\udc80' of a modality of graph['movie']", "Unicode", "encoding"),
    ),
    (
        put(("movie", 3, "actor"), "edge_index", lambda g: g[EDGES].edge_index),
        ("the name 3 of a type or relation (got int) must be text", "for example to '3'"),
    ),
    (put("movie", 3, ALL), ("the name 3 of an attribute of graph['movie'] (got int)", "'3'")),
    (put("", "num_nodes", 1), ("the name '' of a type or relation", "non-empty", "rename it")),
    (
        put(("movie", "", "actor"), "edge_index", lambda g: g[EDGES].edge_index),
        ("the name '' of a type or relation", "rename it"),
    ),
    (
        put("movie", "x_", lambda g: g["movie"].x_text),
        ("the name '' of a modality of graph['movie']", "non-empty", "rename it"),
    ),
    (put("movie", "", ALL), ("'' of an attribute of graph['movie']", "rename it")),
    (put(EDGES, "", ALL), ("'' of an attribute of graph[('movie', 'features', 'actor')]",)),
]

NODES = [
    (
        drop("actor", "num_nodes"),
        ("graph['actor'].num_nodes (got nothing)", "must be set", "set graph"),
    ),
    (put("actor", "num_nodes", -1), ("graph['actor'].num_nodes (got -1)", "at least 0")),
    (put("actor", "num_nodes", 2.0), ("graph['actor'].num_nodes (got 2.0)", "integer")),
    (
        put("movie", "x_text", torch.zeros(39, 6)),
        ("graph['movie'].x_text (got shape [39, 6])", "must have 40 rows", "give each node a row"),
    ),
    (put("movie", "extra", torch.tensor(1)), ("graph['movie'].extra (got shape [])", "40 rows")),
    (
        put("movie", "title", ["a"] * 40),
        ("graph['movie'].title (got list)", "must be a tensor", "delete"),
    ),
    (
        put("movie", "extra", torch.zeros(40, dtype=torch.complex64)),
        ("graph['movie'].extra (got complex64", "must be a dense tensor", "convert it"),
    ),
    (
        put("movie", "extra", torch.eye(40).to_sparse()),
        ("graph['movie'].extra (got float32, torch.sparse_coo)", "to_dense()"),
    ),
    (
        put("movie", "train_mask", ALL.long()),
        ("graph['movie'].train_mask (got int64 [40])", "bool", ".bool()"),
    ),
    (
        put("movie", "has_image", ALL[:, None]),
        ("graph['movie'].has_image (got bool [40, 1])", ".squeeze(1)"),
    ),
    (
        put("movie", "has_sound", ALL),
        ("graph['movie'].has_sound (got a mask alone)", "needs x_sound", "delete"),
    ),
    (
        put("movie", "x_text", torch.zeros(40)),
        ("graph['movie'].x_text (got float32 [40])", ".unsqueeze(1)"),
    ),
    (put("movie", "x_text", torch.zeros(40, 0)), ("x_text (got float32 [40, 0])", "width ≥ 1")),
    (put("movie", "x_text", torch.zeros(40, 2).long()), ("x_text (got int64 [40, 2])", ".float()")),
    (put("movie", "x_text", torch.zeros(40, 2).bfloat16()), ("x_text (got bfloat16", ".float()")),
    (
        at("movie", "x_text", (7, 2), NAN),
        ("graph['movie'].x_text[7, 2] (got nan)", "not finite (1 such rows)", "has_text to False"),
    ),
    (
        at("director", "x_text", (3, 0), -INF),
        ("graph['director'].x_text[3, 0] (got -inf)", "impute"),
    ),
    (at("movie", "x_image", (0, 1), INF), ("graph['movie'].x_image[0, 1] (got inf)", "has_image")),
    (put("movie", "has_image", ALL), ("graph['movie'].x_image[4, 0] (got nan)", "(8 such rows)")),
    (
        put("actor", "node_weight", torch.ones(20).long()),
        ("graph['actor'].node_weight (got int64 [20])", ".float()"),
    ),
    (
        put("actor", "node_weight", -torch.ones(20)),
        ("graph['actor'].node_weight[0] (got -1.0)", "not negative", "use 0"),
    ),
    (put("actor", "node_weight", torch.full((20,), NAN)), ("node_weight[0] (got nan)", "finite")),
    (
        put("movie", "node_weight", torch.ones(40, 1)),
        ("node_weight (got float32 [40, 1])", "[num_nodes]"),
    ),
    (
        put("actor", "origin", torch.ones(20)),
        ("graph['actor'].origin (got float32 [20])", ".long()"),
    ),
    (put("actor", "origin", torch.arange(20) - 2), ("graph['actor'].origin[0] (got -2)", "use −1")),
]

RELATIONS = [
    (
        relation_to_nowhere,
        ("('movie', 'features', 'actors')", "type 'actors'", "did you mean 'actor'"),
    ),
    (
        drop(EDGES, "edge_index"),
        ("graph[('movie', 'features', 'actor')].edge_index (got nothing)", "long [2, edges]"),
    ),
    (
        put(EDGES, "edge_index", lambda g: g[EDGES].edge_index.int()),
        ("graph[('movie', 'features', 'actor')].edge_index (got int32", "long [2, edges]"),
    ),
    (
        put(EDGES, "edge_index", torch.zeros(3, 4).long()),
        ("edge_index (got int64 [3, 4])", "set the source"),
    ),
    (
        at(EDGES, "edge_index", (1, 5), 20),
        (
            "graph[('movie', 'features', 'actor')].edge_index[1, 5] (got 20)",
            "0 … 19",
            "'actor'",
            "drop the edge",
        ),
    ),
    (
        at(EDGES, "edge_index", (0, 2), -1),
        ("edge_index[0, 2] (got -1)", "0 … 39", "'movie'", "add the node"),
    ),
    (
        put(EDGES, "edge_attr", torch.zeros(3)),
        ("'actor')].edge_attr (got shape [3])", "one per edge", "delete"),
    ),
    (put(EDGES, "kind", "x"), ("'actor')].kind (got str)", "one per edge")),
    (
        put(EDGES, "edge_weight", lambda g: torch.ones(g[EDGES].edge_index.size(1)).long()),
        ("'actor')].edge_weight (got int64", "must be float [edges]", ".float()"),
    ),
    *(
        (
            both(
                put(EDGES, "edge_weight", lambda g: torch.ones(g[EDGES].edge_index.size(1))),
                at(EDGES, "edge_weight", 3, value),
            ),
            (f"'actor')].edge_weight[3] (got {value})", "positive", "drop edges of weight 0"),
        )
        for value in (0.0, -1.5, NAN, INF)
    ),
]

LABELS = [
    (drop("movie", "y"), ("graph['movie'].y (got nothing)", "must be long", "each node's class")),
    (put("movie", "y", torch.zeros(40)), ("graph['movie'].y (got float32 [40])", ".long()")),
    (at("movie", "y", 5, 3), ("graph['movie'].y (got 3)", "−1 … 2", "raise num_classes")),
    (at("movie", "y", 5, -2), ("graph['movie'].y (got -2)", "−1 … 2", "use −1")),
]

SPLITS = [
    (
        drop("movie", "val_mask"),
        ("graph['movie'].val_mask (got nothing)", "bool", "set the three splits"),
    ),
    (
        put("movie", "test_mask", NONE),
        ("graph['movie'].test_mask (got no node)", "empty", "at least one"),
    ),
    (
        put("movie", "test_mask", lambda g: g["movie"].test_mask | g["movie"].val_mask),
        ("graph['movie'].val_mask and test_mask", "10 nodes in both, first 3", "one split"),
    ),
    (
        put("movie", "test_mask", lambda g: g["movie"].test_mask | (torch.arange(40) == 0)),
        ("graph['movie'].train_mask and test_mask", "1 nodes in both, first 0", "must not overlap"),
    ),
    (
        at("movie", "y", 12, -1),
        ("graph['movie'].y[12] (got −1)", "train_mask node without a label (1 of", "remove it"),
    ),
    (at("movie", "y", 3, -1), ("graph['movie'].y[3] (got −1)", "val_mask node without a label")),
    (unlink_class, ("class 1 of graph['movie'].train_mask (got no training node)", "move a node")),
    (
        put("movie", "y_soft", torch.full((40, 3), 1 / 3)),
        ("graph['movie'].y_soft (got float32 [40, 3])", "belongs to condensed graphs", "delete it"),
    ),
]

CONDENSED = [
    (at("movie", "y", 4, -1), ("graph['movie'].y[4] (got −1)", "label every node", "remove it")),
    (
        put("movie", "y_soft", torch.ones(12, 2) / 2),
        ("y_soft (got float32 [12, 2])", "[num_nodes, 3]", "per class"),
    ),
    (
        put("movie", "y_soft", torch.ones(12, 3)),
        (
            "graph['movie'].y_soft[0] (got [1.0, 1.0, 1.0])",
            "a distribution",
            "divide it by its sum",
        ),
    ),
    (
        at("movie", "y_soft", 5, torch.tensor([1.5, -0.5, 0.0])),
        ("graph['movie'].y_soft[5] (got [1.5, -0.5, 0.0])", "non-negative"),
    ),
    (
        at("movie", "y_soft", (2, 0), NAN),
        ("graph['movie'].y_soft[2] (got [nan, ", "a distribution"),
    ),
    (
        put("movie", "y_soft", torch.ones(12, 3).long()),
        ("y_soft (got int64 [12, 3])", "must be float"),
    ),
]


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        pytest.param(change, words, id=words[0])
        for change, words in SETTINGS + NAMES + NODES + RELATIONS + LABELS + SPLITS
    ],
)
def test_whole_graph_that_breaks_a_rule(change, fragments):
    graph = small_graph()
    change(graph)
    with pytest.raises(GraphError) as raised:
        check(graph, "whole")
    for fragment in fragments:
        assert fragment in str(raised.value)
    assert "; " in str(raised.value)  # The remedy follows.


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        pytest.param(change, words, id=words[0])
        for change, words in SETTINGS[:-1] + NAMES[:7] + LABELS[2:] + CONDENSED
    ],
)
def test_condensed_graph_that_breaks_a_rule(change, fragments):
    graph = small_condensed().graph
    change(graph)
    with pytest.raises(GraphError) as raised:
        check(graph, "condensed")
    for fragment in fragments:
        assert fragment in str(raised.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_good_whole_graphs_pass(dtype, weighted):
    check(small_graph(weighted=weighted, dtype=dtype), "whole")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda g: None, id="NaN where has_image is False"),
        pytest.param(at("movie", "y", 6, -1), id="unlabelled test node"),
        pytest.param(put(EDGES, "edge_index", torch.zeros(2, 0).long()), id="no edges"),
        pytest.param(put("studio", "num_nodes", 0), id="a type without nodes"),
        pytest.param(put("movie", "year", torch.arange(40)), id="another attribute"),
        pytest.param(put("movie", "x_größe", torch.ones(40, 1)), id="a name in Unicode"),
        pytest.param(put("actor", "node_weight", torch.zeros(20)), id="weight 0"),
        pytest.param(put("actor", "origin", torch.full((20,), -1)), id="no origin"),
    ],
)
def test_what_the_rules_allow(change):
    graph = small_graph()
    change(graph)
    check(graph, "whole")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_good_condensed_graphs_pass(dtype):
    graph = small_condensed().graph
    graph["movie"].y_soft = graph["movie"].y_soft.to(dtype)
    check(graph, "condensed")
    with pytest.raises(GraphError, match="y_soft"):
        check(graph, "whole")


@pytest.mark.parametrize("row", [0, ROWS - 1, ROWS, 2 * ROWS + 6])
def test_nan_is_found_in_every_block_of_rows(row):
    graph = small_graph()
    graph["studio"].num_nodes = 2 * ROWS + 7
    graph["studio"].x_text = torch.zeros(2 * ROWS + 7, 2)
    graph["studio"].x_text[row:, 1] = NAN
    with pytest.raises(GraphError, match=rf"x_text\[{row}, 1\].*\({2 * ROWS + 7 - row} such rows"):
        check(graph)


def test_checking_changes_nothing():
    graph, same = small_graph(), small_graph()
    check(graph)
    assert isinstance(graph, MultimodalGraph)
    for store, other in zip(graph.stores, same.stores, strict=True):
        assert list(store) == list(other)
        for key, value in store.items():
            if isinstance(value, torch.Tensor):
                assert torch.equal(value.nan_to_num(99), other[key].nan_to_num(99))
