"""Encodes contents in batches, reads ahead in threads, and goes on where an earlier run ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from condense.encode.encoder import Encoder, Encoding, Into
from condense.encode.kept import Kept
from condense.encode.reading import Read, ahead, look
from condense.errors import UserError

Item = TypeVar("Item")
Content = TypeVar("Content")
THREADS = min(8, os.cpu_count() or 1)


def encode_all(
    encoder: Encoder[Content],
    items: Sequence[Item],
    read: Callable[[Item], bytes],
    decode: Callable[[bytes], Content],
    encoding: Encoding,
    what: str,
    into: Into,
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Write the features of items to a matrix; an item without any leaves its row zero.

    Returns the matrix, and the number of each item without features -> why.

    Args:
        encoder: of the contents.
        items: what contents are read from.
        read: the bytes of an item; may raise UnreadableError.
        decode: the content in them; may raise UnreadableError.
        encoding: where finished features are kept, and who is told of the progress.
        what: is encoded, for messages.
        into: makes the matrix.

    Raises:
        UserError: the encoder gives numbers that are not finite.
        FileError: finished features cannot be kept.
    """
    kept = Kept(encoding.keep, encoder.identity, encoder.width)
    x, place = into(encoder.width)
    failed: dict[int, str] = {}
    waiting: list[tuple[int, Read]] = []

    def encode() -> None:
        numbers = [place[number] for number, _ in waiting]
        rows = encoder.encode([each.content for _, each in waiting])  # type: ignore[misc]
        check_finite(rows, what, encoder.name)
        x[numbers] = rows
        kept.add([each.key for _, each in waiting], rows)
        waiting.clear()

    looking = partial(look, read=read, decode=decode, kept=kept.__contains__)
    with ThreadPoolExecutor(THREADS) as pool:
        for number, each in enumerate(ahead(pool, looking, items, 2 * encoder.batch)):
            if each.failure is not None:
                failed[number] = each.failure
            elif each.content is None:
                x[place[number]] = kept[each.key]
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


def check_finite(rows: NDArray[np.float32], what: str, name: str) -> None:
    """Raise a UserError where features hold numbers that are not finite.

    Args:
        rows: the features.
        what: was encoded, for the message.
        name: of the encoder, for the message.
    """
    if not np.isfinite(rows).all():
        raise UserError(
            f"{what} encoder (got {name}) gives numbers that are not finite; choose another model"
        )
