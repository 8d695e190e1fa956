"""What the format does not describe is refused by its kind, before anything is read or allocated."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from condense.data.fingerprint import fingerprint
from condense.errors import FileError
from condense.io import data_digest, listing, load, load_condensed, save
from condense.io.schema import Header, checksum
from tests.support.files import edited
from tests.support.graphs import PROVENANCE, small_condensed, small_graph

X = "nodes/movie/x_text"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound condensed file."""
    save(tmp_path / "graph.h5", small_condensed())
    return tmp_path / "graph.h5"


def refused(path: Path, *words: str, mib: int = 100, seconds: float = 5) -> None:
    """Loading raises an error with these words, and takes little memory and time."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(FileError) as raised:
        load(path)
    assert time.monotonic() - started < seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < mib * 1024
    for word in (str(path), *words):
        assert word in str(raised.value)


def _external_link(file: h5py.File, beside: Path) -> None:
    file[X] = h5py.ExternalLink(str(beside), "/x")


def _link_to_a_pipe(file: h5py.File, beside: Path) -> None:
    os.mkfifo(beside.with_name("pipe"))
    file[X] = h5py.ExternalLink(str(beside.with_name("pipe")), "/x")


def _soft_link(file: h5py.File, beside: Path) -> None:
    file["elsewhere"] = np.zeros((12, 6), "f4")
    file[X] = h5py.SoftLink("/elsewhere")


def _external_storage(file: h5py.File, beside: Path) -> None:
    beside.write_bytes(bytes(12 * 6 * 4))
    file.create_dataset(X, (12, 6), "f4", external=[(str(beside), 0, 12 * 6 * 4)])


def _virtual(file: h5py.File, beside: Path) -> None:
    layout = h5py.VirtualLayout((12, 6), "f4")
    layout[:] = h5py.VirtualSource(str(beside), "/x", (12, 6))
    file.create_virtual_dataset(X, layout)


def _lzf(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, data=np.zeros((12, 6), "f4"), compression="lzf")


def _fletcher(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, data=np.zeros((12, 6), "f4"), fletcher32=True)


def _scale_offset(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, data=np.zeros((12, 6), "i4"), scaleoffset=3)


def _unwritten_chunks(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, (12, 6), "f4", chunks=(4, 6))


def _many_chunks(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, (12, 10**9), "f4", chunks=(1, 1))


def _impossible_shape(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, (12, 2**40), "f4", chunks=(1, 2**20))


def _large_chunk(file: h5py.File, beside: Path) -> None:
    file.create_dataset(X, (12, 2**21), "f4", chunks=(12, 2**21), compression="gzip")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_external_link, ("external link", "never followed")),
        (_link_to_a_pipe, ("external link", "never followed")),
        (_soft_link, ("soft link", "never followed")),
        (_external_storage, ("external storage", "never followed")),
        (_virtual, ("virtual dataset", "never followed")),
        (_lzf, ("filters [32000]", "gzip")),
        (_fletcher, ("filters [3]", "gzip")),
        (_scale_offset, ("filters", "gzip")),
        (_unwritten_chunks, ("lacks some of its chunks",)),
        (_many_chunks, ("exceeds what a file of",)),
        (_impossible_shape, ("exceeds what a file of",)),
        (_large_chunk, ("chunks of at most",)),
    ],
)
def test_foreign_storage(path, change, words):
    with edited(path) as file:
        del file[X]
        change(file, path.with_name("beside"))
    refused(path, X, *words)


@pytest.mark.parametrize("name", ["nodes", "nodes/movie", "edges/movie:features:actor"])
def test_linked_groups(path, name):
    with edited(path) as file:
        file.move(name, "elsewhere")
        file[name] = h5py.SoftLink("/elsewhere")
    refused(path, name, "soft link")


def test_a_bomb_of_gzip(path):
    """Three GB of zeros in some MB."""
    with edited(path) as file:
        del file[X]
        file.create_dataset(X, (12, 2**25), "f8", chunks=(12, 2**16), compression="gzip")
        block = zlib.compress(bytes(12 * 2**16 * 8), 9)
        for first in range(0, 2**25, 2**16):
            file[X].id.write_direct_chunk((0, first), block)
    assert path.stat().st_size < 2**23
    refused(path, X, "exceeds what a file of")


def test_a_bomb_in_one_chunk(path):
    """A chunk that inflates to more than its shape says is not inflated further."""
    with edited(path) as file:
        del file[X]
        file.create_dataset(X, (12, 6), "f4", chunks=(12, 6), compression="gzip")
        file[X].id.write_direct_chunk((0, 0), zlib.compress(bytes(2**28), 9))
    refused(path, X, "must inflate to 288 bytes")


@pytest.mark.parametrize("count", [10**12, 2**62])
def test_more_nodes_than_the_file_can_mean(path, count):
    """Of a type without arrays, whose count nothing else contradicts."""
    with edited(path) as file:
        for name in list(file["nodes/actor"]):
            del file["nodes/actor"][name]
        file["nodes/actor"].attrs["attributes"] = np.array([], h5py.string_dtype("utf-8", 1))
        file["nodes/actor"].attrs["num_nodes"] = count
    refused(path, "num_nodes", f"{count:,} nodes", "exceeds what a file of")


def test_a_name_listed_twice(path):
    with edited(path) as file:
        relations = list(file.attrs["relations"])
        file.attrs["relations"] = np.array(
            [*relations, relations[0]], h5py.string_dtype("utf-8", 64)
        )
    refused(path, "'relations'", "once")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("seed", "[" * 10**4 + "]" * 10**4, "nested deeper"),
        ("settings", '{"a":' * 40 + "1" + "}" * 40, "nested deeper"),
        ("ratio", '"much"', "ratio"),
        ("seed", "1" * 5000, "not JSON"),
        ("stages", '[{"name": "cluster", "seconds": "9 s", "peak_bytes": 1}]', "number"),
        ("history", '[{"loss": "low"}]', "number"),
        ("history", '[{"loss": null}]', "number"),
    ],
)
def test_provenance_behind_a_right_checksum(path, key, value, words):
    record = json.loads(PROVENANCE.to_json())
    record[key] = "REPLACED"
    text = json.dumps(record).replace('"REPLACED"', value)
    digest = data_digest(path)
    with edited(path) as file:
        del file["provenance"]
        file.create_dataset("provenance", data=np.bytes_(text.encode()))
        header = Header.of(small_condensed().graph, "condensed")
        file.attrs["checksum"] = checksum(header, digest, text)
    refused(path, words)


def test_a_boolean_that_is_neither(path):
    with edited(path) as file:
        offset = file["nodes/movie/has_image"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[offset] = 2
    data[:512] = bytes(512)
    path.write_bytes(data)
    refused(path, "has_image", "0 and 1")


def test_a_chain_of_groups(path):
    with edited(path) as file:
        group = file.create_group("deep")
        for _ in range(20):
            group = group.create_group("deeper")
    refused(path, "nested deeper")


def test_a_group_in_itself(path):
    with edited(path) as file:
        file["nodes/again"] = file["nodes"]
    refused(path, "nested deeper")


def test_many_members(path):
    with edited(path) as file:
        group = file.create_group("many")
        for i in range(16_500):
            group[f"{i}"] = h5py.SoftLink("/x")
    refused(path, "more than 16384")


def test_a_crash_of_the_library_is_a_sentence(path, monkeypatch, tmp_path):
    """A stand-in for a file that crashes HDF5: the next file is read as if nothing had happened."""
    program = tmp_path / "crash.py"
    program.write_text(
        "import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    listing._lister.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(listing, "PROGRAM", program)
        refused(path, "crashed the HDF5 library (SIGSEGV)")
    assert load(path) is not None


def test_a_busy_library_is_stopped(path, monkeypatch, tmp_path):
    program = tmp_path / "busy.py"
    program.write_text("import sys\nsys.stdin.readline()\nwhile True: pass\n")
    listing._lister.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(listing, "PROGRAM", program)
        patch.setattr(listing, "PATIENCE", 0.5)
        refused(path, "did not finish reading it in 0.5 s")
    assert load(path) is not None


def test_processor_time_is_limited():
    """The limit that `scan` sets on itself ends it."""
    code = (
        "import runpy, sys; scan = runpy.run_path(sys.argv[1]); "
        "scan['_limit'].__globals__['SECONDS'] = 0; scan['_limit'](0)\nwhile True: pass"
    )
    ended = subprocess.run([sys.executable, "-P", "-c", code, str(listing.PROGRAM)], timeout=60)
    assert "processor time" in listing._end(ended.returncode)


@pytest.mark.parametrize("name", ["whole", "condensed"])
def test_version_1_without_a_seal_is_read(name):
    graph = load(Path(__file__).with_name("version1") / f"{name}.h5")
    if name == "whole":
        assert fingerprint(graph) == fingerprint(small_graph(weighted=True))
    else:
        assert fingerprint(graph.graph) == fingerprint(small_condensed().graph)
        assert graph.provenance == PROVENANCE


def test_a_writer_without_seals(path):
    """Another program's file: no user block, strings of variable length, big-endian and compact arrays."""
    graph = small_condensed().graph
    with h5py.File(path) as ours, h5py.File(path.with_name("theirs.h5"), "w") as theirs:
        for name, value in ours.attrs.items():
            theirs.attrs[name] = value.decode() if isinstance(value, bytes) else value
        for part in ("nodes", "edges", "provenance"):
            ours.copy(part, theirs)
        del theirs[X], theirs["nodes/movie/x_image"], theirs["nodes/director/x_text"]
        theirs.create_dataset(X, data=graph["movie"].x_text.numpy().astype(">f4"))
        theirs["nodes/movie/x_image"] = graph["movie"].x_image.numpy().astype(">f4")
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        x = graph["director"].x_text.numpy()
        space = h5py.h5s.create_simple(x.shape)
        dataset = h5py.h5d.create(
            theirs["nodes/director"].id, b"x_text", h5py.h5t.IEEE_F32LE, space, compact
        )
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, x)
    got = load_condensed(path.with_name("theirs.h5"))
    assert fingerprint(got.graph) == fingerprint(graph)


@pytest.mark.parametrize("chunks", [(5, 7), (50, 64), (1, 64)])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("noise", [False, True])
def test_chunks_of_any_shape(tmp_path, chunks, shuffle, noise):
    """Chunks in two directions, reaching beyond the array; noise does not compress, and is kept as it is."""
    graph, path = small_graph(num_target=48, text_width=64), tmp_path / "a.h5"
    if not noise:
        graph["movie"].x_text = graph["movie"].x_text.round()
    save(path, graph)
    with edited(path) as file:
        values = file[X][()]
        del file[X]
        file.create_dataset(
            X,
            data=values,
            chunks=chunks,
            compression="gzip",
            shuffle=shuffle,
            maxshape=(None, None),
        )
    assert fingerprint(load(path)) == fingerprint(graph)


def test_names_that_are_not_utf_8(path):
    with edited(path) as file:
        names = [*file.attrs["node_types"], b"\xff\xfe"]
        file.attrs["node_types"] = np.array(names, "S20")
    with pytest.raises(FileError) as raised:
        load(path)
    str(raised.value).encode("utf-8")
