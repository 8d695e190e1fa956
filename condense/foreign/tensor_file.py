"""Reads a tensor from an untrusted `.pt` file; no code in it is executed."""

from __future__ import annotations

import hashlib
import re
import warnings
from pathlib import Path

import torch
from torch import Tensor

from condense.errors import FileError
from condense.io.torch_archive import check_archive, check_storage

AGAIN = "save the bare tensor again with torch.save(x.detach().cpu(), …)"


def load_tensor(path: Path) -> Tensor:
    """The dense or sparse COO tensor that `torch.save` wrote to `path`, on the CPU.

    `torch.load(weights_only=True)` builds tensors and plain containers and refuses to call anything else.
    A hostile file can still claim more data than it holds: by strides of 0, a tensor without storage, or a
    compressed archive (`torch.save` never compresses). Such files are refused here, so memory is bounded
    by the size of the file.

    Args:
        path: a file with one tensor, which may have been on a GPU when it was saved.

    Raises:
        FileError: the file is missing, is not a tensor file, holds anything but one tensor, or claims
            more data than it holds.
    """
    if not path.is_file():
        raise FileError(f"{path} is not a file; check the path")
    check_archive(path, AGAIN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The error below reports what is refused.
            tensor = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A malformed pickle may raise anything.
        raise FileError(_refusal(path, error)) from None
    if not isinstance(tensor, Tensor):
        kind = type(tensor).__name__
        raise FileError(f"{path} (got {kind}) must hold one tensor; {AGAIN}")
    tensor = tensor.detach()
    if tensor.layout == torch.strided:
        check_storage(path, tensor, AGAIN)
    elif tensor.layout == torch.sparse_coo:
        _check_coo(path, tensor)
    else:
        raise FileError(
            f"{path} (got layout {tensor.layout}) must be dense or COO; use .to_dense()"
        )
    return tensor


def sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refusal(path: Path, error: Exception) -> str:
    # torch's own message recommends loading the file without protection.
    refused = re.search(r"GLOBAL (\S+)", str(error))
    if refused:
        return (
            f"{path} asks for {refused[1]}, which is not a tensor, and was not run; {AGAIN} (for a "
            "torch_sparse matrix x: x.to_dense(); for a numpy array x: torch.from_numpy(x))"
        )
    return f"{path} is not a tensor file, or is damaged ({type(error).__name__}); copy it again, or {AGAIN}"


def _check_coo(path: Path, tensor: Tensor) -> None:
    """Raise unless the indices lie within the shape, which torch does not check."""
    if tensor.device.type != "cpu":
        raise FileError(f"{path} (got {tensor.device}) holds no values; {AGAIN}")
    index, value = tensor._indices(), tensor._values()
    check_storage(path, index, AGAIN)
    check_storage(path, value, AGAIN)
    size = torch.tensor(tensor.shape)
    count = value.size(0) if value.dim() == 1 else -1
    inside = index.shape == (len(size), count)
    if inside and count:
        inside = bool((index.amin(dim=1) >= 0).all() and (index.amax(dim=1) < size).all())
    if not inside:
        raise FileError(f"{path}: the entries of its sparse tensor lie outside its shape; {AGAIN}")
