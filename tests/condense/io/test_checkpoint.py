"""A checkpoint comes back bit for bit, or not at all."""

from __future__ import annotations

import hashlib
import json
import math
import resource
from pathlib import Path

import h5py
import pytest
import torch

from condense.errors import FileError
from condense.io import load, save
from condense.io.checkpoint import load_checkpoint, save_checkpoint
from tests.support.files import reseal
from tests.support.graphs import small_graph

RECORD = {
    "run": {"method": "srgm", "settings": {"λ": 0.1}},
    "history": [{"loss": 1 / 3, "rate": math.nan}, {"loss": math.inf}],
    "best": -math.inf,
}
TENSORS = {
    "now/edges/a:to:b": torch.tensor([[0.1, -torch.inf], [torch.nan, -0.0]]),
    "now/features/a:text": torch.randn(300, 257, generator=torch.Generator().manual_seed(0)),
    "features/0/step": torch.tensor([3.0], dtype=torch.float64),
    "generator": torch.Generator().manual_seed(1).get_state(),
    "empty": torch.zeros(0, 4),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "step-1.h5", RECORD, TENSORS)
    return tmp_path / "step-1.h5"


def test_everything_comes_back(path: Path) -> None:
    record, tensors = load_checkpoint(path)
    assert math.isnan(record["history"][0].pop("rate"))
    assert record == {**RECORD, "history": [{"loss": 1 / 3}, {"loss": math.inf}]}
    assert list(tensors) == list(TENSORS)
    for name, tensor in TENSORS.items():
        got = tensors[name]
        assert (got.dtype, got.shape) == (tensor.dtype, tensor.shape)
        # Bytes and not values: NaN differs from itself, and 0.0 equals −0.0.
        assert got.numpy().tobytes() == tensor.numpy().tobytes()


def test_changed_bytes_are_found_or_harmless(path: Path) -> None:
    """Every 1999th byte of the file, inverted: an error, or (unused space) the very same state."""
    record, tensors = load_checkpoint(path)
    sound, faults = path.read_bytes(), 0
    for position in range(0, len(sound), 1999):
        damaged = bytearray(sound)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        reseal(path)
        try:
            got, values = load_checkpoint(path)
        except FileError as error:
            assert str(path) in str(error)  # noqa: PT017  an undamaged state is fine as well
            faults += 1
        else:
            assert str(got) == str(record)
            assert all(
                v.numpy().tobytes() == tensors[k].numpy().tobytes() for k, v in values.items()
            )
    assert faults > 140


def test_truncated_anywhere(path: Path) -> None:
    sound = path.read_bytes()
    for length in (0, 7, 200, len(sound) // 2, len(sound) - 1):
        path.write_bytes(sound[:length])
        with pytest.raises(FileError, match="restore a copy"):
            load_checkpoint(path)


def test_a_graph_is_no_checkpoint_and_a_checkpoint_no_graph(path: Path, tmp_path: Path) -> None:
    save(tmp_path / "graph.h5", small_graph())
    with pytest.raises(FileError, match="give a checkpoint file"):
        load_checkpoint(tmp_path / "graph.h5")
    with pytest.raises(FileError, match="give a graph file"):
        load(path)


@pytest.mark.parametrize("room", [0, 3000, 100_000])
def test_full_disk_leaves_the_earlier_file(path: Path, room: int) -> None:
    """A limit on file size makes real writes fail, at several stages of HDF5's work."""
    before = path.read_bytes()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
    try:
        with pytest.raises(FileError, match="free disk space"):
            save_checkpoint(path, {}, TENSORS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_plain_libraries_verify_the_checksum_as_docs_format_md_says(path: Path) -> None:
    with h5py.File(path) as file:
        names = [name.decode() for name in file.attrs["arrays"]]
        record = file["record"][()].decode()
        line = json.dumps(["multimodal-graph-checkpoint", 2, names, record], separators=(",", ":"))
        digest = hashlib.sha256(f"{line}\n".encode())
        for name in names:
            values = file["arrays"][name][()]
            header = json.dumps(
                [name, values.dtype.name, list(values.shape)], separators=(",", ":")
            )
            digest.update(f"{header}\n".encode() + values.tobytes())
        assert file.attrs["checksum"].decode() == digest.hexdigest()
    assert json.loads(record)["best"] == "-Infinity"
