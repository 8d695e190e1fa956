"""Import of other tools' tensors as condensed graphs of a declared whole graph."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.errors import FileError, UserError
from condense.foreign import ForeignFiles, import_graph
from condense.foreign.tensor_file import sha256
from condense.inspecting.describe import describe, warnings
from condense.io import load_condensed, save
from tests.support.graphs import small_graph
from tests.support.products import products

SIZES = (40, 12, 28)
N = 8  # A tenth of 80: ⌊1.2⌋ of class 1, ⌊2.8⌋ of class 2, the rest of class 0.
Y = [1, 2, 2, 0, 0, 0, 0, 0]


def tensors() -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    a = torch.rand(N, N, generator=rng)
    return {
        "feat": torch.randn(N, 10, generator=rng),
        "adj": (a + a.T).fill_diagonal_(0) / 2,
        "label": torch.tensor(Y),
    }


def written(folder: Path, **changes: Any) -> dict[str, Path]:
    """The files of `tensors()`, some of them changed."""
    paths = {}
    for name, tensor in {**tensors(), **changes}.items():
        paths[name] = folder / f"{name}_set_0.1_1.pt"
        torch.save(tensor, paths[name])
    return paths


def srgm(folder: Path, **changes: Any) -> CondensedGraph:
    paths = written(folder, **changes)
    return import_graph(products(SIZES), ForeignFiles(paths["feat"], paths["adj"]))


def graphslim(folder: Path, **changes: Any) -> CondensedGraph:
    paths = written(folder, **changes)
    files = ForeignFiles(paths["feat"], paths["adj"], paths["label"])
    return import_graph(products(SIZES), files, "graphslim", seed=3, method="gcond")


def test_features_are_split_in_the_order_of_columns(tmp_path: Path) -> None:
    store = srgm(tmp_path).graph["product"]
    x = tensors()["feat"]
    assert torch.equal(store.x_text, x[:, :6])
    assert torch.equal(store.x_image, x[:, 6:])
    paths = written(tmp_path)
    files, turned = ForeignFiles(paths["feat"], paths["adj"]), {"image": 4, "text": 6}
    store = import_graph(products(SIZES), files, widths=turned).graph["product"]
    assert torch.equal(store.x_image, x[:, :4])
    assert torch.equal(store.x_text, x[:, 4:])


def test_labels_are_derived_or_read(tmp_path: Path) -> None:
    assert srgm(tmp_path).graph["product"].y.tolist() == Y
    reversed_labels = torch.tensor(Y).flip(0).int()
    assert graphslim(tmp_path, label=reversed_labels).graph["product"].y.tolist() == Y[::-1]


def test_provenance_states_what_is_known_and_what_is_unknown(tmp_path: Path) -> None:
    whole, condensed = products(SIZES), graphslim(tmp_path)
    provenance = condensed.provenance
    assert provenance.method == "foreign:graphslim:gcond"
    assert (provenance.seed, provenance.ratio, provenance.ratio_train) == (
        3,
        N / whole["product"].num_nodes,
        0.1,
    )
    assert provenance.dataset_hash == fingerprint(whole)
    assert provenance.source == "simulated"
    assert provenance.settings["features"] == "feat_set_0.1_1.pt"
    assert provenance.settings["labels_sha256"] == sha256(tmp_path / "label_set_0.1_1.pt")
    assert math.isnan(provenance.condense_seconds)
    assert provenance.device == "an unknown device"
    save(tmp_path / "x.h5", condensed)
    again = load_condensed(tmp_path / "x.h5")
    assert again.provenance == provenance
    lines = describe(again)
    assert "method   foreign:graphslim:gcond, seed 3, on an unknown device" in lines
    assert "seconds  unknown: it was condensed elsewhere" in lines
    assert "given    labels: label_set_0.1_1.pt" in lines
    assert srgm(tmp_path).provenance.settings["labels"] == "by class size, ratio 0.1"
    assert srgm(tmp_path).provenance.method == "foreign:srgm"


def test_sparse_and_dense_adjacencies_are_the_same_graph(tmp_path: Path) -> None:
    dense, sparse = srgm(tmp_path), srgm(tmp_path, adj=tensors()["adj"].to_sparse_coo())
    assert fingerprint(dense.graph) == fingerprint(sparse.graph)
    edges = dense.graph["product", "bought_with", "product"]
    assert edges.edge_index.size(1) == int((tensors()["adj"] > 0.01).sum())


def test_without_an_adjacency_there_are_no_edges(tmp_path: Path) -> None:
    paths = written(tmp_path)
    files = ForeignFiles(paths["feat"], None, paths["label"])
    edgeless = import_graph(products(SIZES), files, "graphslim")
    assert edgeless.graph["product", "bought_with", "product"].edge_index.shape == (2, 0)
    assert edgeless.provenance.edge_ratio == 0
    assert any("models learn from features alone" in line for line in warnings(edgeless))
    identity = graphslim(tmp_path, adj=torch.eye(N))
    assert fingerprint(identity.graph) == fingerprint(edgeless.graph)


def test_warnings(tmp_path: Path) -> None:
    assert warnings(srgm(tmp_path)) == []
    faint = warnings(srgm(tmp_path, adj=tensors()["adj"] * 0.006 / tensors()["adj"].max()))
    assert faint == [
        "the largest entry of the adjacency is 0.006: the graph is edgeless for any threshold above it, such "
        "as this one, 0.01; models learn from features alone"
    ]
    a = torch.full((N, N), 0.009)
    a[0, 1] = 0.45
    text = " ".join(warnings(srgm(tmp_path, adj=a)))
    assert "entries up to the threshold 0.01 held 52% of the adjacency's mass" in text
    assert "not symmetric" in text
    x = tensors()["feat"]
    (small,) = warnings(srgm(tmp_path, feat=torch.cat([x[:, :6] / 20, x[:, 6:]], dim=1)))
    assert "text features are 0.0" in small


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feat": torch.zeros(N, 9)}, "must have 10 columns, text:6 image:4"),
        ({"feat": torch.zeros(0, 10)}, "one row per node"),
        ({"feat": torch.zeros(N)}, "must be dense float [nodes, 10]"),
        ({"feat": torch.zeros(N, 10).long()}, "must be dense float [nodes, 10]"),
        ({"feat": torch.full((N, 10), torch.nan)}, "80 values that are not finite"),
        (
            {"feat": torch.zeros(999, 10), "adj": torch.zeros(999, 999)},
            "must not have more nodes than the whole graph",
        ),
        ({"adj": torch.zeros(N, N + 1)}, f"must be [{N}, {N}]"),
        ({"adj": torch.zeros(N - 1, N - 1)}, "give the --adj that belongs to --feat"),
        ({"adj": torch.full((N, N), torch.inf)}, "64 values that are not finite"),
        ({"adj": torch.eye(N).mul(torch.nan).to_sparse_coo()}, "not finite"),
        ({"adj": torch.zeros(N, N, dtype=torch.complex64)}, "complex64"),
        ({"label": torch.zeros(N + 1).long()}, f"must hold {N} integers"),
        ({"label": torch.zeros(N)}, f"must hold {N} integers"),
        ({"label": torch.tensor([*Y[1:], 3])}, "(got classes 0 … 3) must lie in 0 … 2"),
        ({"label": torch.tensor([*Y[1:], -1])}, "(got classes -1 … 2)"),
    ],
)
def test_tensors_that_do_not_fit(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        graphslim(tmp_path, **changes)
    assert message in str(refused.value)


def test_a_whole_graph_that_it_cannot_come_from(tmp_path: Path) -> None:
    paths = written(tmp_path)
    files = ForeignFiles(paths["feat"], paths["adj"])
    with pytest.raises(
        UserError, match=r"whole graph \(got 3 node types\) must have one node type"
    ):
        import_graph(small_graph(), files)
    two = products(SIZES)
    two["product", "viewed_with", "product"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    with pytest.raises(UserError, match=r"whole graph \(got 2 relations\) must have one relation"):
        import_graph(two, files)
    with pytest.raises(
        UserError, match=r"modalities \(got text:5 image:5\) are not the whole graph's"
    ):
        import_graph(products(SIZES), files, widths={"text": 5, "image": 5})
    with pytest.raises(UserError, match="do not fit the whole graph"):
        import_graph(products((140, 12, 28)), files)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "graphslim"}, "GraphSlim stores labels; give --label FILE"),
        ({"threshold": -1.0}, "threshold (got -1.0)"),
        ({"threshold": math.nan}, "threshold (got nan)"),
        ({"ratio": 0.0}, "ratio (got 0.0)"),
        ({"setting": "inductif"}, "inductif"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    paths = written(tmp_path)
    with pytest.raises(UserError) as refused:
        import_graph(products(SIZES), ForeignFiles(paths["feat"], paths["adj"]), **arguments)
    assert message in str(refused.value)


def test_files_that_are_missing(tmp_path: Path) -> None:
    paths = written(tmp_path)
    with pytest.raises(UserError, match="SR-GM's graphs have one; give --adj FILE"):
        import_graph(products(SIZES), ForeignFiles(paths["feat"]))
    nameless = tmp_path / "feat.pt"
    paths["feat"].rename(nameless)
    with pytest.raises(UserError, match=r"the name feat\.pt has none; give --ratio"):
        import_graph(products(SIZES), ForeignFiles(nameless, paths["adj"]))
    with pytest.raises(FileError, match=r"feat_set_0\.1_1\.pt is not a file"):
        import_graph(products(SIZES), ForeignFiles(paths["feat"], paths["adj"]))
