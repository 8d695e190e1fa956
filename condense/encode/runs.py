"""Encodes many contents in batches, reads ahead in threads, and goes on where an earlier run ended."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from condense.encode.encoder import Encoder, Encoding, UnreadableError
from condense.encode.kept import Kept, content_key
from condense.errors import UserError

Item = TypeVar("Item")
Content = TypeVar("Content")
THREADS = min(8, os.cpu_count() or 1)


class _Read(NamedTuple):
    """An item that was read: its features if they are kept, else its content; or why it cannot be read."""

    key: bytes = b""
    row: NDArray[np.float32] | None = None
    content: object = None
    failure: str | None = None


def encode_all(
    encoder: Encoder[Content],
    items: Sequence[Item],
    read: Callable[[Item], bytes],
    decode: Callable[[bytes], Content],
    encoding: Encoding,
    what: str,
    into: tuple[NDArray[np.float32], Sequence[int] | NDArray[np.int64]] | None = None,
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """The features [items, width], and the number of each item without any -> why; its row is zero.

    Args:
        encoder: of the contents.
        items: what contents are read from.
        read: the bytes of an item; may raise UnreadableError.
        decode: the content in them; may raise UnreadableError.
        encoding: where finished features are kept, and who is told of the progress.
        what: is encoded, for messages.
        into: an array of zeros [n, width] to write to and return, and the row of each item in it.

    Raises:
        UserError: the encoder gives numbers that are not finite.
        FileError: finished features cannot be kept.
    """
    kept = Kept(encoding.keep, encoder.identity, encoder.width)
    if into is None:
        into = np.zeros((len(items), encoder.width), dtype=np.float32), range(len(items))
    x, place = into
    failed: dict[int, str] = {}
    waiting: list[tuple[int, _Read]] = []

    def look(item: Item) -> _Read:
        try:
            content = read(item)
            key = content_key(content)
            row = kept.get(key)
            return _Read(key, row, None if row is not None else decode(content))
        except UnreadableError as error:
            return _Read(failure=str(error))

    def encode() -> None:
        numbers = [place[number] for number, _ in waiting]
        rows = encoder.encode([each.content for _, each in waiting])  # type: ignore[misc]
        if not np.isfinite(rows).all():
            raise UserError(
                f"{what} encoder (got {encoder.name}) gives numbers that are not finite; choose another model"
            )
        x[numbers] = rows
        kept.add([each.key for _, each in waiting], rows)
        waiting.clear()

    with ThreadPoolExecutor(THREADS) as pool:
        for number, each in enumerate(_ahead(pool, look, items, 2 * encoder.batch)):
            if each.failure is not None:
                failed[number] = each.failure
            elif each.row is not None:
                x[place[number]] = each.row
            else:
                waiting.append((number, each))
            if len(waiting) == encoder.batch:
                encode()
            if encoding.on_encoded and (number + 1) % encoder.batch == 0:
                encoding.on_encoded(what, number + 1, len(items))
        if waiting:
            encode()
    kept.close()
    if encoding.on_encoded:
        encoding.on_encoded(what, len(items), len(items))
    return x, failed


def _ahead(
    pool: ThreadPoolExecutor, look: Callable[[Item], _Read], items: Sequence[Item], count: int
) -> Iterator[_Read]:
    """What `look` gives for each item, in order; at most `count` are ahead of their use."""
    rest, under_way = iter(items), deque[Future[_Read]]()
    under_way.extend(pool.submit(look, item) for item in itertools.islice(rest, count))
    try:
        while under_way:
            done = under_way.popleft().result()
            under_way.extend(pool.submit(look, item) for item in itertools.islice(rest, 1))
            yield done
    finally:
        for future in under_way:
            future.cancel()
