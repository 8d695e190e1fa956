"""Saved graphs load bit for bit, in the same order."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import h5py
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.errors import GraphError
from condense.io import data_digest, load, load_condensed, load_graph, save
from tests.support.graphs import PROVENANCE, small_condensed, small_graph
from tests.support.names import NASTY

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
NAMES |= st.sampled_from(NASTY) | st.text("%/:.\0", min_size=1, max_size=3)
TITLES = NAMES.filter(lambda name: "\0" not in name)


def assert_identical(got: MultimodalGraph, expected: MultimodalGraph) -> None:
    """Equal in every bit, every data type and every order."""
    assert type(got) is MultimodalGraph
    for key in ("target", "num_classes", "name", "source"):
        assert getattr(got, key) == getattr(expected, key)
    assert got.node_types == expected.node_types
    assert got.edge_types == expected.edge_types
    for key in (*expected.node_types, *expected.edge_types):
        names = [name for name in expected[key] if name != "num_nodes"]
        assert [name for name in got[key] if name != "num_nodes"] == names
        assert got[key].get("num_nodes") == expected[key].get("num_nodes")
        for name in names:
            a, b = got[key][name], expected[key][name]
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            # Bytes and not values: NaN differs from itself, and 0.0 equals −0.0.
            assert a.numpy().tobytes() == b.detach().contiguous().numpy().tobytes()


@st.composite
def graphs(draw: st.DrawFn) -> MultimodalGraph:
    """Condensed-style graphs with odd names, orders, widths, types, masks and empty relations."""
    rng = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    node_types = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    modalities = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    graph = MultimodalGraph()
    graph.target, graph.num_classes = draw(st.sampled_from(node_types)), draw(st.integers(2, 5))
    graph.name, graph.source = draw(TITLES), draw(st.sampled_from(["real", "simulated"]))
    for node_type in node_types:
        store = graph[node_type]
        store.num_nodes = n = draw(st.integers(1, 7))
        owned = draw(st.permutations(modalities))[draw(st.integers(0, len(modalities))) :]
        for modality in owned or modalities[: node_type == graph.target]:
            dtype = draw(st.sampled_from([torch.float16, torch.float32, torch.float64]))
            x = torch.randn(n, draw(st.integers(1, 4)), generator=rng).to(dtype)
            if draw(st.booleans()):
                store[f"has_{modality}"] = torch.rand(n, generator=rng) < 0.6
                x[~store[f"has_{modality}"]] = torch.nan
            store[f"x_{modality}"] = x
    target = graph[graph.target]
    target.y = torch.randint(graph.num_classes, (target.num_nodes,), generator=rng)
    if draw(st.booleans()):
        target.train_mask = torch.rand(target.num_nodes, generator=rng) < 0.5
        target.extra = torch.randint(-100, 100, (target.num_nodes, 2, 3), generator=rng).to(
            torch.int8
        )
    ends = st.sampled_from(node_types)
    for relation in draw(st.lists(st.tuples(ends, NAMES, ends), max_size=4, unique=True)):
        edges = draw(st.integers(0, 6))
        counts = [graph[relation[0]].num_nodes, graph[relation[2]].num_nodes]
        graph[relation].edge_index = torch.stack(
            [torch.randint(count, (edges,), generator=rng) for count in counts]
        )
        if draw(st.booleans()):
            graph[relation].edge_weight = torch.rand(edges, generator=rng) + 0.1
    return graph


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_random_graphs_come_back_bit_for_bit(graph):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.h5"
        save(path, CondensedGraph(graph, PROVENANCE))
        got = load(path)
        assert isinstance(got, CondensedGraph)
        assert got.provenance == PROVENANCE
        assert_identical(got.graph, graph)
        assert fingerprint(got.graph) == fingerprint(graph)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_whole_graph_comes_back(tmp_path, dtype):
    graph = small_graph(weighted=True, dtype=dtype)
    save(tmp_path / "whole.h5", graph)
    assert_identical(load(tmp_path / "whole.h5"), graph)
    assert [p.name for p in tmp_path.iterdir()] == ["whole.h5"]


def test_large_arrays_are_chunked_compressed_and_come_back(tmp_path):
    """Both arrays span several blocks: rows of features, and parts of the two rows of edge_index."""
    graph = small_graph()
    rng = torch.Generator().manual_seed(0)
    actor, edges = graph["actor"], 700_000
    actor.num_nodes = 5000
    actor.x_text = torch.randint(3, (5000, 130), generator=rng).float()
    index = torch.stack(
        [torch.randint(n, (edges,), generator=rng) for n in (graph["movie"].num_nodes, 5000)]
    )
    graph["movie", "features", "actor"].edge_index = index
    save(tmp_path / "large.h5", graph)
    assert_identical(load(tmp_path / "large.h5"), graph)
    with h5py.File(tmp_path / "large.h5") as file:
        for dataset in (file["nodes/actor/x_text"], file["edges/movie:features:actor/edge_index"]):
            assert dataset.compression == "gzip"
            assert dataset.shuffle
            assert 1 < dataset.size / torch.Size(dataset.chunks).numel() < 10
        assert file["edges/movie:features:actor/edge_index"].dtype == "int32"
        assert file["nodes/director/x_text"].chunks is None


def test_views_and_gradients_are_stored_as_plain_values(tmp_path):
    graph = small_graph()
    plain = graph["movie"].x_text.clone()
    wide = torch.zeros(plain.size(1), 2 * plain.size(0))
    wide[:, ::2] = plain.T
    graph["movie"].x_text = wide[:, ::2].T.requires_grad_()
    save(tmp_path / "view.h5", graph)
    got = load_graph(tmp_path / "view.h5")["movie"].x_text
    assert torch.equal(got, plain)
    assert not got.requires_grad


def test_saving_changes_nothing_in_the_graph(tmp_path):
    graph, same = small_graph(weighted=True), small_graph(weighted=True)
    save(tmp_path / "a.h5", graph)
    assert_identical(graph, same)


def test_loaders_return_what_they_promise(tmp_path):
    condensed = small_condensed()
    save(tmp_path / "c.h5", condensed)
    assert_identical(load_graph(tmp_path / "c.h5"), condensed.graph)
    assert_identical(load_condensed(tmp_path / "c.h5").graph, condensed.graph)


def test_data_digest_ignores_provenance_and_nothing_else(tmp_path):
    stages = [{"name": "cluster", "seconds": 9.75, "peak_bytes": 1}]
    slower = small_condensed(stages=stages)
    nudged = small_condensed()
    weight = nudged.graph["movie", "features", "actor"].edge_weight
    weight[0] = torch.nextafter(weight[0], weight[0] + 1)
    for name, graph in (("a", small_condensed()), ("b", slower), ("c", nudged)):
        save(tmp_path / name, graph)
    assert data_digest(tmp_path / "a") == data_digest(tmp_path / "b")
    assert data_digest(tmp_path / "a") != data_digest(tmp_path / "c")
    sums = []
    for name in "ab":
        with h5py.File(tmp_path / name) as file:
            sums.append(file.attrs["checksum"])
    assert sums[0] != sums[1]


def test_replaces_an_earlier_file_and_follows_a_link(tmp_path):
    save(tmp_path / "real.h5", small_graph(seed=1))
    (tmp_path / "link.h5").symlink_to("real.h5")
    save(tmp_path / "link.h5", small_graph(seed=2))
    assert (tmp_path / "link.h5").is_symlink()
    assert_identical(load(tmp_path / "real.h5"), small_graph(seed=2))


def test_nan_history_survives(tmp_path):
    save(tmp_path / "d.h5", small_condensed(history=[{"loss": float("nan")}], complete=False))
    provenance = load_condensed(tmp_path / "d.h5").provenance
    assert provenance.history[0]["loss"] != provenance.history[0]["loss"]
    assert provenance == dataclasses.replace(PROVENANCE, history=provenance.history, complete=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: setattr(g, "url", "x"), r"graph\.url \(got str\) is not an attribute of a graph"),
        (lambda g: setattr(g, "name", 3), r"graph\.name \(got 3\) must be a non-empty string"),
        (lambda g: setattr(g["\ud800"], "num_nodes", 1), r"the name '\\ud800' of a type"),
        (lambda g: g["movie"].update({"": g["movie"].y}), r"the name '' of an attribute"),
        (lambda g: g["movie"].update({"z": g["movie"].y.to(torch.complex64)}), r"z.* \(got complex64"),
        (lambda g: g["movie"].update({"x_text": g["movie"].x_text.bfloat16()}), r"x_text \(got bfloat16"),
        (lambda g: g["movie"].__delitem__("val_mask"), "val_mask"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_hold_is_named_and_nothing_is_written(tmp_path, change, message):
    graph = small_graph()
    change(graph)
    with pytest.raises(GraphError, match=message):
        save(tmp_path / "a.h5", graph)
    assert list(tmp_path.iterdir()) == []
