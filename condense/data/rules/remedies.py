"""How to make of a tensor what a rule asks for: remedies that work on the tensor at hand.

Each function names the steps that lead from this tensor's shape, type and values to those of the rule.
"""

from __future__ import annotations

import torch
from torch import Tensor

FLOATS = (torch.float16, torch.float32, torch.float64)


def as_vector(value: Tensor, cast: str) -> str:
    """The steps to a tensor of one dimension.

    Args:
        value: the tensor at hand, of any shape.
        cast: the method that gives it the right type, such as ".float()"; "" if its type is right.
    """
    if value.dim() == 2 and value.size(1) == 1:
        return f"convert it with .squeeze(1){cast}"
    if value.dim() == 2 and value.size(1) > 1:
        return f"choose one of its {value.size(1)} columns, for example [:, 0]{cast}"
    if value.dim() != 1:
        return "give one number per row"
    return f"convert it with {cast}"


def as_mask(value: Tensor, count: int) -> str:
    """The steps to bool [num_nodes], from a list of node numbers too."""
    if is_node_list(value, count):
        return (
            f"it looks like a list of node numbers: mask = torch.zeros({count}, dtype=torch.bool); "
            "mask[numbers] = True"
        )
    return as_vector(value, "" if value.dtype == torch.bool else ".bool()")


def is_node_list(value: Tensor, count: int) -> bool:
    """Whether `value` lists node numbers, and is no mask of zeros and ones."""
    if value.dim() != 1 or value.is_floating_point() or value.is_complex():
        return False
    if value.dtype == torch.bool:
        return False
    return value.numel() != count or bool(((value != 0) & (value != 1)).any())


def as_features(x: Tensor) -> str:
    """The steps to float [num_nodes, width ≥ 1]."""
    if x.dim() >= 1 and x.numel() == 0 and x.size(0):
        return "delete it: without columns it says nothing"
    cast = "" if x.dtype in FLOATS else ".float()"
    if x.dim() == 1:
        return f"convert it with .unsqueeze(1){cast}"
    if x.dim() > 2:
        return f"convert it with .flatten(1){cast}"
    return f"convert it with {cast}"


def as_edge_index(index: Tensor) -> str:
    """The steps to long [2, edges]."""
    if not is_edge_list(index):
        return "set the source and destination node of each edge"
    turn = "" if index.size(0) == 2 else ".t().contiguous()"
    cast = "" if index.dtype == torch.long else ".long()"
    return f"convert it with {turn}{cast}"


def is_edge_list(index: Tensor) -> bool:
    """Whether `index` holds integers in two rows or two columns."""
    whole = not (index.is_floating_point() or index.is_complex() or index.dtype == torch.bool)
    return whole and index.dim() == 2 and 2 in index.shape


def as_labels(y: Tensor) -> str:
    """The steps to long [num_nodes]; where a node has several classes, that this is not supported."""
    if y.dim() == 2 and y.size(1) > 1:
        return _one_class_each(y)
    if y.dim() == 2 and y.size(1) == 1:
        return f"convert it with .squeeze(1){_label_cast(y)}"
    if y.dim() != 1:
        return "give one class per node"
    if y.is_floating_point():
        known = y[~torch.isnan(y)]
        if not torch.equal(known, known.round()):
            return "give classes 0, 1, …: numbers to be predicted (regression) are not supported"
    return f"convert it with {_label_cast(y)}"


def _label_cast(y: Tensor) -> str:
    if y.dtype == torch.long:
        return ""
    return ".nan_to_num(-1).long()" if bool(torch.isnan(y).any()) else ".long()"


def _one_class_each(y: Tensor) -> str:
    """Remedies for y [n, k]: one-hot rows name a class; other rows name several or none."""
    if bool(((y == 0) | (y == 1)).all()) and bool((y != 0).sum(dim=1).eq(1).all()):
        cast = ".long()" if y.dtype == torch.bool else ""
        return f"its rows are one-hot: convert it with {cast}.argmax(dim=1)"
    return (
        "several labels per node (multi-label classification) are not supported: choose one class per "
        "node, or one column as a task of two classes, for example y[:, 0].long()"
    )


def as_classes(y: Tensor, classes: int) -> str | None:
    """The steps to labels that use each of 0 … C−1; None if they do, or if the values cannot tell.

    Args:
        y: long [n]; negative values are unlabelled nodes.
        classes: C, as the graph declares it.
    """
    used = torch.unique(y[y >= 0])
    if not len(used):
        return None
    first, last = int(used[0]), int(used[-1])
    if len(used) == last + 1:
        fewer = f"its labels are 0 … {last}: set num_classes to {last + 1}"
        return fewer if last + 1 < classes else None
    if len(used) == last - first + 1 and first == 1:
        change = "torch.where(y > 0, y - 1, -1)" if bool((y < 0).any()) else "y - 1"
        return f"its labels begin at 1: set y to {change} and num_classes to {last}"
    shown = ", ".join(str(int(c)) for c in used[:6]) + (", …" if len(used) > 6 else "")
    change = "torch.unique(y, return_inverse=True)[1]"
    if bool((y < 0).any()):
        change = "torch.unique(y.clamp(min=-1), return_inverse=True)[1] - 1"
    return f"its labels are {shown}: set y to {change} and num_classes to {len(used)}"
