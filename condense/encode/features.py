"""The features of a data set's texts and images, with which of them have any."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.data.text import text_blocks
from condense.encode.elsewhere import encode_elsewhere
from condense.encode.encoder import TF_IDF, Encoding, Into
from condense.encode.kinds import IMAGE, TEXT, Kind
from condense.encode.runs import encode_all
from condense.errors import FileError
from condense.io.scratch import Room

SHOWN = 3
"""Unreadable images that a note lists."""


class Texts(Sized, Iterable[str], Protocol):
    """Texts that can be asked for several times."""


class FewWordsError(ValueError):
    """Texts without words in common, of which TF-IDF makes nothing."""


def encode_texts(texts: Texts, encoding: Encoding, room: Room = np.zeros) -> tuple[Tensor, Tensor]:
    """The features of texts, float32 [n, width], zero where a text is empty; and which are not, bool [n].

    Args:
        texts: the texts; TF_IDF asks for one after the other, and a model has all of them in memory.
        encoding: which encoder. TF_IDF looks at all texts at once; the others encode each by itself.
        room: makes the array of the features.

    Raises:
        FewWordsError: see `condense.data.text.text_features`.
        UserError: the encoder cannot be loaded.
    """
    size = np.fromiter(map(len, texts), np.int64, len(texts))
    has, rows = torch.from_numpy(size > 0), np.flatnonzero(size)
    if encoding.text == TF_IDF:
        try:
            width, blocks = text_blocks((text for text in texts if text), len(rows))
        except ValueError as error:
            raise FewWordsError(str(error)) from None
        x, done = room((len(texts), width), np.float32), 0
        for block in blocks:
            x[rows[done : done + len(block)]] = block
            done += len(block)
        return torch.from_numpy(x), has
    # Texts of one batch are padded to one length; the longest first, so that memory fails at once.
    rows = rows[np.argsort(-size[rows], kind="stable")]
    every = list(texts)

    def into(width: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return room((len(texts), width), np.float32), rows

    x, _ = _encoded(TEXT, encoding.text, [every[row] for row in rows], encoding, into)
    return torch.from_numpy(x), has


def _encoded(
    kind: Kind, name: str, items: Sequence[Any], encoding: Encoding, into: Into
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """See `encode_all`, which is done on the cluster if there is one."""
    if encoding.cluster is not None and items:
        return encode_elsewhere(kind, name, items, encoding, encoding.cluster, into)
    encoder = kind.load(name, encoding.device)
    return encode_all(encoder, items, kind.content, kind.decode, encoding, kind.what, into)


@dataclass(frozen=True)
class Images:
    """The features of images.

    Attributes:
        x: float32 [n, width]; zero where there is none.
        has: bool [n].
        unreadable: the path of each image that is missing or cannot be read -> why.
    """

    x: Tensor
    has: Tensor
    unreadable: Mapping[Path, str]

    def note(self, what: str) -> tuple[str, ...]:
        """The sentence that says which images of `what` are missing, if any are."""
        shown = [f"{path} ({reason})" for path, reason in list(self.unreadable.items())[:SHOWN]]
        if not shown:
            return ()
        more = len(self.unreadable) - len(shown)
        return (
            f"{what}: {len(self.unreadable):,} images are missing or cannot be read, so that their nodes "
            f"have no image: {', '.join(shown)}{f' and {more:,} more' if more else ''}",
        )


def encode_images(
    paths: Sequence[Path | None], encoding: Encoding, remedy: str, room: Room = np.zeros
) -> Images:
    """The features of image files, of which some may be missing or damaged.

    Args:
        paths: the files; None for a node without an image.
        encoding: which encoder.
        remedy: what to do where none can be read.
        room: makes the array of the features.

    Raises:
        FileError: none can be read.
        UserError: the encoder cannot be loaded.
    """
    rows = np.array([row for row, path in enumerate(paths) if path is not None], np.int64)
    files = [path for path in paths if path is not None]

    def into(width: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return room((len(paths), width), np.float32), rows

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it reads in spite of a fault.
        x, failed = _encoded(IMAGE, encoding.image, files, encoding, into)
    unreadable = {files[number]: reason for number, reason in failed.items()}
    if len(failed) == len(files):
        shown = "".join(f"; the first is {p} ({why})" for p, why in list(unreadable.items())[:1])
        raise FileError(f"none of {len(files):,} images can be read{shown}; {remedy}")
    has = torch.zeros(len(paths), dtype=torch.bool)
    has[[int(row) for number, row in enumerate(rows) if number not in failed]] = True
    return Images(torch.from_numpy(x), has, unreadable)
