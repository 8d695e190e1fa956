"""The fingerprint changes with the content and with nothing else."""

from __future__ import annotations

import copy

import pytest
import torch

from condense.data.fingerprint import BLOCK_BYTES, fingerprint, slabs
from condense.data.graph import MultimodalGraph
from condense.errors import GraphError
from tests.support.graphs import small_graph


def test_equal_content_gives_equal_fingerprints():
    assert fingerprint(small_graph(seed=3)) == fingerprint(small_graph(seed=3))


def test_permuted_test_labels_leave_it_and_permuted_training_labels_change_it():
    graph = small_graph()
    before = fingerprint(graph)
    for split, same in (("test_mask", True), ("train_mask", False)):
        other = copy.deepcopy(graph)
        movie = other["movie"]
        movie.y[movie[split]] = movie.y[movie[split]].roll(1)
        assert not torch.equal(movie.y, graph["movie"].y)
        assert (fingerprint(other) == before) is same


def test_rows_of_missing_modalities_do_not_count():
    graph = small_graph()
    before = fingerprint(graph)
    graph["movie"].x_image[~graph["movie"].has_image] = 7.0
    assert fingerprint(graph) == before
    graph["movie"].x_image[graph["movie"].has_image.nonzero()[0]] = 7.0
    assert fingerprint(graph) != before


def test_strides_do_not_count():
    graph = small_graph()
    before = fingerprint(graph)
    for key in ("x_text", "x_image"):
        graph["movie"][key] = graph["movie"][key].T.contiguous().T
    index = graph["movie", "features", "actor"].edge_index
    graph["movie", "features", "actor"].edge_index = torch.stack([index, index], dim=2)[:, :, 0]
    assert not graph["movie"].x_text.is_contiguous()
    assert fingerprint(graph) == before


def test_order_in_which_attributes_were_set_does_not_count():
    graph, other = small_graph(), small_graph()
    y = other["movie"].y
    del other["movie"].y
    other["movie"].y = y
    assert list(other["movie"].keys()) != list(graph["movie"].keys())
    assert fingerprint(other) == fingerprint(graph)


def _rebuilt(graph: MultimodalGraph, node_types: list[str], relations: list) -> MultimodalGraph:
    """`graph` with its types and relations in another order."""
    other = MultimodalGraph()
    for key in (*node_types, *relations):
        for name, value in graph[key].items():
            other[key][name] = value
    other.target, other.num_classes = graph.target, graph.num_classes
    other.name, other.source = graph.name, graph.source
    return other


def test_orders_that_seeds_follow_count():
    graph = small_graph()
    types, relations = graph.node_types, graph.edge_types
    before = fingerprint(graph)
    assert fingerprint(_rebuilt(graph, types, relations)) == before
    assert fingerprint(_rebuilt(graph, types[::-1], relations)) != before
    assert fingerprint(_rebuilt(graph, types, relations[::-1])) != before
    text = graph["movie"].x_text
    del graph["movie"].x_text
    graph["movie"].x_text = text  # now after image
    assert fingerprint(graph) != before


def _set(key, name, value):
    def change(graph):
        graph[key][name] = value(graph[key][name])

    return change


def _rename_relation(graph):
    graph["actor", "other", "movie"].edge_index = graph["actor", "rev_features", "movie"].edge_index
    del graph["actor", "rev_features", "movie"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_set("director", "x_text", lambda x: x.nextafter(x + 1)), id="last bit"),
        pytest.param(_set("director", "x_text", lambda x: x.double()), id="dtype"),
        pytest.param(_set("director", "x_text", lambda x: x.reshape(-1, 3)[:10]), id="shape"),
        pytest.param(_set("movie", "has_image", lambda m: ~m), id="mask"),
        pytest.param(_set("actor", "num_nodes", lambda n: n + 1), id="nodes without features"),
        pytest.param(_set(("movie", "features", "actor"), "edge_index", lambda e: e.flip(1)), id="edges"),
        pytest.param(_rename_relation, id="relation"),
        pytest.param(lambda graph: setattr(graph, "target", "director"), id="target"),
        pytest.param(lambda graph: setattr(graph, "num_classes", 4), id="classes"),
    ],
)  # fmt: skip
def test_any_other_change_counts(change):
    graph = small_graph()
    before = fingerprint(graph)
    if graph["director"].get("y") is None:  # a target needs labels to be hidden
        graph["director"].y = torch.zeros(10, dtype=torch.long)
        before = fingerprint(graph)
    change(graph)
    assert fingerprint(graph) != before


def test_name_and_source_do_not_count():
    graph = small_graph()
    before = fingerprint(graph)
    graph.name, graph.source = "other", "real"
    assert fingerprint(graph) == before


def test_unsupported_type_is_named():
    graph = small_graph(dtype=torch.bfloat16)
    with pytest.raises(GraphError, match=r"x_image \(got bfloat16.*convert it"):
        fingerprint(graph)


@pytest.mark.parametrize(
    "shape",
    [(7,), (3, 5), (1000, 700), (2, 600_000), (5, 3, 4), (0, 4), (2, 0), (BLOCK_BYTES + 3,)],
)
def test_slabs_visit_every_value_once_in_c_order(shape):
    values = torch.arange(torch.Size(shape).numel()).reshape(shape)
    pieces = [values[slab] for slab in slabs(shape, 8)]
    assert all(piece.numel() * 8 <= BLOCK_BYTES for piece in pieces)
    flat = torch.cat([piece.flatten() for piece in pieces]) if pieces else values.flatten()
    assert torch.equal(flat, values.flatten())
