"""Parts of what a model has prepared, for models that classify each row by itself."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def some_rows(inputs: Any, rows: Tensor | slice) -> Any:
    """The prepared inputs of some rows.

    Args:
        inputs: of a model with `by_rows`: tensors with a row for each node, in any nesting of dictionaries,
            lists and tuples.
        rows: their numbers, or a slice, which copies nothing.
    """
    if isinstance(inputs, Tensor):
        return inputs[rows]
    if isinstance(inputs, dict):
        return {key: some_rows(part, rows) for key, part in inputs.items()}
    return type(inputs)(some_rows(part, rows) for part in inputs)
