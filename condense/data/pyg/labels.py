"""Labels and splits in any of the usual forms as y, train_mask, val_mask and test_mask."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from condense.data.graph import SPLITS, UNLABELLED
from condense.data.pyg.arrays import as_tensor, vector
from condense.data.pyg.changes import Changes
from condense.data.rules.nodes import described
from condense.data.rules.remedies import as_labels, is_node_list
from condense.errors import GraphError

SPELLINGS = {
    "train_mask": ("train_mask", "train_idx", "train_index", "train"),
    "val_mask": (
        "val_mask",
        "valid_mask",
        "dev_mask",
        "val_idx",
        "valid_idx",
        "val_index",
        "val",
        "valid",
    ),
    "test_mask": ("test_mask", "test_idx", "test_index", "test"),
}
"""Names under which graphs and data sets keep a split."""


def labels(raw: Any, where: str, changes: Changes) -> tuple[Tensor, int]:
    """y, long [n], 0 … C−1 or −1, and C.

    Raises:
        GraphError: not one class per node.
    """
    y = as_tensor(raw, where, changes)
    if y is None:
        got = type(raw).__name__
        raise GraphError.of(where, got, "must be integers [num_nodes]", "number the classes")
    y = vector(y, where, changes)
    if y.dim() == 2 and y.size(1) > 1:
        y = _from_one_hot(y, where, changes)
    if y.is_floating_point():
        unknown = torch.isnan(y)
        if bool(unknown.any()):
            changes.note(f"{where}: {int(unknown.sum())} labels of NaN count as unlabelled, −1")
        y = y.masked_fill(unknown, UNLABELLED)
    if y.dim() != 1 or (y.is_floating_point() and not torch.equal(y, y.round())):
        raise GraphError.of(where, described(y), "must be integers [num_nodes]", as_labels(y))
    if y.dtype != torch.long:
        changes.detail(f"{where}: int64 from {str(y.dtype).removeprefix('torch.')}")
        y = y.long()
    if bool((y < UNLABELLED).any()):
        changes.note(f"{where}: labels below −1 count as unlabelled, −1")
        y = y.clamp_min(UNLABELLED)
    return _renumbered(y, where, changes)


def _from_one_hot(y: Tensor, where: str, changes: Changes) -> Tensor:
    """The class of each row with a single 1; a row of zeros is unlabelled."""
    ones = (y == 1).sum(dim=1)
    if bool(((y != 0) & (y != 1)).any()) or int(ones.max()) > 1:
        raise GraphError.of(where, described(y), "must give one class per node", as_labels(y))
    changes.note(f"{where}: classes from one-hot rows; {int((ones == 0).sum())} rows have none")
    return torch.where(ones == 1, (y == 1).long().argmax(dim=1), UNLABELLED)


def _renumbered(y: Tensor, where: str, changes: Changes) -> tuple[Tensor, int]:
    """Labels with the classes 0 … C−1 in ascending order of their labels, and C."""
    used = torch.unique(y[y >= 0])
    if len(used) < 2:
        got, rule = f"{len(used)} classes", "must have nodes of two classes or more"
        raise GraphError.of(where, got, rule, "label nodes of each class, the others with −1")
    if int(used[-1]) != len(used) - 1:
        shown = ", ".join(f"{int(c)} → {i}" for i, c in enumerate(used[:8]))
        more = ", …" if len(used) > 8 else ""
        changes.note(f"{where}: classes renumbered, {shown}{more}")
        y = torch.where(y < 0, y, torch.searchsorted(used, y))
    return y, len(used)


def splits(
    store: Mapping[str, Any],
    target: str,
    count: int,
    split: int | Mapping[str, Any] | None,
    changes: Changes,
) -> dict[str, Tensor]:
    """The masks bool [n] of the three splits, as far as they are given.

    Args:
        store: the target type's attributes.
        target: its name.
        count: n.
        split: which column of masks with several, or the splits themselves.
        changes: what is changed is added here.
    """
    given: Mapping[str, Any] = split if isinstance(split, Mapping) else store
    column = int(split) if isinstance(split, numbers.Integral) else None
    where = f"graph[{target!r}]"
    masks = {}
    for mask, spellings in SPELLINGS.items():
        spelt = next((s for s in spellings if given.get(s) is not None), None)
        if spelt is None:
            continue
        raw = given[spelt][target] if isinstance(given[spelt], Mapping) else given[spelt]
        here = f"split[{spelt!r}]" if isinstance(split, Mapping) else f"{where}.{spelt}"
        tensor = as_tensor(raw, here, changes)
        if tensor is None:
            rule, remedy = "must be a mask or numbers of nodes", "give a tensor or an array"
            raise GraphError.of(here, type(raw).__name__, rule, remedy)
        tensor = _column(vector(tensor, here, changes), here, column, changes)
        masks[mask] = _mask(tensor, count, here, changes)
    return masks


def _column(tensor: Tensor, where: str, column: int | None, changes: Changes) -> Tensor:
    if tensor.dim() != 2:
        return tensor
    columns = tensor.size(1)
    chosen = 0 if column is None else column
    if not -columns <= chosen < columns:
        rule = f"must be a column of {where}, 0 … {columns - 1}"
        raise GraphError.of("split", chosen, rule, "choose one of them")
    if column is None:
        changes.note(f"splits: the first of {columns}; choose another with split=…")
    return tensor[:, chosen]


def _mask(tensor: Tensor, count: int, where: str, changes: Changes) -> Tensor:
    """A mask of `count` nodes, from a mask of any type or from numbers of nodes."""
    if not is_node_list(tensor, count):
        if tensor.dtype != torch.bool:
            changes.detail(f"{where}: bool from {described(tensor)}")
        return tensor.bool()
    outside = (tensor < 0) | (tensor >= count)
    if bool(outside.any()):
        rule = f"must be numbers of nodes, 0 … {count - 1}"
        raise GraphError.of(where, int(tensor[outside][0]), rule, "take it out of the split")
    changes.detail(f"{where}: a mask from {len(tensor)} numbers of nodes")
    mask = torch.zeros(count, dtype=torch.bool)
    mask[tensor.long()] = True
    return mask


def is_split(name: str) -> bool:
    """Whether an attribute of this name is a split."""
    return name in SPLITS or any(name in spellings for spellings in SPELLINGS.values())
