"""Loads models with the package transformers: weights of safetensors alone, and no code of a model's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from condense.encode.encoder import HISTOGRAM, TF_IDF
from condense.errors import UserError

WEIGHTS = "model.safetensors"
DOWNLOADED = ("*.json", "*.txt", "*.model", "model*.safetensors")
"""Of a model on the hub: configuration, vocabulary and weights, and neither pickles nor code."""
INSTALL = (
    "pip install 'multimodal-graph-condensation[encode]', in a checkout pip install '.[encode]'"
)


@contextmanager
def transformers_of(name: str, what: str) -> Iterator[Any]:
    """The package transformers, without its own progress bars; its errors become ours.

    Args:
        name: of the model, for messages.
        what: it is to be, for messages.

    Raises:
        UserError: the package is missing, or the block fails.
    """
    try:
        import transformers
    except ImportError as error:
        raise UserError(
            f"{what} (got {name}) needs packages that are not installed ({error}); install them with: "
            f"{INSTALL}"
        ) from None
    said = transformers.utils.logging
    verbosity, bars = said.get_verbosity(), said.is_progress_bar_enabled()
    said.set_verbosity_error()
    said.disable_progress_bar()
    try:
        yield transformers
    except UserError:
        raise
    except Exception as error:  # A model's files may raise anything in transformers.
        said_why = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        if isinstance(error, ImportError):
            raise UserError(
                f"{what} (got {name}) needs a package that is not installed ({said_why}); install it with: "
                f"{INSTALL}"
            ) from None
        raise UserError(
            f"{what} (got {name}) cannot be loaded ({said_why}); give the folder of a model with config.json "
            f"and {WEIGHTS}, or its name on Hugging Face's hub; {TF_IDF} and {HISTOGRAM} need no model"
        ) from None
    finally:
        said.set_verbosity(verbosity)
        if bars:
            said.enable_progress_bar()


def model_folder(name: str, what: str) -> Path:
    """The folder of a model, which is downloaded if it is on the hub.

    Args:
        name: a folder, or a name such as `google/siglip-base-patch16-224`, which @ and a revision may follow.
        what: it is to be, for messages.

    Raises:
        UserError: there is no such folder, or it has no weights in safetensors.
    """
    folder = Path(name).expanduser()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{what} (got {name}) is a file; give the folder of a model")
    if not folder.exists():
        if name.startswith(("/", ".", "~")) or name.count("/") > 1:
            raise UserError(f"{what} (got {name}) is no folder; give that of a model")
        import huggingface_hub

        repository, _, revision = name.partition("@")
        folder = Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision or None, allow_patterns=list(DOWNLOADED)
            )
        )
    if not any((folder / each).is_file() for each in (WEIGHTS, f"{WEIGHTS}.index.json")):
        raise UserError(
            f"{what} (got {name}) has no {WEIGHTS}; other files of weights may run code. If you trust them, "
            "load the model with transformers, and save it again with save_pretrained"
        )
    return folder


def load_model(folder: Path, name: str, what: str, transformers: Any) -> Any:
    """The model in a folder, in float32, whose weights are all there.

    Raises:
        UserError: some weights are missing, so that they would be random.
    """
    model, found = transformers.AutoModel.from_pretrained(
        folder,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    # Text models' poolers are not used here, and many are published without.
    missing = sorted(key for key in found["missing_keys"] if not key.startswith("pooler."))
    if missing := [*missing, *map(str, found["mismatched_keys"])]:
        raise UserError(
            f"{what} (got {name}) lacks weights ({missing[0]}, …); save the whole model again"
        )
    return model.eval()


@contextmanager
def enough_memory(name: str) -> Iterator[None]:
    """Tell the user what to do where the device's memory is too small.

    Raises:
        UserError: it is.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise UserError(
            f"encoder (got {name}) needs more memory than the device has; try --device cpu, or a smaller "
            "model"
        ) from None
