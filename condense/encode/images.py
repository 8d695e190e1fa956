"""Reads image files: one frame, upright, in RGB, and never more pixels than memory takes."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from PIL import Image, ImageOps

from condense.encode.encoder import UnreadableError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is tried; some of Pillow's other formats start programs."""
PIXELS = 1 << 26
BYTES = 1 << 28
"""More pixels, or a longer file, are no picture of a product but an attack or an accident."""
SIDE = 1024
"""Images with a longer side are reduced by a whole number, since models see a few hundred pixels."""


def image_bytes(path: Path) -> bytes:
    """What is in an image's file.

    Raises:
        UnreadableError: there is none, or it is too long.
    """
    if re.search("https?:/", str(path)):  # A path has one slash where an address has two.
        raise UnreadableError("an address, not a file; download it")
    try:
        if not path.is_file():  # Reading a pipe could wait for ever.
            raise UnreadableError("no such file")
        size = path.stat().st_size
        if size > BYTES:
            raise UnreadableError(f"{size:,} bytes, where {BYTES:,} are allowed")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(getattr(error, "strerror", None) or str(error)) from None


def decoded(content: bytes) -> Image.Image:
    """The image in a file's bytes; transparency is white.

    Raises:
        UnreadableError: it is damaged, none of FORMATS, or has more than PIXELS.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > PIXELS:
                raise UnreadableError(f"{width:,} × {height:,} pixels, more than {PIXELS:,}")
            image.load()
            with contextlib.suppress(Exception):  # A damaged note on how the camera was held.
                image = ImageOps.exif_transpose(image)
            return _reduced(_on_white(image))
    except UnreadableError:
        raise
    except Image.UnidentifiedImageError:
        raise UnreadableError(f"none of {', '.join(FORMATS)}") from None
    except Exception as error:  # A damaged file may raise anything in Pillow.
        raise UnreadableError(str(error) or type(error).__name__) from None


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _reduced(image: Image.Image) -> Image.Image:
    factor = -(-max(image.size) // SIDE)
    return image if factor == 1 else image.reduce(factor)
