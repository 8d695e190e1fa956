"""Image files as pixels; what is none says why."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condense.encode.encoder import UnreadableError
from condense.encode.images import SIDE, decoded, image_bytes


def spelt(image: Image.Image, kind: str = "PNG", **more) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **more)
    return stream.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of few bytes with side² grey pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + end


def test_pixels_are_upright_opaque_and_rgb() -> None:
    colours = np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8)  # red, blue
    image = Image.fromarray(colours)
    assert np.array_equal(np.asarray(decoded(spelt(image))), colours)
    turned = Image.Exif()
    turned[0x0112] = 8  # A quarter to the left.
    upright = decoded(spelt(image, exif=turned))
    assert np.asarray(upright).tolist() == [[[0, 0, 255]], [[255, 0, 0]]]
    half = Image.new("RGBA", (1, 1), (255, 0, 0, 0))
    assert np.asarray(decoded(spelt(half))).tolist() == [[[255, 255, 255]]]
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE)
    assert decoded(spelt(palette, "GIF")).mode == "RGB"


def test_large_images_are_reduced() -> None:
    image = decoded(spelt(Image.new("RGB", (3 * SIDE, 30), "red"), "JPEG"))
    assert image.size == (SIDE, 10)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "none of JPEG"),
        (b"GIF89a", "none of JPEG|cannot"),
        (spelt(Image.new("RGB", (90, 90), "red"))[:-40], "truncated|broken"),
        (bomb(12_000), "12,000 × 12,000 pixels, more than"),
        (bomb(30_000), "decompression bomb"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "none of JPEG"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_image(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        decoded(content)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "none.png", "no such file"),
        (tmp_path / "pipe", "no such file"),
        (tmp_path, "no such file"),
        (tmp_path / ("a" * 300), "File name too long"),
        (tmp_path / "a\0b", "no such file"),
        (tmp_path / "https://example.org/a.jpg", "an address, not a file"),
    ):
        with pytest.raises(UnreadableError, match=reason):
            image_bytes(path)
    with (tmp_path / "long").open("wb") as file:
        file.truncate((1 << 28) + 1)
    with pytest.raises(UnreadableError, match="268,435,457 bytes"):
        image_bytes(tmp_path / "long")
