"""Names models by all that their features depend on: equal wherever a copy of the folder is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from condense.encode.pooling import Pooling

NO_SETTINGS = ("_name_or_path", "_commit_hash", "transformers_version")
"""Keys of a configuration that say where a model came from."""
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


def text_identity(
    model: Any, folder: Path, tokenizer: Any, pooling: Pooling | None, tokens: int
) -> str:
    """Names a text model.

    Args:
        model: of the package transformers.
        folder: of the model.
        tokenizer: its own, before its first use.
        pooling: of the tokens' features.
        tokens: at which texts are cut.
    """
    return _identity(model, [repr((pooling, tokens)).encode(), *_tokenizer(folder, tokenizer)])


def image_identity(model: Any, processor: Any) -> str:
    """Names an image model and what prepares its images."""
    return _identity(model, [_sorted(processor.to_dict())])


def _identity(model: Any, settings: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in (_sorted(_settings(model.config.to_dict())), *settings):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    for key, tensor in model.state_dict().items():
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return f"{model.config.model_type}-{digest.hexdigest()}"


def _tokenizer(folder: Path, tokenizer: Any) -> list[bytes]:
    """What a tokenizer does: written out if it is a fast one, otherwise the contents of its files."""
    said = [
        type(tokenizer).__name__,
        tokenizer.padding_side,
        tokenizer.truncation_side,
        tokenizer.pad_token_id,
        tokenizer.model_input_names,
    ]
    if tokenizer.is_fast:
        return [repr(said).encode(), tokenizer.backend_tokenizer.to_str().encode()]
    names = sorted({*TOKENIZER_FILES, *tokenizer.vocab_files_names.values()})
    files = [(name, folder / name) for name in names if (folder / name).is_file()]
    own = [part for name, file in files for part in (name.encode(), file.read_bytes())]
    return [repr(said).encode(), *own]


def _settings(config: Any) -> Any:
    """A configuration, and those in it, without NO_SETTINGS."""
    if isinstance(config, dict):
        return {key: _settings(value) for key, value in config.items() if key not in NO_SETTINGS}
    return config


def _sorted(values: Any) -> bytes:
    return json.dumps(values, sort_keys=True, default=str).encode()
