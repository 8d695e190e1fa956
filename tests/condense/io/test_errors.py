"""Every fault of a file raises a FileError with the path and a remedy, and never gives a wrong graph."""

from __future__ import annotations

import os
import resource
import sys

import h5py
import numpy as np
import pytest
import torch

from condense.data.fingerprint import fingerprint
from condense.errors import FileError
from condense.io import data_digest, load, load_condensed, load_graph, replace, save
from condense.io.schema import Header, checksum
from tests.support.files import edited, reseal, text
from tests.support.graphs import PROVENANCE, small_condensed, small_graph

READERS = [load, load_graph, load_condensed, data_digest]


@pytest.fixture
def path(tmp_path):
    """A sound condensed file."""
    save(tmp_path / "graph.h5", small_condensed())
    return tmp_path / "graph.h5"


def assert_file_error(call, path, *words):
    with pytest.raises(FileError) as raised:
        call()
    message = str(raised.value)
    assert str(path) in message
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize("reader", READERS)
def test_missing_file(reader, tmp_path):
    path = tmp_path / "none.h5"
    assert_file_error(lambda: reader(path), path, "does not exist", "check the path")


@pytest.mark.parametrize("reader", READERS)
def test_folder(reader, tmp_path):
    assert_file_error(lambda: reader(tmp_path), tmp_path, "is not a file")


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" + bytes(5000)])
def test_not_hdf5(tmp_path, content):
    path = tmp_path / "graph.h5"
    path.write_bytes(content)
    assert_file_error(lambda: load(path), path, "not an HDF5 file")


def test_another_hdf5_file(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    assert_file_error(lambda: load(path), path, "'format' (got None)", "'multimodal-graph'")


@pytest.mark.parametrize(("version", "words"), [(4, ("newer", "update")), (0, ("older", "again"))])
def test_other_versions(path, version, words):
    with edited(path) as file:
        file.attrs["version"] = version
    assert_file_error(lambda: load(path), path, f"version (got {version})", *words)


def test_truncated_anywhere(path):
    sound = path.read_bytes()
    for length in (1, 7, 8, 48, 200, len(sound) // 4, len(sound) // 2, len(sound) - 1):
        path.write_bytes(sound[:length])
        message = assert_file_error(lambda: load(path), path, "restore a copy")
        assert "truncated" in message or "beginning" in message


def test_the_seal_finds_each_changed_byte(path):
    sound = path.read_bytes()
    for position in range(0, len(sound), 37):
        damaged = bytearray(sound)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        assert_file_error(lambda: load(path), path, "restore a copy")


def test_changed_bytes_under_a_right_seal_are_found_or_harmless(path):
    """Every 61st byte of the file, inverted: an error, or (unused space) the very same graph."""
    expected = load_condensed(path)
    print_of = fingerprint(expected.graph)
    sound, faults = path.read_bytes(), 0
    for position in range(0, len(sound), 61):
        damaged = bytearray(sound)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        reseal(path)
        try:
            got = load_condensed(path)
        except FileError as error:
            assert str(path) in str(error)  # noqa: PT017  an undamaged graph is fine as well
            faults += 1
        else:
            assert fingerprint(got.graph) == print_of
            assert got.provenance == expected.provenance
    assert faults > 50


def test_no_strings_of_variable_length(path):
    """HDF5 keeps them in a heap without a checksum, and loops for ever in some damaged heaps."""
    lengths = []

    def note(name, node):
        lengths.extend(
            h5py.check_string_dtype(kind.dtype).length
            for kind in (*(node.attrs.get_id(a) for a in node.attrs), *_datasets(node))
            if h5py.check_string_dtype(kind.dtype)
        )

    with h5py.File(path) as file:
        note("/", file)
        file.visititems(note)
    assert len(lengths) > 10
    assert None not in lengths


def _datasets(node):
    return [node] if isinstance(node, h5py.Dataset) else []


@pytest.mark.parametrize("where", ["nodes/movie/x_text", "nodes/movie/y", "nodes/movie/x_image"])
def test_one_flipped_bit_of_data(path, where):
    """The changed values satisfy every rule: the seal finds them, or under a right seal the checksum."""
    sound = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        offset = file[where].id.get_offset()
    sound[offset] ^= 1
    path.write_bytes(sound)
    for words in (
        ("SHA-256 checksum in its first 512 bytes",),
        ("contents do not match its checksum",),
    ):
        for reader in READERS:
            assert_file_error(lambda r=reader: r(path), path, *words, "restore a copy")
        reseal(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "other"), ("source", "real"), ("num_classes", 4), ("target", "director")],
)
def test_changed_root_attribute(path, name, value):
    with edited(path) as file:
        assert text(file.attrs[name]) != value
        file.attrs[name] = value
    assert_file_error(lambda: load(path), path, "checksum")


def test_changed_provenance(path):
    with edited(path) as file:
        provenance = file["provenance"].asstr()[()]
        del file["provenance"]
        file["provenance"] = provenance.replace('"seed": 7', '"seed": 8')
    assert_file_error(lambda: load(path), path, "checksum")


@pytest.mark.parametrize(
    "name",
    ["version", "kind", "name", "source", "target", "num_classes", "node_types", "relations", "checksum"],
)  # fmt: skip
def test_missing_root_attribute(path, name):
    with edited(path) as file:
        del file.attrs[name]
    assert_file_error(lambda: load(path), path, f"attribute '{name}' of / is missing")


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("/nodes/actor", "num_nodes"),
        ("/nodes/actor", "attributes"),
        ("/edges/movie:features:actor", "attributes"),
    ],
)
def test_missing_group_attribute(path, group, name):
    with edited(path) as file:
        del file[group].attrs[name]
    assert_file_error(lambda: load(path), path, f"attribute '{name}' of {group} is missing")


@pytest.mark.parametrize(
    "name",
    [
        "/nodes",
        "/nodes/actor",
        "/nodes/movie/x_text",
        "/edges/movie:features:actor",
        "/edges/movie:features:actor/edge_index",
        "/edges/movie:features:actor/edge_weight",
        "/provenance",
    ],
)
def test_missing_group_or_dataset(path, name):
    with edited(path) as file:
        del file[name]
    assert_file_error(lambda: load(path), path, name, "is missing")


def _replace(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def _set(holder, name, value):
    def change(file):
        file[holder].attrs[name] = value

    return change


def _make_group(file):
    del file["nodes/movie/y"]
    file.create_group("nodes/movie/y")


def _strings(*values):
    return np.array(values, dtype=h5py.string_dtype())


INDEX = "edges/movie:features:actor/edge_index"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_replace("nodes/movie/y", np.zeros(5, "i8")), ("/nodes/movie/y", "(5,)", "12 rows")),
        (_replace("nodes/movie/y", 3), ("/nodes/movie/y", "()", "12 rows")),
        (_replace("nodes/movie/y", h5py.Empty("i8")), ("/nodes/movie/y", "None", "12 rows")),
        (_replace("nodes/movie/y", np.zeros(12, "c8")), ("/nodes/movie/y", "complex64")),
        (_replace("nodes/movie/y", _strings(*"abcdefghijkl")), ("/nodes/movie/y", "object")),
        (_make_group, ("/nodes/movie/y", "got group")),
        (_replace(INDEX, np.zeros((3, 4), "i4")), ("edge_index", "(3, 4)", "[2, edges]")),
        (_replace(INDEX, np.zeros((2, 4), "i4")), ("edge_weight", "must have 4 rows")),
        (_set("nodes/actor", "num_nodes", "six"), ("'num_nodes'", "'six'")),
        (_set("nodes/movie", "num_nodes", 13), ("x_text", "must have 13 rows")),
        (_set("nodes/movie", "attributes", 3), ("'attributes'", "list strings")),
        (_set("/", "kind", "half"), ("'kind' (got 'half')",)),
        (_set("/", "relations", _strings("a:b")), ("'a:b'", "source:name:destination")),
        (_set("/", "relations", _strings("movie:r:actors")), ("type 'actors'", "movie, director")),
    ],
)  # fmt: skip
def test_wrong_structure(path, change, words):
    with edited(path) as file:
        change(file)
    assert_file_error(lambda: load(path), path, *words)


def test_graph_that_breaks_a_rule_behind_a_right_checksum(path, monkeypatch):
    """If a writer skips the rules, the reader still names file, attribute and rule."""
    condensed = small_condensed()
    condensed.graph["movie"].y[0] = 9
    monkeypatch.setattr("condense.io.write.check", lambda graph, kind: None)
    save(path, condensed)
    assert_file_error(lambda: load(path), path, "['movie'].y (got 9)", "raise num_classes")


def test_unknown_provenance_key_behind_a_right_checksum(path):
    renamed = PROVENANCE.to_json().replace('"seed"', '"sed"')
    digest = data_digest(path)
    with edited(path) as file:
        del file["provenance"]
        file["provenance"] = renamed
        header = Header.of(small_condensed().graph, "condensed")
        file.attrs["checksum"] = checksum(header, digest, renamed)
    assert_file_error(lambda: load(path), path, "lacks the key 'seed'")


def test_whole_graph_where_a_condensed_one_is_needed(tmp_path):
    save(tmp_path / "whole.h5", small_graph())
    path = tmp_path / "whole.h5"
    assert_file_error(lambda: load_condensed(path), path, "whole graph", "condense it first")


def test_unreadable_file(path, monkeypatch):
    """Simulated, because the tests may run as root, who can read every file."""

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert_file_error(lambda: load(path), path, "cannot be read", "permissions")


def test_pickles_are_never_read(tmp_path):
    path = tmp_path / "graph.pt"
    torch.save({"x": torch.ones(2)}, path)
    assert_file_error(lambda: load(path), path, "not an HDF5 file")


def test_writing_to_a_folder_or_into_a_missing_one(tmp_path):
    assert_file_error(lambda: save(tmp_path, small_graph()), tmp_path, "is a folder")
    path = tmp_path / "none" / "a.h5"
    assert_file_error(lambda: save(path, small_graph()), path, "missing folder", "create")
    assert not path.parent.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_writing_where_nothing_can_be_written():
    assert_file_error(lambda: save("/proc/a.h5", small_graph()), "/proc/a.h5", "cannot be written")


@pytest.mark.parametrize("room", [0, 100, 3000, 60_000, 200_000])
def test_full_disk_leaves_the_earlier_file(tmp_path, room):
    """A limit on file size makes real writes fail, at several stages of HDF5's work."""
    path = tmp_path / "graph.h5"
    save(path, small_graph(seed=1))
    before = path.read_bytes()
    large = small_graph(num_target=2000, text_width=64)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
    try:
        with pytest.raises(FileError) as raised:
            save(path, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert str(path) in str(raised.value)
    assert "free disk space" in str(raised.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["graph.h5"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_failure_at_the_last_steps_leaves_the_earlier_file(path, monkeypatch, step, fault):
    before = path.read_bytes()

    def fail(*args):
        raise fault

    monkeypatch.setattr(replace.os, step, fail)
    with pytest.raises(FileError if isinstance(fault, OSError) else KeyboardInterrupt):
        save(path, small_condensed(seed=5))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["graph.h5"]


def test_file_is_synced_before_it_is_renamed_and_its_folder_after(path, monkeypatch):
    """Else a power cut could leave an empty file under the final name."""
    steps = []
    fsync, rename = os.fsync, os.replace

    def note_sync(descriptor):
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append("file" if name.endswith(".tmp") else "folder")
        fsync(descriptor)

    def note_rename(old, new):
        steps.append("rename")
        rename(old, new)

    monkeypatch.setattr(replace.os, "fsync", note_sync)
    monkeypatch.setattr(replace.os, "replace", note_rename)
    save(path, small_condensed())
    assert steps == ["file", "rename", "folder"]
