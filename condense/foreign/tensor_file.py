"""Reading a tensor out of a `.pt` file that strangers wrote: nothing in it is executed."""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from condense.errors import FileError

AGAIN = "save the bare tensor again with torch.save(x.detach().cpu(), …)"


def load_tensor(path: Path) -> Tensor:
    """The one tensor, dense or sparse COO, that `torch.save` wrote to `path`; on the CPU.

    `torch.load(weights_only=True)` builds tensors and plain containers and refuses to call anything else.
    What is left to a hostile file is to claim more than it holds – a shape with strides of 0, a tensor
    without storage, a compressed archive, where `torch.save` compresses nothing – and is refused here, so
    that memory is bounded by the size of the file.

    Args:
        path: of a file with one tensor; on a GPU when it was saved, it may have been.

    Raises:
        FileError: no such file, not such a file, anything in it but a tensor, or one of these claims.
    """
    if not path.is_file():
        raise FileError(f"{path} is no file; check the path")
    _check_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of what it refuses; the refusal is said below.
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A malformed pickle may raise anything.
        raise FileError(_refusal(path, error)) from None
    if not isinstance(found, Tensor):
        kind = type(found).__name__
        raise FileError(f"{path} (got {kind}) must hold one tensor; {AGAIN}")
    found = found.detach()
    if found.layout == torch.strided:
        _check_storage(path, found)
    elif found.layout == torch.sparse_coo:
        _check_coo(path, found)
    else:
        raise FileError(f"{path} (got layout {found.layout}) must be dense or COO; use .to_dense()")
    return found


def sha256(path: Path) -> str:
    """Of the file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_archive(path: Path) -> None:
    """Raise for an archive that would grow when it is read."""
    try:
        if not zipfile.is_zipfile(path):
            return  # torch's older format, in which lengths are read before values.
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it again") from None
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise FileError(
                f"{path}: its part {member.filename!r} is compressed, which torch.save never does; {AGAIN}"
            )


def _refusal(path: Path, error: Exception) -> str:
    # torch's own text recommends loading it without protection.
    refused = re.search(r"GLOBAL (\S+)", str(error))
    if refused:
        return (
            f"{path} asks for {refused[1]}, which is no tensor, and was not run; {AGAIN} (of a torch_sparse "
            "matrix x: x.to_dense(); of a numpy array x: torch.from_numpy(x))"
        )
    return f"{path} is no tensor file, or a damaged one ({type(error).__name__}); copy it again, or {AGAIN}"


def _check_storage(path: Path, tensor: Tensor) -> None:
    """Raise unless the file holds every value that the tensor's shape declares."""
    if tensor.device.type != "cpu" or tensor.is_quantized:
        raise FileError(f"{path} (got {tensor.device}, {tensor.dtype}) holds no values; {AGAIN}")
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        shape = list(tensor.shape)
        raise FileError(f"{path} (got shape {shape}) holds fewer values than its shape; {AGAIN}")


def _check_coo(path: Path, tensor: Tensor) -> None:
    """Raise unless the indices lie within the shape: torch trusts them."""
    if tensor.device.type != "cpu":
        raise FileError(f"{path} (got {tensor.device}) holds no values; {AGAIN}")
    index, value = tensor._indices(), tensor._values()
    _check_storage(path, index)
    _check_storage(path, value)
    size = torch.tensor(tensor.shape)
    count = value.size(0) if value.dim() == 1 else -1
    inside = index.shape == (len(size), count)
    if inside and count:
        inside = bool((index.amin(dim=1) >= 0).all() and (index.amax(dim=1) < size).all())
    if not inside:
        raise FileError(f"{path}: the entries of its sparse tensor lie outside its shape; {AGAIN}")
