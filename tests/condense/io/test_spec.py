"""docs/format.md is complete: its own code reads and verifies our files without this package."""

from __future__ import annotations

import ast
import dataclasses
import re

import h5py
import numpy as np
import pytest
import scipy.sparse
import torch

from condense.data.condensed import CondensedGraph, Provenance
from condense.data.precision import rounded
from condense.io import save
from condense.io.schema import COMPACT, FORMAT, VERSION
from models.schema import features
from tests.support.files import edited
from tests.support.graphs import PROVENANCE, small_condensed, small_graph
from tests.support.names import names_of, renamed
from tests.support.paths import ROOT
from tests.support.sparse import two_guises
from tests.support.spreads import graph_with_spread

SPEC = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")


def function(name: str):
    """The function `name` of the specification's Python blocks, which import only plain libraries."""
    (block,) = [
        b for b in re.findall(r"```python\n(.*?)```", SPEC, re.DOTALL) if f"def {name}(" in b
    ]
    imports = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Import)]
    assert {alias.name for node in imports for alias in node.names} <= {
        "h5py",
        "json",
        "hashlib",
        "numpy",
    }
    assert "from " not in block
    namespace: dict = {}
    exec(compile(block, "docs/format.md", "exec"), namespace)
    return namespace[name]


def test_plain_h5py_reads_and_verifies_encoded_names(tmp_path):
    graph, path = small_graph(), tmp_path / "graph.h5"
    names = {name: name for group in names_of(graph) for name in group}
    names |= {
        "movie": "a/b",
        "actor": "%2F",
        "director": "100%",
        "features": "a:b.c",
        "text": ".\0",
    }
    save(path, graph := renamed(graph, names))
    got = function("read")(path)
    assert got["target"] == "a/b"
    assert list(got["nodes"]) == graph.node_types
    assert list(got["edges"]) == graph.edge_types
    np.testing.assert_array_equal(got["nodes"]["a/b"]["x_.\0"], graph["a/b"]["x_.\0"].numpy())
    assert function("verify")(path)


def test_plain_h5py_reads_and_verifies_a_spread(tmp_path):
    graph, path = graph_with_spread(3), tmp_path / "graph.h5"
    save(path, CondensedGraph(graph, PROVENANCE))
    got = function("read")(path)
    assert tuple(map(tuple, got["places"])) == graph.spread.places
    arrays = dict(graph.spread.arrays())
    assert list(got["spread"]) == list(arrays)
    for name, array in got["spread"].items():
        np.testing.assert_array_equal(array, arrays[name].numpy())
    assert function("verify")(path)
    with edited(path) as file:
        file["spread"]["rest"][0] += 1
    assert not function("verify")(path)


@pytest.mark.parametrize("condensed", [False, True])
def test_plain_h5py_reads_everything_in_order(tmp_path, condensed):
    path = tmp_path / "graph.h5"
    graph = small_condensed().graph if condensed else small_graph(weighted=True)
    save(path, small_condensed() if condensed else graph)
    got = function("read")(path)
    assert (got["name"], got["source"]) == ("small", "simulated")
    assert (got["target"], got["num_classes"]) == ("movie", 3)
    assert list(got["nodes"]) == graph.node_types == ["movie", "director", "actor"]
    assert list(got["edges"]) == graph.edge_types
    for node_type in graph.node_types:
        assert got["num_nodes"][node_type] == graph[node_type].num_nodes
    for part in ("nodes", "edges"):
        for key, arrays in got[part].items():
            assert list(arrays) == [name for name in graph[key] if name != "num_nodes"]
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, graph[key][name].numpy())
    movie = got["nodes"]["movie"]
    np.testing.assert_array_equal(
        np.where(movie["has_image"][:, None], movie["x_image"], 0),
        features(graph["movie"], "image").numpy(),
    )
    assert got.get("provenance") == (dataclasses.asdict(PROVENANCE) if condensed else None)


def test_plain_h5py_verifies_the_checksum(tmp_path):
    verify = function("verify")
    large = small_graph(num_target=5000, text_width=64)  # chunked
    for name, graph in (("a", small_graph()), ("b", small_condensed()), ("c", large)):
        save(tmp_path / name, graph)
        assert verify(tmp_path / name)
        with h5py.File(tmp_path / name, "a") as file:
            file["nodes/movie/x_text"][3, 2] += 1
        assert not verify(tmp_path / name)


def test_plain_libraries_read_and_verify_sparse_features(tmp_path):
    _, graph = two_guises()
    save(tmp_path / "sparse.h5", graph)
    movie = function("read")(tmp_path / "sparse.h5")["nodes"]["movie"]
    assert list(movie) == [name for name in graph["movie"] if name != "num_nodes"]
    x = scipy.sparse.csr_array(movie["x_text"], shape=graph["movie"].x_text.shape)
    np.testing.assert_array_equal(x.toarray(), graph["movie"].x_text.to_dense())
    assert function("verify")(tmp_path / "sparse.h5")
    with h5py.File(tmp_path / "sparse.h5", "a") as file:
        file["nodes/movie/x_text/indices"][3] += 1
    assert not function("verify")(tmp_path / "sparse.h5")


def test_plain_libraries_read_and_verify_eight_bits(tmp_path):
    generator = torch.Generator().manual_seed(0)
    graph = graph_with_spread(60, code=torch.randn(60, 1, generator=generator))
    graph["paper"].x_text = torch.randn(60, 2, generator=generator)
    graph, _ = rounded(graph, 8)
    save(tmp_path / "a", CondensedGraph(graph, PROVENANCE))
    got = function("read")(tmp_path / "a")
    np.testing.assert_array_equal(got["nodes"]["paper"]["x_text"], graph["paper"].x_text)
    np.testing.assert_array_equal(got["spread"]["code"], graph.spread.code)
    assert got["spread"]["code"].dtype == np.float32
    assert function("verify")(tmp_path / "a")
    with h5py.File(tmp_path / "a", "a") as file:
        file["nodes/paper/x_text/codes"][3] += 1
    assert not function("verify")(tmp_path / "a")
    del graph._global_store["spread"]
    save(tmp_path / "b", CondensedGraph(graph, PROVENANCE))
    assert "spread" not in function("read")(tmp_path / "b")
    assert function("verify")(tmp_path / "b")


def test_version_and_format_are_ours():
    assert f"Versions described: **{VERSION}**, and **{COMPACT}**" in SPEC
    assert f"`{FORMAT}`" in SPEC


def test_tables_list_every_provenance_key_and_every_root_attribute(tmp_path):
    keys = re.findall(r"^\| `(\w+)` \|", SPEC.split("### `/provenance`")[1], re.MULTILINE)
    assert keys == [field.name for field in dataclasses.fields(Provenance)]
    save(tmp_path / "a.h5", small_condensed())
    section = SPEC.split("### Attributes of `/`")[1].split("###")[0]
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(file.attrs)
