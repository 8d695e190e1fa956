"""What an encoder is, and how texts and images are to be encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from condense.encode.portions import Cluster

Content = TypeVar("Content", contravariant=True)

OnEncoded = Callable[[str, int, int], None]
"""Told what is encoded ("image"), how many are done, and of how many."""

Into = Callable[[int], tuple[NDArray[np.float32], NDArray[np.int64]]]
"""From their width, a matrix of zeros that features are written to, and the row of each item in it."""

TF_IDF, HISTOGRAM = "tf-idf", "histogram"
"""The encoders that need no model."""


class Encoder(Protocol[Content]):
    """Makes features of contents, each by itself.

    Attributes:
        name: for notes.
        identity: names the features: encoders of one identity give one content the same.
        width: columns.
        batch: how many contents are encoded at a time.
        weights: bytes that its weights take in memory.
    """

    name: str
    identity: str
    width: int
    batch: int
    weights: int

    def encode(self, batch: Sequence[Content]) -> NDArray[np.float32]:
        """The features of b contents, float32 [b, width]."""
        ...


class UnreadableError(ValueError):
    """A content that no encoder can read; the message is the reason."""


@dataclass(frozen=True)
class Encoding:
    """How texts and images are encoded.

    Attributes:
        text: TF_IDF, or a text, CLIP or SigLIP model: its folder, or its name on Hugging Face's hub.
        image: HISTOGRAM, or a CLIP or SigLIP model.
        device: of models: auto, cpu, cuda, …
        keep: folder for what is finished, so that an interrupted run goes on; None keeps nothing.
        on_encoded: called after each batch.
        cluster: encodes what needs no other contents, everything but TF_IDF, on its own devices; None
            encodes in this process.
    """

    text: str = TF_IDF
    image: str = HISTOGRAM
    device: str = "auto"
    keep: Path | None = None
    on_encoded: OnEncoded | None = None
    cluster: Cluster | None = None
