"""Reads, writes and hashes the arrays of a file in one pass, in blocks."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from condense.data.fingerprint import DTYPES, Digest, dtype_name, numpy_block, slabs
from condense.io.damage import damaged
from condense.io.members import OpenFile
from condense.io.replace import Sink
from condense.io.schema import COMPRESS_ABOVE, EDGE_INDEX
from condense.io.stored import DEFLATE, Chunk, StoredArray

Raw = bytes | bytearray


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


def read_array(file: OpenFile, stored: StoredArray, name: str, digest: Digest) -> Tensor:
    """Read a checked array into one tensor, without HDF5, and hash it."""
    assert stored.shape is not None
    dtype = "int64" if name == EDGE_INDEX and stored.dtype.name == "int32" else stored.dtype.name
    tensor = torch.empty(stored.shape, dtype=DTYPES[dtype])
    array = tensor.numpy()  # shares the memory of `tensor`
    if stored.chunk is not None:
        for chunk in stored.chunks or ():
            _fill(array, stored, stored.chunk, chunk, _inflated(file.stream, stored, chunk))
    elif stored.values is not None:
        array[...] = np.frombuffer(stored.values, stored.dtype).reshape(stored.shape)
    elif stored.nbytes:
        file.stream.seek(stored.offset or 0)
        for slab in slabs(stored.shape, stored.dtype.itemsize):
            target = array[slab]
            raw = _exactly(file.stream, target.size * stored.dtype.itemsize, stored)
            target[...] = np.frombuffer(raw, stored.dtype).reshape(target.shape)
    if dtype == "bool" and tensor.view(torch.uint8).gt(1).any():
        raise damaged(f"dataset {stored.path} must hold 0 and 1 alone")
    blocks = (array[slab] for slab in slabs(stored.shape, array.itemsize))
    digest.array(name, dtype, stored.shape, blocks)
    return tensor


def _inflated(stream: io.FileIO, stored: StoredArray, chunk: Chunk) -> tuple[Raw, bool]:
    """The bytes of a chunk without gzip, and whether they are still shuffled."""
    assert stored.chunk is not None
    stream.seek(chunk.offset)
    raw: Raw = _exactly(stream, chunk.size, stored)
    expected = stored.dtype.itemsize * int(np.prod(stored.chunk))
    shuffled = False
    for i, code in reversed(list(enumerate(stored.filters))):
        if chunk.skipped >> i & 1:
            continue
        if code != DEFLATE:
            shuffled = True
            continue
        inflate = zlib.decompressobj()
        try:
            # One byte more than expected, so that a chunk that would not end is noticed.
            raw = inflate.decompress(raw, expected + 1)
        except zlib.error as error:
            raise damaged(f"a chunk of dataset {stored.path} is not gzip's ({error})") from None
    if len(raw) != expected:
        raise damaged(f"a chunk of dataset {stored.path} must inflate to {expected:,} bytes")
    return raw, shuffled


def _fill(
    array: np.ndarray,
    stored: StoredArray,
    shape: tuple[int, ...],
    chunk: Chunk,
    inflated: tuple[Raw, bool],
) -> None:
    """Put a chunk's values into `array`; chunks at the end reach beyond it."""
    raw, shuffled = inflated
    ends = [min(first + c, n) for first, c, n in zip(chunk.start, shape, array.shape, strict=True)]
    place = tuple(slice(first, end) for first, end in zip(chunk.start, ends, strict=True))
    inside = tuple(slice(0, end - first) for first, end in zip(chunk.start, ends, strict=True))
    if shuffled and stored.dtype.itemsize > 1:
        # All first bytes of the values, then all second bytes, …
        planes = np.frombuffer(raw, np.uint8).reshape(stored.dtype.itemsize, -1)
        values = np.ascontiguousarray(planes.T).view(stored.dtype)
    else:
        values = np.frombuffer(raw, stored.dtype)
    array[place] = values.reshape(shape)[inside]


def _exactly(stream: io.FileIO, count: int, stored: StoredArray) -> bytearray:
    """The next `count` bytes."""
    raw = bytearray(count)
    view, done = memoryview(raw), 0
    while done < count and (step := stream.readinto(view[done:])):
        done += step
    if done < count:
        raise damaged(f"dataset {stored.path} ends too early")
    return raw


def _compression(shape: tuple[int, ...], itemsize: int) -> dict[str, Any]:
    """Options for `create_dataset`: a chunk is a block as written, so each is compressed once."""
    if itemsize * int(np.prod(shape)) <= COMPRESS_ABOVE:
        return {}
    first = next(slabs(shape, itemsize))
    chunks = tuple(part.stop - part.start for part in first) + shape[len(first) :]
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 1, "shuffle": True}
