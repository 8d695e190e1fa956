"""How a sentence-transformers folder says that the features of tokens become those of a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.errors import UserError

Hidden = Float[Tensor, "b t d"]
Mask = Int[Tensor, "b t"]


def mean(hidden: Hidden, mask: Mask) -> Float[Tensor, "b d"]:
    """The mean over a text's tokens."""
    weight = mask.unsqueeze(2).to(hidden.dtype)  # [b, t, 1]
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)


def first(hidden: Hidden, mask: Mask) -> Float[Tensor, "b d"]:
    """The text's first token, such as [CLS]."""
    return hidden[torch.arange(len(hidden)), mask.argmax(dim=1)]


def last(hidden: Hidden, mask: Mask) -> Float[Tensor, "b d"]:
    """The text's last token."""
    position = torch.arange(mask.size(1), device=mask.device)
    return hidden[torch.arange(len(hidden)), (mask * position).argmax(dim=1)]


POOL: dict[str, Callable[[Hidden, Mask], Tensor]] = {"mean": mean, "cls": first, "lasttoken": last}
READ = ("Transformer", "Pooling", "Normalize")
"""Modules of sentence-transformers that are read."""
FLAG = "pooling_mode_"


@dataclass(frozen=True)
class Pooling:
    """What a model's folder says, or what is usual.

    Attributes:
        mode: a key of POOL.
        tokens: the longest text; None if it is not said.
    """

    mode: str = "mean"
    tokens: int | None = None


def pooling_of(folder: Path, name: str) -> Pooling:
    """The pooling of a model; the mean if it is none of sentence-transformers.

    Args:
        folder: of the model.
        name: of the model, for messages.

    Raises:
        UserError: the model has modules beyond READ, which would be missing, or another pooling.
    """
    modules = _json(folder / "modules.json")
    if modules is None:
        return Pooling()
    kinds = {str(each.get("type", "")).rpartition(".")[2]: each for each in modules}
    beyond = [kind for kind in kinds if kind not in READ]
    if beyond or kinds.get("Transformer", {}).get("path"):
        what = f"the module {beyond[0]}" if beyond else "its model in a sub-folder"
        raise UserError(
            f"text encoder (got {name}) has {what}, which is not read; choose a model of "
            f"{', '.join(READ)} alone, or give the features yourself"
        )
    said = _json(folder / kinds.get("Pooling", {}).get("path", "1_Pooling") / "config.json") or {}
    chosen = [key.removeprefix(FLAG) for key in said if key.startswith(FLAG) and said[key] is True]
    mode = str(said.get("pooling_mode") or "+".join(chosen) or "mean")
    mode = mode.removesuffix("_tokens").removesuffix("_token")
    if mode not in POOL:
        raise UserError(
            f"text encoder (got {name}) has the pooling {mode!r}; only {', '.join(POOL)} are known"
        )
    tokens = (_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length")
    return Pooling(mode, tokens if isinstance(tokens, int) and tokens > 0 else None)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
