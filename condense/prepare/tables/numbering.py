"""The numbers of nodes that ids stand for, of a stream of ids that is longer than memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.acero as acero
from numpy.typing import NDArray

from condense.prepare.tables.compute import place_in

MOST_ROWS = 1 << 15
"""pyarrow divides longer batches. It reads some dozens of them ahead."""
Ends = tuple[pa.Array, pa.Array]
Numbers = tuple[NDArray[np.int64], NDArray[np.int64]]


@contextmanager
def numbering(
    batches: Iterable[Ends], sources: pa.Array, targets: pa.Array
) -> Iterator[Iterator[Numbers]]:
    """Where the ends of edges are among ids; −1 for those that are not there, and for null.

    An index of the ids is made once, where the function of pyarrow that looks up a batch makes one for each.

    Args:
        batches: of strings, those of sources [k] and those of targets [k], with k at most MOST_ROWS / 2.
        sources: ids [n], each once.
        targets: likewise; the same array shares its index.

    Yields:
        The numbers of both ends of each batch.
    """
    known = {"source": sources} if sources is targets else {"source": sources, "target": targets}
    schema = pa.schema(dict.fromkeys(known, pa.large_string()))
    wanted = True
    failed: list[Exception] = []

    def columns() -> Iterator[pa.RecordBatch]:
        try:
            for ends in batches:
                if not wanted:  # pyarrow would read to the end, even where nobody asks any more.
                    return
                arrays = [pa.concat_arrays(ends)] if len(known) == 1 else list(ends)
                yield pa.record_batch(arrays, schema=schema)
        except Exception as error:  # pyarrow would keep it, and all that it refers to, for ever.
            failed.append(error)

    reader = pa.RecordBatchReader.from_batches(schema, columns())
    lookups = [place_in(name, ids) for name, ids in known.items()]
    plan = acero.Declaration.from_sequence(
        [
            acero.Declaration(
                "record_batch_reader_source", acero.RecordBatchReaderSourceNodeOptions(reader)
            ),
            acero.Declaration("project", acero.ProjectNodeOptions(lookups, list(known))),
        ]
    )

    def numbers() -> Iterator[Numbers]:
        yield from map(_numbers, plan.to_reader(use_threads=False))
        if failed:
            raise failed.pop()

    try:
        yield numbers()
    finally:
        wanted = False


def _numbers(batch: pa.RecordBatch) -> Numbers:
    found = [
        column.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        for column in batch.columns
    ]
    first, second = found if len(found) == 2 else np.split(found[0], 2)
    return first, second
