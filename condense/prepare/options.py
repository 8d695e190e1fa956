"""What some formats can be told besides the source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from condense.encode.encoder import HISTOGRAM, TF_IDF, Encoding, OnEncoded
from condense.io.scratch import Scratch
from models.choices import registered

if TYPE_CHECKING:
    from condense.encode.portions import Cluster

ENCODERS = ("text_encoder", "image_encoder")
REVIEWS = (*ENCODERS, "images", "reviews", "label_level", "least_items")
"""Options of formats with texts and images, and those of review files."""


@dataclass(frozen=True)
class ReadOptions:
    """Options of single formats.

    Attributes:
        text_encoder: "tf-idf", or a text, CLIP or SigLIP model: its folder, or its name on Hugging Face's
            hub, which @ and a revision may follow.
        image_encoder: "histogram", or a CLIP or SigLIP model.
        images: folder with images that are named after products.
        reviews: file of reviews, whose texts are added to the products'.
        label_level: which level of a product's category is its class; 1 is the most general.
        least_items: products that a class needs; those of smaller classes are unlabelled.
        device: of encoders: auto, cpu, cuda, …
        keep: folder for finished features, so that an interrupted run goes on; None keeps nothing.
        on_encoded: told of the progress after each batch.
        cluster: encodes on several machines, see `condense.encode.encoder.Encoding`; None in this process.
        scratch: where the large arrays of tables are.
    """

    text_encoder: str = TF_IDF
    image_encoder: str = HISTOGRAM
    images: Path | None = None
    reviews: Path | None = None
    label_level: int = 2
    least_items: int = 100
    device: str = "auto"
    keep: Path | None = None
    on_encoded: OnEncoded | None = field(default=None, compare=False)
    cluster: Cluster | None = field(default=None, compare=False)
    scratch: Scratch = field(default_factory=Scratch)

    @property
    def encoding(self) -> Encoding:
        """How texts and images are encoded; encoders without a model may be spelt TF-IDF or tfidf."""
        text = registered((TF_IDF,), self.text_encoder) or self.text_encoder
        image = registered((HISTOGRAM,), self.image_encoder) or self.image_encoder
        return Encoding(text, image, self.device, self.keep, self.on_encoded, self.cluster)

    def notes(self) -> tuple[str, ...]:
        """The sentence that names encoders which the user chose, if any."""
        chosen = [name for name in ENCODERS if name in self.given()]
        said = [f"{name.removesuffix('_encoder')} by {getattr(self, name)}" for name in chosen]
        return (f"encoders: {', '.join(said)}",) if said else ()

    def given(self) -> dict[str, object]:
        """The options of single formats that are not the default."""
        found = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        return {name: found[name][0] for name in REVIEWS if found[name][0] != found[name][1]}


DEFAULTS = ReadOptions()
