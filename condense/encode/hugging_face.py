"""Text models, CLIP and SigLIP as encoders. Features have length one, and are computed in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from condense.device import find_device
from condense.encode.identity import image_identity, text_identity
from condense.encode.loading import (
    enough_memory,
    load_model,
    model_folder,
    transformers_of,
)
from condense.encode.pooling import POOL, Pooling, pooling_of
from condense.errors import UserError

BATCH = 32
TOKENS = 512
"""The longest text, if the model does not say less; what follows is cut off."""
TEXT, IMAGE = "text encoder", "image encoder"


class TextModel:
    """The text tower of CLIP or SigLIP, or any text model, whose tokens' features are pooled.

    Args:
        name: a folder, or a name on Hugging Face's hub.
        device: auto, cpu, cuda, …

    Raises:
        UserError: the package transformers is missing, or the model cannot be loaded.
    """

    batch = BATCH

    def __init__(self, name: str, device: str) -> None:
        with transformers_of(name, TEXT) as transformers:
            self.name, self._device = name, find_device(device)
            folder = model_folder(name, TEXT)
            model = load_model(folder, name, TEXT, transformers)
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
            if self._tokenizer.pad_token is None:
                self._tokenizer.pad_token = self._tokenizer.eos_token
            self._pooling = None
            if not hasattr(model, "get_text_features"):
                self._pooling = pooling_of(folder, name)
                model = model.get_encoder() if model.config.is_encoder_decoder else model
            self._model, self.weights = model.to(self._device), model.get_memory_footprint()
            self._tokens = _longest(model.config, self._tokenizer, self._pooling)
            # It was trained with texts of one length, and without a mask.
            self._siglip = "siglip" in model.config.model_type
            self.identity = text_identity(
                model, folder, self._tokenizer, self._pooling, self._tokens
            )
            self.width = self.encode(["a"]).shape[1]

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """The features of b texts, float32 [b, width]."""
        tokens = self._tokenizer(
            list(batch),
            padding="max_length" if self._siglip else "longest",
            truncation=True,
            max_length=self._tokens,
            return_tensors="pt",
        ).to(self._device)
        with torch.inference_mode(), enough_memory(self.name):
            if self._siglip:
                return _rows(self._model.get_text_features(tokens["input_ids"]))
            if self._pooling is None:
                return _rows(self._model.get_text_features(**tokens))
            hidden = self._model(**tokens).last_hidden_state  # [b, t, d]
            return _rows(POOL[self._pooling.mode](hidden, tokens["attention_mask"]))


class ImageModel:
    """The image tower of CLIP or SigLIP.

    Args:
        name: a folder, or a name on Hugging Face's hub.
        device: auto, cpu, cuda, …

    Raises:
        UserError: the package transformers is missing, or the model cannot be loaded, or reads no images.
    """

    batch = BATCH

    def __init__(self, name: str, device: str) -> None:
        with transformers_of(name, IMAGE) as transformers:
            self.name, self._device = name, find_device(device)
            folder = model_folder(name, IMAGE)
            model = load_model(folder, name, IMAGE, transformers)
            if not hasattr(model, "get_image_features"):
                raise UserError(
                    f"{IMAGE} (got {name}, a {model.config.model_type}) must be a model of images and texts, "
                    "such as CLIP or SigLIP; choose another"
                )
            # The other backend needs torchvision.
            self._processor = transformers.AutoImageProcessor.from_pretrained(
                folder, backend="pil", trust_remote_code=False, local_files_only=True
            )
            self._model, self.weights = model.to(self._device), model.get_memory_footprint()
            self.identity = image_identity(model, self._processor)
            self.width = self.encode([Image.new("RGB", (8, 8))]).shape[1]

    def encode(self, batch: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The features of b images in RGB, float32 [b, width]."""
        pixels = self._processor(images=list(batch), return_tensors="pt").to(self._device)
        with torch.inference_mode(), enough_memory(self.name):
            return _rows(self._model.get_image_features(**pixels))


def _longest(config: Any, tokenizer: Any, pooling: Pooling | None) -> int:
    """The number of tokens at which texts are cut."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None) or TOKENS
    said = pooling.tokens if pooling and pooling.tokens else TOKENS
    return min(TOKENS, positions, said, tokenizer.model_max_length)


def _rows(features: Any) -> NDArray[np.float32]:
    """Features [b, d] of length one; zeros stay."""
    x: Tensor = features if isinstance(features, Tensor) else features.pooler_output
    return torch.nn.functional.normalize(x.float(), dim=1).cpu().numpy()
