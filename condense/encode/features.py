"""The features of a data set's texts and images, with which of them have any."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from condense.data.text import text_features
from condense.encode.elsewhere import encode_elsewhere
from condense.encode.encoder import TF_IDF, Encoding
from condense.encode.kinds import IMAGE, TEXT, Kind
from condense.encode.runs import encode_all
from condense.errors import FileError

SHOWN = 3
"""Unreadable images that a note lists."""


class FewWordsError(ValueError):
    """Texts without words in common, of which TF-IDF makes nothing."""


def encode_texts(texts: Sequence[str], encoding: Encoding) -> tuple[Tensor, Tensor]:
    """The features of texts, float32 [n, width], zero where a text is empty; and which are not, bool [n].

    Args:
        texts: the texts.
        encoding: which encoder. TF_IDF looks at all texts at once; the others encode each by itself.

    Raises:
        FewWordsError: see `condense.data.text.text_features`.
        UserError: the encoder cannot be loaded.
    """
    has = torch.tensor([bool(text) for text in texts], dtype=torch.bool)
    rows = [row for row, text in enumerate(texts) if text]
    if encoding.text == TF_IDF:
        try:
            made = text_features([texts[row] for row in rows])
        except ValueError as error:
            raise FewWordsError(str(error)) from None
    else:
        # Texts of one batch are padded to one length; the longest first, so that memory fails at once.
        rows.sort(key=lambda row: -len(texts[row]))
        made = _encoded(TEXT, encoding.text, [texts[row] for row in rows], encoding)[0]
    x = torch.zeros(len(texts), made.size(1))
    x[rows] = made
    return x, has


def _encoded(
    kind: Kind, name: str, items: Sequence[Any], encoding: Encoding
) -> tuple[Tensor, dict[int, str]]:
    """See `encode_all`, which is done on the cluster if there is one."""
    if encoding.cluster is not None and items:
        x, failed = encode_elsewhere(kind, name, items, encoding, encoding.cluster)
    else:
        encoder = kind.load(name, encoding.device)
        x, failed = encode_all(encoder, items, kind.content, kind.decode, encoding, kind.what)
    return torch.from_numpy(x), failed


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


def encode_images(paths: Sequence[Path | None], encoding: Encoding, remedy: str) -> Images:
    """The features of image files, of which some may be missing or damaged.

    Args:
        paths: the files; None for a node without an image.
        encoding: which encoder.
        remedy: what to do where none can be read.

    Raises:
        FileError: none can be read.
        UserError: the encoder cannot be loaded.
    """
    rows = [row for row, path in enumerate(paths) if path is not None]
    files = [path for path in paths if path is not None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it reads in spite of a fault.
        x, failed = _encoded(IMAGE, encoding.image, files, encoding)
    unreadable = {files[number]: reason for number, reason in failed.items()}
    if len(failed) == len(files):
        shown = "".join(f"; the first is {p} ({why})" for p, why in list(unreadable.items())[:1])
        raise FileError(f"none of {len(files):,} images can be read{shown}; {remedy}")
    has = torch.zeros(len(paths), dtype=torch.bool)
    has[[row for number, row in enumerate(rows) if number not in failed]] = True
    whole = torch.zeros(len(paths), x.size(1))
    whole[rows] = x
    return Images(whole, has, unreadable)
