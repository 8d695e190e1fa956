"""Reads, writes and hashes the arrays of a file in one pass, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from condense.data.fingerprint import DTYPES, Digest, dtype_name, numpy_block, slabs
from condense.io.members import OpenFile
from condense.io.replace import Sink
from condense.io.schema import COMPRESS_ABOVE, EDGE_INDEX
from condense.io.stored import StoredArray
from condense.io.windows import ArrayReader


def write_array(
    group: h5py.Group,
    name: str,
    tensor: Tensor,
    digest: Digest,
    sink: Sink,
    packed: bool = True,
) -> None:
    """Write and hash `tensor` in one pass, in blocks; `packed` compresses large tensors."""
    dtype, stored = dtype_name(tensor, f"{group.name}/{name}"), stored_dtype(name, tensor)
    dataset, shape = create_dataset(group, name, tensor, packed), tuple(tensor.shape)

    def blocks() -> Iterator[np.ndarray]:
        for slab in slabs(shape, stored.itemsize):
            block = numpy_block(tensor, slab)
            dataset[slab] = block.astype(stored, copy=False)
            sink.check()
            yield block

    digest.array(name, dtype, shape, blocks())


def create_dataset(group: h5py.Group, name: str, tensor: Tensor, packed: bool) -> h5py.Dataset:
    """The dataset for an array of the type and shape of `tensor`, whose values may be absent."""
    stored, shape = stored_dtype(name, tensor), tuple(tensor.shape)
    options = _compression(shape, stored.itemsize) if packed else {}
    return group.create_dataset(name, shape, stored, **options)


def stored_dtype(name: str, tensor: Tensor) -> np.dtype[Any]:
    """The data type under which an array is stored: node indices below 2³¹ take half the bytes.

    They are hashed and read back as int64. Indices on the meta device, which have no values, are below.
    """
    dtype = np.dtype(dtype_name(tensor, name))
    if name != EDGE_INDEX:
        return dtype
    small = tensor.is_meta or tensor.numel() == 0 or int(tensor.max()) < 2**31
    return np.dtype("int32") if small else dtype


def read_array(file: OpenFile, stored: StoredArray, name: str, digest: Digest) -> Tensor:
    """Read a checked array into one tensor, without HDF5, and hash it."""
    assert stored.shape is not None
    dtype = graph_dtype(name, stored)
    tensor = torch.empty(stored.shape, dtype=DTYPES[dtype])
    array = tensor.numpy()  # shares the memory of `tensor`
    reader = ArrayReader(file, stored, keep=0)
    for window in reader.pieces():
        reader.fill(array[window], window)
    blocks = (array[slab] for slab in slabs(stored.shape, array.itemsize))
    digest.array(name, dtype, stored.shape, blocks)
    return tensor


def graph_dtype(name: str, stored: StoredArray) -> str:
    """The numpy name of the data type that the array has in a graph: indices of nodes are always int64."""
    return "int64" if name == EDGE_INDEX and stored.dtype.name == "int32" else stored.dtype.name


def _compression(shape: tuple[int, ...], itemsize: int) -> dict[str, Any]:
    """Options for `create_dataset`: a chunk is a block as written, so each is compressed once."""
    if itemsize * int(np.prod(shape)) <= COMPRESS_ABOVE:
        return {}
    first = next(slabs(shape, itemsize))
    chunks = tuple(part.stop - part.start for part in first) + shape[len(first) :]
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 1, "shuffle": True}
