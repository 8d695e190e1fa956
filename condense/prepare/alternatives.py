"""Chooses among features of several encoders, which are the same content once more."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condense.errors import UserError
from condense.prepare.raw import RawGraph


def chosen(raw: RawGraph, source: Path, modalities: Mapping[str, Any] | None) -> RawGraph:
    """`raw` without the alternatives that `modalities` does not name.

    Args:
        raw: what a reader found.
        source: what was read, for the message.
        modalities: modality -> attribute, as the user gives them.

    Raises:
        UserError: there are alternatives, and `modalities` names none of them.
    """
    if not raw.alternatives:
        return raw
    named = [key for key in (modalities or {}).values() if key in raw.alternatives]
    if not named:
        names = list(raw.alternatives)
        words = " ".join(f"{name}:{name}" for name in names[:2])
        raise UserError(
            f"{source} has features of several encoders ({', '.join(names)}); give the file of one as the "
            f"source, such as {raw.alternatives[names[0]]}, or name those to take, --modalities {words}"
        )
    data = copy.copy(raw.data)
    for name in raw.alternatives:
        # Values may still be in a file, which may change.
        data[name] = data[name].clone() if name in named else None
    return dataclasses.replace(raw, data=data)
