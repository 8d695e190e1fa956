"""The encoder that a name stands for."""

from __future__ import annotations

from PIL import Image

from condense.encode.encoder import HISTOGRAM, Encoder
from condense.encode.histograms import Histograms


def text_encoder(name: str, device: str) -> Encoder[str]:
    """The text encoder in a folder or of the hub.

    Raises:
        UserError: see `condense.encode.hugging_face`.
    """
    from condense.encode.hugging_face import TextModel  # Seconds to import.

    return TextModel(name, device)


def image_encoder(name: str, device: str) -> Encoder[Image.Image]:
    """The image encoder HISTOGRAM, in a folder, or of the hub.

    Raises:
        UserError: see `condense.encode.hugging_face`.
    """
    if name == HISTOGRAM:
        return Histograms()
    from condense.encode.hugging_face import ImageModel

    return ImageModel(name, device)
