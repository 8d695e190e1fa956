"""Reads contents ahead of their use, in threads; what cannot be read says why."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from condense.encode.encoder import UnreadableError
from condense.encode.kept import content_key

Item = TypeVar("Item")
Made = TypeVar("Made")


class Read(NamedTuple):
    """What became of an item.

    Attributes:
        key: of its bytes; empty if they cannot be read.
        content: to be encoded; None if its features are kept, or it cannot be read or decoded.
        failure: why it cannot be read or decoded.
    """

    key: bytes = b""
    content: object = None
    failure: str | None = None


def look(
    item: Item,
    read: Callable[[Item], bytes],
    decode: Callable[[bytes], object],
    kept: Callable[[bytes], bool],
) -> Read:
    """Read an item.

    Args:
        item: to be read.
        read: the bytes of an item; may raise UnreadableError.
        decode: the content in them; may raise UnreadableError.
        kept: whether the features of the content with this key are kept.
    """
    key = b""
    try:
        content = read(item)
        key = content_key(content)
        return Read(key) if kept(key) else Read(key, decode(content))
    except UnreadableError as error:
        return Read(key, failure=str(error))


def ahead(
    pool: ThreadPoolExecutor, look: Callable[[Item], Made], items: Iterable[Item], count: int
) -> Iterator[Made]:
    """What `look` gives for each item, in order; at most `count` are ahead of their use."""
    rest, under_way = iter(items), deque[Future[Made]]()
    under_way.extend(pool.submit(look, item) for item in itertools.islice(rest, count))
    try:
        while under_way:
            done = under_way.popleft().result()
            under_way.extend(pool.submit(look, item) for item in itertools.islice(rest, 1))
            yield done
    finally:
        for future in under_way:
            future.cancel()
