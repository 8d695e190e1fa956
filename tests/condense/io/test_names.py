"""Names are stored so that HDF5 keeps them apart, and plain ones as they are."""

from __future__ import annotations

import re

import h5py
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from condense.errors import FileError, GraphError
from condense.io import load, save
from condense.io.names import decoded, encoded, joined, relation_key, relation_of
from condense.io.scan import TEXT
from tests.support.graphs import small_graph
from tests.support.names import NASTY, names_of, renamed

NAMES = st.text(min_size=1, max_size=6) | st.sampled_from(NASTY) | st.text("%/:.\0a2EF", min_size=1)


@given(NAMES)
def test_an_encoded_name_is_one_hdf5_name_and_decodes(name):
    stored = encoded(name)
    assert decoded(stored) == name
    assert not set(stored) & set("/:.\0")
    # Independently of the implementation: a "%" is always followed by the code of a forbidden character.
    back = re.sub("%(2F|3A|2E|00|25)", lambda m: chr(int(m[1], 16)), stored)
    assert back == name
    if not set(name) & set("%/:.\0"):
        assert stored == name


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
def test_relations_have_different_keys(one, other):
    assert relation_of(relation_key(one)) == one
    assert (relation_key(one) == relation_key(other)) is (one == other)
    assert joined(one) == relation_key(one)


@pytest.mark.parametrize("text", [".", "..", "a/b", "%2f", "%41", "%", "%E4", "a:b", "100%"])
def test_what_no_name_is_stored_as_is_refused(text):
    with pytest.raises(ValueError, match="is not an encoded name"):
        decoded(text)


@pytest.mark.parametrize("key", ["a:b", "a:b:c:d", "a", ""])
def test_a_relation_has_three_parts(key):
    with pytest.raises(ValueError, match="source:name:destination"):
        relation_of(key)


def test_version_1_decodes_nothing():
    assert decoded("%2F", version=1) == "%2F"
    assert decoded("a.b", version=1) == "a.b"
    assert relation_of("a%3A:100%:b", version=1) == ("a%3A", "100%", "b")


def test_the_file_holds_encoded_names_and_the_graph_the_real_ones(tmp_path):
    graph = small_graph()
    names = {name: name for group in names_of(graph) for name in group}
    names |= {"movie": "target", "actor": "a/b.c", "features": "100%:x", "text": "t.5"}
    graph, path = renamed(graph, names), tmp_path / "graph.h5"
    save(path, graph)
    with h5py.File(path) as file:
        assert list(file.attrs["node_types"]) == [b"target", b"director", b"a%2Fb%2Ec"]
        assert file.attrs["relations"][2] == b"target:100%25%3Ax:a%2Fb%2Ec"
        assert file["nodes/director/x_t%2E5"].shape == (10, 6)
        assert set(file["edges/target:100%25%3Ax:a%2Fb%2Ec"]) == {"edge_index"}
    again = load(path)
    assert again.node_types == ["target", "director", "a/b.c"]
    assert again.edge_types == graph.edge_types
    assert torch.equal(again["target"]["x_t.5"], graph["target"]["x_t.5"])
    assert (again.target, again["target"].num_nodes) == ("target", 40)


def test_a_file_of_another_writer_with_a_raw_percent_sign_is_refused(tmp_path, monkeypatch):
    for module in ("condense.io.schema", "condense.io.write"):
        monkeypatch.setattr(f"{module}.encoded", lambda name: name)
    graph = small_graph()
    graph["100%"].num_nodes = 3
    save(tmp_path / "raw.h5", graph)
    with pytest.raises(FileError, match="'100%' is not an encoded name"):
        load(tmp_path / "raw.h5")


@pytest.mark.parametrize("long", ["type", "relation", "attribute"])
def test_names_too_long_to_be_read_back_are_not_written(tmp_path, long):
    """A list of 8 MiB is the longest that is read; it pads every name to the longest."""
    path, name = tmp_path / "graph.h5", "é" * 1_200_000
    save(path, small_graph())
    before, graph = path.read_bytes(), small_graph()
    if long == "type":
        graph[name].num_nodes = 1
    elif long == "relation":
        graph["movie", name, "actor"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    else:
        graph["movie"][name] = torch.zeros(40)
    with pytest.raises(
        GraphError, match=r"é'… \(got 2,400,0.. bytes\) must be shorter: .* rename it"
    ):
        save(path, graph)
    assert path.read_bytes() == before


def test_the_longest_names_that_fit_come_back(tmp_path):
    graph = small_graph()
    graph["a" * (TEXT // 4)].num_nodes = 1  # one of four types
    save(tmp_path / "graph.h5", graph)
    assert load(tmp_path / "graph.h5").node_types == graph.node_types
