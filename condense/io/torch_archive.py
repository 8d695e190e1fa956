"""Checks that a `.pt` file holds as much as it declares, so that its size bounds the memory it takes.

A hostile file can claim more data than it holds: by strides of 0, a tensor without storage, or a compressed
archive (`torch.save` never compresses).
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from torch import Tensor

from condense.errors import FileError


def check_archive(path: Path, remedy: str) -> None:
    """Raise for an archive that would expand when it is read.

    Args:
        path: the file.
        remedy: what to do about it, for the message.

    Raises:
        FileError: it would, or it cannot be read.
    """
    try:
        if not zipfile.is_zipfile(path):
            return  # torch's older format, in which lengths are read before values.
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it again") from None
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise FileError(
                f"{path}: its part {entry.filename!r} is compressed, which torch.save never does; {remedy}"
            )
    # Entries that overlap in the file would make many tensors of the same bytes.
    total, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > size:
        raise FileError(f"{path}: {size:,} bytes whose parts claim {total:,}; {remedy}")


def check_storage(path: Path, tensor: Tensor, remedy: str) -> None:
    """Raise unless a dense tensor of the file has as many values as its shape declares.

    Args:
        path: the file, for the message.
        tensor: what was read.
        remedy: what to do about it, for the message.

    Raises:
        FileError: it has not.
    """
    if tensor.device.type != "cpu" or tensor.is_quantized:
        raise FileError(f"{path} (got {tensor.device}, {tensor.dtype}) holds no values; {remedy}")
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        shape = list(tensor.shape)
        raise FileError(f"{path} (got shape {shape}) holds fewer values than its shape; {remedy}")
