"""Untrusted files: tensors load as they were saved; everything else is refused and not executed."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from condense.errors import FileError
from condense.foreign.tensor_file import load_tensor, sha256

TENSORS = {
    "dense": torch.randn(3, 4),
    "half": torch.randn(3, 4).half(),
    "bfloat16": torch.randn(3, 4).bfloat16(),
    "integers": torch.arange(5),
    "a view": torch.randn(6, 4)[::2].T,
    "empty": torch.zeros(0, 4),
    "a parameter": nn.Parameter(torch.randn(2, 2)),
    "sparse": torch.eye(3).to_sparse_coo(),
    "sparse and empty": torch.sparse_coo_tensor(size=(3, 3)),
}


@pytest.mark.parametrize("name", TENSORS)
@pytest.mark.parametrize("archive", [True, False])
def test_a_tensor_comes_back(name: str, archive: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save(TENSORS[name], path, _use_new_zipfile_serialization=archive)
    loaded = load_tensor(path)
    assert not loaded.requires_grad
    assert loaded.dtype == TENSORS[name].dtype
    assert torch.equal(loaded.to_dense(), TENSORS[name].detach().to_dense())


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


def poison(path: Path) -> None:
    torch.save({"x": torch.zeros(2), "y": Hostile()}, path)


def plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Hostile(), protocol=2))


def newer_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Hostile(), protocol=5))


def numpy_array(path: Path) -> None:
    torch.save(np.arange(3), path)


def module(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)


def dictionary(path: Path) -> None:
    torch.save({"x": torch.zeros(2)}, path)


def text(path: Path) -> None:
    path.write_text("feat,adj\n1,2\n")


def empty(path: Path) -> None:
    path.touch()


def cut(path: Path) -> None:
    torch.save(torch.randn(100, 100), path)
    path.write_bytes(path.read_bytes()[:20_000])


def expanded(path: Path) -> None:
    torch.save(torch.zeros(1).expand(10**6, 10**6), path)


def without_storage(path: Path) -> None:
    torch.save(torch.empty(10**6, 10**6, device="meta"), path)


def compressed(path: Path) -> None:
    plain = path.with_suffix(".plain")
    torch.save(torch.zeros(1000, 1000), plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))


def overlapping(path: Path) -> None:
    """Many entries of the archive's list that lie at one place of the file."""
    torch.save(torch.zeros(100_000), path)
    with zipfile.ZipFile(path, "a") as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
        for i in range(50):
            other = copy.copy(largest)
            other.filename = other.orig_filename = f"again/{i}"
            archive.filelist.append(other)
        archive.writestr("end", b"")  # So that the list is written again.


def nested(path: Path) -> None:
    inner: Any = torch.zeros(2)
    for _ in range(300):
        inner = [inner]
    torch.save(inner, path)


def bomb_of_lists(path: Path) -> None:
    """Ten lists, each of ten times the one before."""
    inner: Any = [torch.zeros(1)] * 10
    for _ in range(9):
        inner = [inner] * 10
    torch.save(inner, path)


def words(path: Path) -> None:
    torch.save("feat", path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def compressed_sparse(path: Path) -> None:
    torch.save(torch.eye(3).to_sparse_csr(), path)


def outside(path: Path) -> None:
    index = torch.tensor([[0, 9], [0, 1]])
    sparse = torch.sparse_coo_tensor(index, torch.ones(2), (3, 3), check_invariants=False)
    torch.save(sparse, path)


def sparse_with_expanded_values(path: Path) -> None:
    index = torch.zeros(2, 1, dtype=torch.long).expand(2, 10**9)
    value = torch.ones(1).expand(10**9)
    sparse = torch.sparse_coo_tensor(index, value, (3, 3), check_invariants=False)
    torch.save(sparse, path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (poison, "asks for"),
        (plain_pickle, "asks for"),
        (newer_pickle, "not a tensor file"),
        (numpy_array, "torch.from_numpy(x)"),
        (module, "torch.nn.modules.linear.Linear"),
        (dictionary, "(got dict) must hold one tensor"),
        (text, "not a tensor file, or is damaged"),
        (empty, "not a tensor file, or is damaged"),
        (cut, "not a tensor file, or is damaged"),
        (expanded, "holds fewer values than its shape"),
        (without_storage, "holds no values"),
        (compressed, "is compressed, which torch.save never does"),
        (overlapping, "bytes whose parts claim"),
        (nested, "(got list) must hold one tensor"),
        (bomb_of_lists, "(got list) must hold one tensor"),
        (words, "(got str) must hold one tensor"),
        (pipe, "is not a file"),
        (compressed_sparse, "use .to_dense()"),
        (outside, ""),
        (sparse_with_expanded_values, ""),
    ],
)
def test_all_else_is_refused(
    write: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.pt"
    write(path)
    with pytest.raises(FileError) as refused:
        load_tensor(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)
    assert "weights_only" not in str(refused.value)  # torch recommends loading without protection.
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["missing.pt", "."])
def test_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is not a file; check the path"):
        load_tensor(tmp_path / name)


def test_hash(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc").hexdigest()
