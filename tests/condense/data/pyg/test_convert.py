"""One graph in all guises that PyG's users give it becomes one graph, and what was changed is said."""

from __future__ import annotations

import copy
import logging
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data, HeteroData

from condense.budget import plan
from condense.data import from_pyg
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.pyg.convert import convert
from condense.errors import GraphError
from condense.io import load_graph, save
from condense.run import condense
from tests.support.graphs import small_graph

N = 24
RNG = torch.Generator().manual_seed(0)
X = (torch.rand(N, 4, generator=RNG) < 0.5).float()
X[:, 0] = 1.0  # No row and no column is empty, as far as the number of rows is inferred.
Y = torch.where(torch.arange(N) >= 22, -1, torch.arange(N) % 3)
EDGES = (torch.rand(N, N, generator=RNG) < 0.15).nonzero().T  # By source and destination.
ROWS = {
    "train": torch.arange(9),
    "val": torch.arange(9, 15),
    "test": torch.arange(15, 22),
}
RELATION = ("node", "links", "node")


def mask(rows: torch.Tensor) -> torch.Tensor:
    return torch.isin(torch.arange(N), rows)


def expected(weight: torch.Tensor | None = None) -> MultimodalGraph:
    graph = MultimodalGraph()
    node = graph["node"]
    node.num_nodes, node.x_features, node.y = N, X, Y
    for split, rows in ROWS.items():
        node[f"{split}_mask"] = mask(rows)
    graph[RELATION].edge_index = EDGES
    if weight is not None:
        graph[RELATION].edge_weight = weight
    graph.target, graph.num_classes, graph.name, graph.source = "node", 3, "mine", "real"
    return graph


class SparseMatrix:
    """As torch_sparse.SparseTensor offers itself; that library is not installed here."""

    def __init__(self, dense: torch.Tensor) -> None:
        self._dense = dense
        self.shape = dense.shape

    def to_torch_sparse_coo_tensor(self) -> torch.Tensor:
        return self._dense.to_sparse_coo()


def adjacency() -> torch.Tensor:
    """A with a 1 in [destination, source]."""
    dense = torch.zeros(N, N)
    dense[EDGES[1], EDGES[0]] = 1
    return dense


def read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


FEATURES = {
    "float32": X,
    **{str(t): X.to(t) for t in (torch.float64, torch.int64, torch.int16, torch.uint8)},
    "bool": X.bool(),
    "bfloat16": X.bfloat16(),
    "a parameter": torch.nn.Parameter(X.clone()),
    "a transposed view": X.T.contiguous().T,
    "numpy": X.numpy().astype(np.float64),
    "big-endian numpy": X.numpy().astype(">f4"),
    "unsigned numpy": read_only(X.numpy().astype(np.uint16)),
    "lists": X.int().tolist(),
    "COO": X.to_sparse_coo(),
    "CSR": X.to_sparse_csr(),
    "CSC": X.double().to_sparse_csc(),
    "scipy CSR": sp.csr_matrix(X.numpy()),
    "scipy array": sp.coo_array(X.numpy().astype(int)),
    "torch_sparse": SparseMatrix(X),
}
LABELS = {
    "int64": Y,
    "int32": Y.int(),
    "a column": Y[:, None],
    "a column of floats": Y[:, None].float(),
    "NaN where unknown": torch.where(Y < 0, torch.nan, Y.double())[:, None],
    "numpy": Y.numpy(),
    "a list": Y.tolist(),
    "one-hot": torch.nn.functional.one_hot(Y + 1)[:, 1:],
    "one-hot bool": torch.nn.functional.one_hot(Y + 1)[:, 1:].bool(),
    "from 1": torch.where(Y < 0, -1, Y + 1),
    "0, 5, 9": torch.where(Y < 0, -1, torch.tensor([0, 5, 9])[Y]),
    "-100 where unknown": torch.where(Y < 0, -100, Y),
}
STRUCTURES: dict[str, dict[str, Any]] = {
    "int64": {"edge_index": EDGES},
    "int32": {"edge_index": EDGES.int()},
    "numpy": {"edge_index": EDGES.numpy()},
    "lists": {"edge_index": EDGES.tolist()},
    "pairs": {"edge_index": EDGES.T},
    "COO": {"adj_t": adjacency().to_sparse_coo()},
    "CSR": {"adj_t": adjacency().to_sparse_csr()},
    "CSC": {"adj_t": adjacency().long().to_sparse_csc()},
    "scipy": {"adj_t": sp.csr_matrix(adjacency().numpy())},
    "torch_sparse": {"adj_t": SparseMatrix(adjacency())},
    "the other way": {"adj": adjacency().T.to_sparse_csr()},
}
COLUMNS = torch.stack([mask(ROWS["test"]), mask(ROWS["train"])], dim=1)


def in_column(rows: torch.Tensor, chosen: int) -> torch.Tensor:
    columns = torch.zeros(N, 10, dtype=torch.bool)
    columns[:, chosen] = mask(rows)
    return columns


SPLITS: dict[str, tuple[dict[str, Any], Any]] = {
    "masks": ({f"{s}_mask": mask(r) for s, r in ROWS.items()}, None),
    "bytes": ({f"{s}_mask": mask(r).byte() for s, r in ROWS.items()}, None),
    "columns": ({f"{s}_mask": mask(r)[:, None] for s, r in ROWS.items()}, None),
    "numpy masks": ({f"{s}_mask": mask(r).numpy() for s, r in ROWS.items()}, None),
    "ten splits": ({f"{s}_mask": in_column(r, 0) for s, r in ROWS.items()}, None),
    "the fourth of ten": ({f"{s}_mask": in_column(r, 3) for s, r in ROWS.items()}, 3),
    "numbers as masks": ({f"{s}_mask": r for s, r in ROWS.items()}, None),
    "numbers": ({f"{s}_idx": r.int() for s, r in ROWS.items()}, None),
    "numpy numbers": ({f"{s}_idx": r.numpy() for s, r in ROWS.items()}, None),
    "as OGB": ({}, {"train": ROWS["train"], "valid": ROWS["val"], "test": ROWS["test"]}),
    "given masks": ({}, {s: mask(r) for s, r in ROWS.items()}),
    "of one type": ({}, {s: {"node": r.tolist()} for s, r in ROWS.items()}),
}
COUNTS: dict[str, dict[str, Any]] = {
    "inferred": {},
    "int": {"num_nodes": N},
    "numpy": {"num_nodes": np.int64(N)},
    "a tensor": {"num_nodes": torch.tensor(N)},
}


def build(kind: str, nodes: dict[str, Any], edges: dict[str, Any]) -> Data | HeteroData:
    if kind == "Data":
        data = Data()
        for key, value in {**nodes, **edges}.items():
            data[key] = value
        return data
    data = HeteroData()
    for key, value in nodes.items():
        data["node"][key] = value
    for key, value in edges.items():
        data[RELATION][key] = value
    return data


@given(
    st.sampled_from(["Data", "HeteroData"]),
    *[st.sampled_from(list(each)) for each in (FEATURES, LABELS, STRUCTURES, SPLITS, COUNTS)],
)
@settings(max_examples=60, deadline=None)
def test_every_guise_becomes_the_same_graph(kind, x, y, edges, split, count) -> None:
    masks, argument = SPLITS[split]
    nodes = {"x": FEATURES[x], "y": LABELS[y], **masks, **COUNTS[count]}
    data = build(kind, nodes, STRUCTURES[edges])
    assert fingerprint(from_pyg(data, split=argument)) == fingerprint(expected())


@pytest.mark.parametrize("kind", ["Data", "HeteroData"])
@pytest.mark.parametrize(
    ("table", "name"),
    [(table, name) for table in ("x", "y", "edges", "split", "count") for name in
     {"x": FEATURES, "y": LABELS, "edges": STRUCTURES, "split": SPLITS, "count": COUNTS}[table]],
)  # fmt: skip
def test_each_guise_alone(kind: str, table: str, name: str) -> None:
    chosen = {"x": "float32", "y": "int64", "edges": "int64", "split": "masks", "count": "inferred"}
    chosen[table] = name
    masks, argument = SPLITS[chosen["split"]]
    nodes = {"x": FEATURES[chosen["x"]], "y": LABELS[chosen["y"]], **masks}
    data = build(kind, {**nodes, **COUNTS[chosen["count"]]}, STRUCTURES[chosen["edges"]])
    before = copy.copy(data)
    converted = convert(data, split=argument)
    assert fingerprint(converted.graph) == fingerprint(expected())
    # Each change is said, and the argument is as it was.
    if name in ("bfloat16", "COO", "one-hot", "from 1", "int32", "ten splits", "numbers"):
        assert len(converted.changes + converted.details) > 1
    assert all(data[key] is before[key] for key in nodes if kind == "Data")


WEIGHT = torch.arange(EDGES.size(1)) % 3 + 1.0


@pytest.mark.parametrize(
    ("edges", "named"),
    [
        ({"edge_index": EDGES, "edge_weight": WEIGHT}, None),
        ({"edge_index": EDGES, "edge_weight": WEIGHT[:, None].int()}, None),
        ({"edge_index": EDGES, "edge_weight": WEIGHT.numpy()}, None),
        ({"edge_index": EDGES, "weight": WEIGHT.double()}, None),
        ({"edge_index": EDGES, "edge_attr": WEIGHT[:, None]}, "edge_attr"),
        ({"edge_index": EDGES, "cost": WEIGHT}, "cost"),
        (
            {
                "adj_t": torch.sparse_coo_tensor(
                    EDGES.flip(0), WEIGHT, (N, N), check_invariants=True
                )
            },
            None,
        ),
        (
            {
                "edge_index": torch.cat([EDGES, EDGES[:, :2]], dim=1),
                "edge_weight": torch.cat([WEIGHT, torch.zeros(2)]),
            },
            None,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["Data", "HeteroData"])
def test_weights(kind: str, edges: dict[str, Any], named: str | None) -> None:
    data = build(kind, {"x": X, "y": Y, **SPLITS["masks"][0]}, edges)
    assert fingerprint(from_pyg(data, edge_weight=named)) == fingerprint(expected(WEIGHT))


def test_other_attributes_of_edges_are_kept_and_said_to_be_unread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    edges = {"edge_index": EDGES, "edge_attr": WEIGHT, "edge_time": torch.zeros(3)}
    converted = convert(build("Data", {"x": X, "y": Y, **SPLITS["masks"][0]}, edges))
    assert "edge_weight" not in converted.graph[RELATION]
    assert torch.equal(converted.graph[RELATION].edge_attr, WEIGHT)
    said = " ".join(converted.changes)
    assert "edge_attr: kept, but no model" in said
    assert "say edge_weight='edge_attr'" in said
    assert "edge_time: left out" in said
    # Losses and choices are warnings, which Python shows by itself.
    assert {r.message for r in caplog.records if r.levelno == logging.WARNING} <= set(
        converted.changes
    )
    assert any("edge_attr" in r.message for r in caplog.records)


def test_modalities_by_attribute_by_column_and_by_type() -> None:
    nodes = {"x": torch.cat([X, X + 1], dim=1), "y": Y, **SPLITS["masks"][0]}
    data = build("Data", {**nodes, "pixels": X.numpy()}, {"edge_index": EDGES})
    one = from_pyg(data, "item", modalities={"text": "x", "image": "pixels"})
    assert one.target == "item"
    assert torch.equal(one["item"].x_text, nodes["x"])
    assert torch.equal(one["item"].x_image, X)
    assert one.edge_types == [("item", "links", "item")]
    two = from_pyg(data, modalities={"text": 4, "image": 4})["node"]
    assert torch.equal(two.x_text, X)
    assert torch.equal(two.x_image, X + 1)
    three = from_pyg(data, modalities={"node": {"text": "x"}})["node"]
    assert torch.equal(three.x_text, nodes["x"])
    for wrong, said in (
        ({"text": "pixel"}, "did you mean 'pixels'"),
        ({"nodes": {"text": "x"}}, "did you mean 'node'"),
        ({"text": 4, "image": 3}, "must have the 7 columns"),
        ({"text": 1.5}, "must map modalities to attributes or to numbers"),
    ):
        with pytest.raises(GraphError, match=said):
            from_pyg(data, modalities=wrong)


def hetero() -> HeteroData:
    """The small graph as PyG's users keep such graphs: unnamed features, counts left out."""
    small, data = small_graph(), HeteroData()
    for key in ("y", "train_mask", "val_mask", "test_mask"):
        data["movie"][key] = small["movie"][key]
    data["movie"].x, data["director"].x = small["movie"].x_text, small["director"].x_text
    for relation in small.edge_types:
        data[relation].edge_index = small[relation].edge_index
    return data


def test_types_without_attributes_and_the_one_with_labels() -> None:
    converted = convert(hetero())
    graph, small = converted.graph, small_graph()
    assert graph.target == "movie"
    assert set(graph.node_types) == {"movie", "director", "actor"}
    largest = int(small["movie", "features", "actor"].edge_index[1].max())
    assert graph["actor"].num_nodes == largest + 1
    assert any("['actor'].num_nodes" in change for change in converted.changes)
    data = hetero()
    data["director"].y = torch.zeros(10).long()
    assert from_pyg(data).target == "movie"  # The only labelled type with splits.
    data["director"].train_mask = torch.ones(10).bool()
    with pytest.raises(GraphError, match=r"got movie, director.*name it with target="):
        from_pyg(data)
    converted = convert(data, "movie")
    assert any("['director'].y: left out" in change for change in converted.changes)
    with pytest.raises(GraphError, match="did you mean 'movie'"):
        from_pyg(data, "movies")


def test_features_of_two_widths_that_would_meet_get_names_of_their_types() -> None:
    data = hetero()
    data["director"].x = torch.ones(10, 3)
    data["director", "knows", "actor"].edge_index = torch.zeros(2, 1, dtype=torch.long)
    graph = from_pyg(data)
    assert "x_movie_features" in graph["movie"]
    assert "x_director_features" in graph["director"]


def test_a_relation_for_each_edge_type() -> None:
    kinds = torch.arange(EDGES.size(1)) % 3
    nodes = {"x": X, "y": Y, **SPLITS["masks"][0]}
    graph = from_pyg(build("Data", nodes, {"edge_index": EDGES, "edge_type": kinds}))
    assert [r[1] for r in graph.edge_types] == ["type_0", "type_1", "type_2"]
    assert torch.equal(graph["node", "type_1", "node"].edge_index, EDGES[:, kinds == 1])


def test_a_graph_that_fits_already_is_not_changed() -> None:
    for graph in (small_graph(weighted=True), small_graph(dtype=torch.float16)):
        converted = convert(graph)
        assert fingerprint(converted.graph) == fingerprint(graph)
        assert converted.changes == converted.details == ()
        assert (converted.graph.name, converted.graph.source) == ("small", "simulated")
        assert converted.graph["movie"].x_text.data_ptr() == graph["movie"].x_text.data_ptr()


def test_from_data_to_a_file_and_a_condensed_graph(tmp_path) -> None:
    data = build("Data", {"x": X, "y": Y, **SPLITS["numbers"][0]}, {"edge_index": EDGES})
    graph = from_pyg(data, name="ours")
    save(tmp_path / "mine.h5", graph)
    assert fingerprint(load_graph(tmp_path / "mine.h5")) == fingerprint(graph)
    assert condense(graph, plan(graph, 0.3), "kmeans").graph["node"].num_nodes == 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": torch.ones(N, 3)}, r"multi-label classification\) are not supported"),
        ({"y": torch.rand(N)}, r"regression\) are not supported"),
        ({"y": ["a"] * N}, "number the classes"),
        ({"y": None}, "no type with labels y"),
        ({"x": [["a"]] * N}, "embed it first"),
        ({"x": torch.ones(N, 2).cfloat()}, "must hold real numbers"),
        ({"x": torch.full((N, 1), 1e300, dtype=torch.float64)}, "beyond the range of float32"),
        ({"x": torch.full((N, 1), torch.nan)}, "impute it"),
        ({"x": X[:-1]}, "one per node"),
        ({"num_nodes": -1}, "integer of at least 0"),
        ({"num_nodes": "x"}, "integer of at least 0"),
        ({"num_nodes": [3]}, "integer of at least 0"),
        ({"train_mask": torch.tensor([0, N])}, rf"got {N}\) must be numbers of nodes"),
        ({"train_mask": "all"}, "must be a mask or numbers of nodes"),
        ({"train_mask": torch.ones(N, dtype=torch.bool)}, "must not overlap"),
        ({"val_mask": None}, "set the three splits"),
        ({"train_mask": in_column(ROWS["train"], 0), "split": 10}, "must be a column of"),
    ],
)
@pytest.mark.parametrize("kind", ["Data", "HeteroData"])
def test_what_cannot_be_converted(kind: str, change: dict[str, Any], said: str) -> None:
    nodes = {"x": X, "y": Y, **SPLITS["masks"][0], **change}
    split = nodes.pop("split", None)
    with pytest.raises(GraphError, match=said):
        from_pyg(build(kind, nodes, {"edge_index": EDGES}), split=split)


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ({"edge_index": EDGES.float()}, r"must be integers \[2, edges\]"),
        ({"edge_index": "x"}, r"must be integers \[2, edges\]"),
        ({"edge_index": torch.tensor([[0], [N]])}, "drop the edge or add the node"),
        ({"edge_index": EDGES, "edge_weight": -torch.ones(EDGES.size(1))}, "positive"),
        ({"edge_index": EDGES, "edge_weight": torch.ones(3)}, "edge_weight"),
        ({"edge_weight": torch.ones(3)}, "set it, or adj_t"),
        ({"adj_t": torch.zeros(3)}, "must be a sparse matrix"),
        ({"adj_t": "x"}, "must be a sparse matrix"),
    ],
)
@pytest.mark.parametrize("kind", ["Data", "HeteroData"])
def test_edges_that_cannot_be_converted(kind: str, edges: dict[str, Any], said: str) -> None:
    with pytest.raises(GraphError, match=said):
        from_pyg(build(kind, {"x": X, "y": Y, **SPLITS["masks"][0]}, edges))


@pytest.mark.parametrize(
    ("value", "said"), [([1], r"such as dataset\[0\]"), (None, "from_networkx"), ("x", "PyG Data")]
)
def test_what_is_no_graph_of_pyg(value: Any, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        from_pyg(value)


@pytest.mark.parametrize("bad", ["", 3, None, "\ud800"])
def test_names_that_no_graph_can_have_are_refused(bad: Any) -> None:
    data = Data(x=torch.randn(4, 2), y=torch.tensor([0, 1, 0, 1]))
    for named in ({bad: "x"}, {bad: 2}, {"node": {bad: "x"}}):
        with pytest.raises(GraphError, match=r"^the name .* of a modality .*rename it"):
            from_pyg(data, modalities=named)
    hetero = HeteroData({"node": {"x": data.x, "y": data.y}})
    hetero["node"][3] = data.x
    with pytest.raises(GraphError, match=r"the name 3 of an attribute of graph\['node'\]"):
        from_pyg(hetero)
    if bad is not None:  # which stands for the usual name
        with pytest.raises(GraphError, match=r"^(the name|target) .*"):
            from_pyg(data, target=bad)


def test_wide_sparse_features_stay_sparse() -> None:
    """Also where they are cut into modalities; 20,000 × 1,200,000 would take 89 GiB when dense."""
    index = torch.tensor([[5, 0, 19_999], [7, 3, 1_199_999]])
    for layout in ("COO", "CSR"):
        wide = torch.sparse_coo_tensor(index, torch.tensor([2, 1, 3]), (20_000, 1_200_000))
        data = Data(x=wide.to_sparse_csr() if layout == "CSR" else wide)
        data.y = torch.arange(20_000) % 2
        data.edge_index = torch.zeros(2, 0, dtype=torch.long)
        split = {"train": torch.arange(4), "val": torch.arange(4, 6), "test": torch.arange(6, 9)}
        whole = from_pyg(data, split=split)
        (name,) = whole.node_types
        x = whole[name].x_features
        assert x.layout == torch.sparse_csr
        assert x.values().tolist() == [1, 2, 3]
        cut = from_pyg(data, split=split, modalities={"a": 5, "b": 1_199_995})[name]
        assert cut.x_a.layout == torch.strided
        assert cut.x_a[0].tolist() == [0, 0, 0, 1, 0]
        assert cut.x_b.col_indices().tolist() == [2, 1_199_994]
