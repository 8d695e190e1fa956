"""Finds products' images in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from condense.errors import FileError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""In the order in which they are taken, where a product has several."""


def pictures(folder: Path, asins: Sequence[str]) -> list[Path]:
    """The image of each product: `folder`/ASIN with one of ENDINGS in any case; the first if there is none.

    Raises:
        FileError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileError(f"images (got {folder}) is no folder; give the one with ASIN.jpg, …")
    found: dict[str, tuple[int, str]] = {}
    for name in sorted(os.listdir(folder)):
        stem, ending = os.path.splitext(name)
        if ending.lower() in ENDINGS:
            rank = ENDINGS.index(ending.lower())
            found[stem] = min(found.get(stem, (rank, name)), (rank, name))
    return [folder / (found[asin][1] if asin in found else f"{asin}{ENDINGS[0]}") for asin in asins]
