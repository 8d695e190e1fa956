"""Verifies a graph file in blocks, as `load` and `condense` check a graph in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from condense.data.fingerprint import BLOCK_BYTES, Blocks, Digest, fingerprint, slabs
from condense.data.graph import MultimodalGraph
from condense.data.rules.watch import Watch
from condense.errors import GraphError
from condense.io.arrays import graph_dtype
from condense.io.contents import Contents
from condense.io.members import OpenFile, file_errors
from condense.io.names import decoded
from condense.io.outline import dense_arrays
from condense.io.read import breaks_a_rule
from condense.io.schema import EDGE_INDEX
from condense.io.stored import StoredArray
from condense.io.windows import ArrayReader


def verify(path: Path, file: OpenFile, contents: Contents, outline: MultimodalGraph) -> str:
    """Compare the checksum, check the values that `outline` lacks, and give the graph's fingerprint.

    The arrays are read twice, since checksum and fingerprint hash them in different orders.

    Args:
        path: of the file, for messages.
        file: the open file.
        contents: of the file.
        outline: of its graph, which has passed the rules of what it has.

    Raises:
        FileError: the contents do not match the checksum, or break a rule of the data type.
        GraphError: features are too large to be condensed.
    """
    arrays, watch = dense_arrays(contents), Watch(outline)
    with file_errors(path):
        contents.check(_data_digest(file, contents, arrays, watch))
    try:
        watch.check()
    except GraphError as error:
        raise breaks_a_rule(path, error) from error
    watch.check_sizes()
    with file_errors(path):
        return fingerprint(outline, lambda key, name: _blocks(file, arrays[key, name], name))


def _data_digest(
    file: OpenFile, contents: Contents, arrays: Mapping[tuple[Any, str], StoredArray], watch: Watch
) -> str:
    """The data digest of a file, whose values `watch` sees."""
    digest = Digest()

    def seen(key: Any, attribute: str) -> Iterator[np.ndarray]:
        look = watch.array(key, attribute)
        for window, block in _blocks(file, arrays[key, attribute], attribute):
            look(window, block)
            yield block

    for store in contents.stores:
        digest.record(store.record)
        for name in store.arrays:
            attribute = decoded(name, contents.header.version)
            array = arrays[store.key, attribute]
            blocks = seen(store.key, attribute)
            digest.array(name, graph_dtype(attribute, array), array.shape or (), blocks)
    return digest.hexdigest()


def _blocks(file: OpenFile, array: StoredArray, attribute: str) -> Blocks:
    """The values of an array in C order: whole rows, but of edge_index parts of a row."""
    assert array.shape is not None
    shape, dtype = array.shape, np.dtype(graph_dtype(attribute, array))
    reader = ArrayReader(file, array)
    if attribute == EDGE_INDEX:
        parts = [
            (slice(row, row + 1), columns) for row in (0, 1) for (columns,) in slabs(shape[1:], 8)
        ]
    else:
        rows = max(1, BLOCK_BYTES // max(1, dtype.itemsize * math.prod(shape[1:])))
        parts = [(slice(first, min(first + rows, shape[0])),) for first in range(0, shape[0], rows)]
    for window in parts:
        full = (*window, *(slice(0, n) for n in shape[len(window) :]))
        block = np.empty([part.stop - part.start for part in full], dtype)
        reader.fill(block, full)
        yield window, block
