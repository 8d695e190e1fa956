"""Objects named by text and imported when they are needed, so that registries import none of them."""

from __future__ import annotations

import importlib
from typing import Any


def imported(reference: str, package: str = "") -> Any:
    """The object at "module:name"; imports its module.

    Args:
        reference: the module, a colon, and the name in it.
        package: where the module is looked up, such as "condense.methods"; by default at the top.
    """
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(f"{package}.{module}" if package else module), name)
