"""Reads, writes and hashes the arrays of a file in one pass, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from condense.data.fingerprint import DTYPES, Digest, dtype_name, numpy_block, slabs
from condense.io.members import damaged
from condense.io.replace import Sink
from condense.io.schema import COMPRESS_ABOVE, EDGE_INDEX


def write_array(
    group: h5py.Group,
    name: str,
    tensor: Tensor,
    digest: Digest,
    sink: Sink,
    packed: bool = True,
) -> None:
    """Write and hash `tensor` in one pass, in blocks; `packed` compresses large tensors."""
    dtype = dtype_name(tensor, f"{group.name}/{name}")
    # Node indices below 2³¹ are stored in half the bytes; they are hashed and read back as int64.
    narrow = name == EDGE_INDEX and (tensor.numel() == 0 or int(tensor.max()) < 2**31)
    stored = np.dtype("int32" if narrow else dtype)
    shape = tuple(tensor.shape)
    options = _compression(shape, stored.itemsize) if packed else {}
    dataset = group.create_dataset(name, shape, stored, **options)

    def blocks() -> Iterator[np.ndarray]:
        for slab in slabs(shape, stored.itemsize):
            block = numpy_block(tensor, slab)
            dataset[slab] = block.astype(stored, copy=False)
            sink.check()
            yield block

    digest.array(name, dtype, shape, blocks())


def read_array(dataset: h5py.Dataset, name: str, digest: Digest) -> Tensor:
    """Read `dataset` into one tensor and hash it in the same pass, in blocks."""
    narrow = name == EDGE_INDEX and dataset.dtype == np.int32
    dtype = "int64" if narrow else dataset.dtype.name
    if dtype not in DTYPES:
        raise damaged(f"dataset {dataset.name} (got {dtype}) must be one of {', '.join(DTYPES)}")
    tensor = torch.empty(dataset.shape, dtype=DTYPES[dtype])
    array = tensor.numpy()  # shares the memory of `tensor`

    def blocks() -> Iterator[np.ndarray]:
        for slab in slabs(dataset.shape, dataset.dtype.itemsize):
            dataset.read_direct(array, slab, slab)
            yield array[slab]

    digest.array(name, dtype, dataset.shape, blocks())
    return tensor


def _compression(shape: tuple[int, ...], itemsize: int) -> dict[str, Any]:
    """Options for `create_dataset`: a chunk is a block as written, so each is compressed once."""
    if itemsize * int(np.prod(shape)) <= COMPRESS_ABOVE:
        return {}
    first = next(slabs(shape, itemsize))
    chunks = tuple(part.stop - part.start for part in first) + shape[len(first) :]
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 1, "shuffle": True}
