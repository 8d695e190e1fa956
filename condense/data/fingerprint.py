"""Hashes of graphs: equal for equal content, independent of device and strides.

`fingerprint` identifies a whole graph in a condensed graph's provenance. `Digest`, which defines how
records and arrays become bytes, also computes the checksum of a file.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.data.sparse import WIDEST, Csr, dense_blocks, is_sparse, visible_entries
from condense.data.spread.spread import SPREAD, spread_of
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names

BLOCK_BYTES = 1 << 20
"""Arrays are hashed, written and read in blocks of about this size."""

DTYPES: dict[str, torch.dtype] = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
}
"""The data types allowed in a hash or a file, with their numpy names."""


class Digest:
    """SHA-256 of records and arrays, framed so that different contents give different bytes.

    A record is one line of compact JSON (ASCII, keys sorted). An array is the record
    [name, dtype, shape] followed by its values, little-endian and in C order.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def record(self, value: Any) -> None:
        """Add a JSON value."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        self._hash.update(text.encode("ascii") + b"\n")

    def array(self, name: str, dtype: str, shape: Sequence[int], blocks: Iterable[Any]) -> None:
        """Add an array whose values come in consecutive `blocks`, in C order."""
        self.record([name, dtype, list(shape)])
        for block in blocks:
            little = np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("<"))
            self._hash.update(little.data)

    def hexdigest(self) -> str:
        """The hash of everything added so far, as 64 hexadecimal digits."""
        return self._hash.hexdigest()


def slabs(shape: Sequence[int], itemsize: int) -> Iterator[Window]:
    """Indices that divide an array of `shape` into blocks of about BLOCK_BYTES, in C order.

    A block is a range of rows or, if one row exceeds BLOCK_BYTES (edge_index), a part of a row. An empty
    array has no blocks.
    """
    if 0 in shape:
        return
    row_bytes = itemsize * math.prod(shape[1:])
    if len(shape) == 1 or row_bytes <= BLOCK_BYTES:
        rows = max(1, BLOCK_BYTES // row_bytes)
        for first in range(0, shape[0], rows):
            yield (slice(first, min(first + rows, shape[0])),)
        return
    columns = max(1, BLOCK_BYTES * shape[1] // row_bytes)
    for row in range(shape[0]):
        for first in range(0, shape[1], columns):
            yield (slice(row, row + 1), slice(first, min(first + columns, shape[1])))


def dtype_name(tensor: Tensor, where: str) -> str:
    """The numpy name of the data type of `tensor`; messages call the tensor `where`.

    Raises:
        GraphError: a type outside DTYPES (bfloat16, complex), or a sparse or quantised tensor.
    """
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES or tensor.layout != torch.strided:
        raise GraphError(
            f"{where} (got {name}, {tensor.layout}) must be a dense tensor of {', '.join(DTYPES)}; "
            "convert it, for example with .float() or .to_dense()"
        )
    return name


def numpy_block(tensor: Tensor, slab: Window) -> np.ndarray:
    """One block of `tensor` on the CPU, copied without the rest of the tensor."""
    return tensor.detach()[slab].cpu().numpy()


Window = tuple[slice, ...]
"""A part of an array: a range, with both ends, on each axis or on the first ones."""
Blocks = Iterable[tuple[Window, np.ndarray]]
"""Consecutive blocks of an array in C order, each with its place."""
Read = Callable[[Any, str], Blocks]
"""Reads the array of this name of a node type or relation."""


def fingerprint(graph: MultimodalGraph, read: Read | None = None) -> str:
    """SHA-256 of the content of a graph, as 64 hexadecimal digits.

    It covers target, num_classes, the node types, relations and modalities in their order, and every
    array's name, type, shape and values. What a condenser must not or cannot see has no influence: y
    counts as −1 on test nodes, and feature rows of nodes without the modality count as 0. The data
    set's name and source are not part of the content. A sparse modality counts as the dense one that it
    stands for; one that is wider than WIDEST, which is not read like a dense one, by its entries. A condensed
    graph's spread is part of it.

    Args:
        graph: of any kind.
        read: gives the values of arrays that `graph` has on torch's meta device, where they have none.

    Raises:
        GraphError: an array has a type outside DTYPES, such as bfloat16.
    """
    hidden = hide_test_labels(graph)
    digest = Digest()
    digest.record([hidden.target, int(hidden.num_classes)])
    for node_type in hidden.node_types:
        store = hidden[node_type]
        modalities = modality_names(store)
        digest.record(["nodes", node_type, int(store.num_nodes), list(modalities)])
        # Sorted, because the order in which attributes were set is not part of the data.
        for key in sorted(k for k in store if k != "num_nodes"):
            modality = key.removeprefix(FEATURE_PREFIX)
            if is_sparse(store[key]):
                _add_sparse(digest, key, store[key], visible_entries(store, modality))
                continue
            keep = (
                store.get(MASK_PREFIX + modality)
                if modality in modalities and modality != key
                else None
            )
            blocks = read(node_type, key) if read and store[key].is_meta else _blocks(store[key])
            _add(digest, key, store[key], blocks, f"graph[{node_type!r}].{key}", keep)
    for relation in hidden.edge_types:
        store = hidden[relation]
        digest.record(["edges", list(relation)])
        for key in sorted(store):
            blocks = read(relation, key) if read and store[key].is_meta else _blocks(store[key])
            _add(digest, key, store[key], blocks, f"graph[{relation!r}].{key}")
    if (spread := spread_of(hidden)) is not None:
        places = [[list(relation) for relation in place] for place in spread.places]
        digest.record([SPREAD, places, dict(spread.basis_of)])
        for key, tensor in spread.arrays():
            _add(digest, key, tensor, _blocks(tensor), f"graph.{SPREAD}.{key}")
    return digest.hexdigest()


def _blocks(tensor: Tensor) -> Blocks:
    for slab in slabs(tensor.shape, tensor.element_size()):
        yield slab, numpy_block(tensor, slab)


def _add(
    digest: Digest,
    name: str,
    tensor: Tensor,
    blocks: Blocks,
    where: str,
    keep: Tensor | None = None,
) -> None:
    """Add an array of the type and shape of `tensor` [n, …], with zeros in the rows outside `keep` [n]."""

    def kept() -> Iterator[np.ndarray]:
        for window, block in blocks:
            yield block if keep is None else zeroed(block, numpy_block(keep, window[:1]))

    digest.array(name, dtype_name(tensor, where), tensor.shape, kept())


def zeroed(block: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The rows `block` [k, width], with zeros where `keep` [k] is False."""
    # np.where rather than a product, since the hidden rows may hold NaN.
    return np.where(keep[:, None], block, block.dtype.type(0))


def _add_sparse(digest: Digest, name: str, x: Tensor, entries: Csr) -> None:
    """Add the CSR tensor `x` [n, width], of which `entries` are the visible ones."""
    dtype, (n, width) = str(x.dtype).removeprefix("torch."), x.shape
    if width <= WIDEST:
        rows = max(1, BLOCK_BYTES // (x.element_size() * width))
        blocks = (block.astype(dtype) for block in dense_blocks(entries, rows))
        digest.array(name, dtype, x.shape, blocks)
        return
    digest.record([name, "sparse", [n, width]])
    digest.array("indptr", "int64", [n + 1], [entries.indptr.astype(np.int64)])
    digest.array("indices", "int64", [entries.nnz], [entries.indices.astype(np.int64)])
    digest.array("values", dtype, [entries.nnz], [entries.data.astype(dtype)])
