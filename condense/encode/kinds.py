"""The two kinds of contents, texts and images: how they are read, and which encoders they have."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.encode.choice import image_encoder, text_encoder
from condense.encode.encoder import Encoder
from condense.encode.images import decoded, image_bytes


@dataclass(frozen=True)
class Kind:
    """A kind of contents. Its functions are those of modules, so that it can be sent to other processes.

    Attributes:
        what: it is, for messages.
        load: the encoder of a name on a device; raises UserError.
        pack: an item as bytes, which mean the same on all machines.
        read: the bytes of the content of an item that was packed; may raise UnreadableError.
        decode: the content in its bytes; may raise UnreadableError.
        file: the file that holds the content of an item; None if the item holds it itself.
    """

    what: str
    load: Callable[[str, str], Encoder[Any]]
    pack: Callable[[Any], bytes]
    read: Callable[[bytes], bytes]
    decode: Callable[[bytes], Any]
    file: Callable[[Any], Path | None]

    def content(self, item: Any) -> bytes:
        """The bytes of the content of an item; may raise UnreadableError."""
        return self.read(self.pack(item))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _itself(content: bytes) -> bytes:
    return content


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _no_file(text: str) -> None:
    return None


def _path(path: Path) -> bytes:
    return os.fsencode(path.absolute())


def _file_bytes(path: bytes) -> bytes:
    return image_bytes(Path(os.fsdecode(path)))


TEXT = Kind("text", text_encoder, _encoded, _itself, _text, _no_file)
IMAGE = Kind("image", image_encoder, _path, _file_bytes, decoded, Path)
