"""Labels of condensed nodes that their authors did not store, since they follow from the training nodes."""

from __future__ import annotations

import re
from collections import Counter

import torch
from jaxtyping import Int
from torch import Tensor

from condense.errors import UserError


def labels_by_size(train_labels: Int[Tensor, " t"], ratio: float, count: int) -> Int[Tensor, " n"]:
    """The classes of n' condensed nodes in GCond's order: ascending size, the largest class last.

    A class of s training nodes has max(1, ⌊s · ratio⌋) condensed ones; the largest has what is left of n'.
    So the notes say that come with the graphs that the authors of SR-GM published; their files hold no labels
    to check it by. GraphSlim's `generate_labels_syn` has the same order, and its way with ties is ours: the
    class that comes first among the training nodes counts as the smaller one.

    Args:
        train_labels: of the whole graph's training nodes, in the order of the nodes.
        ratio: condensed nodes ÷ training nodes.
        count: n', the rows of the feature file.

    Raises:
        UserError: the rest for the largest class is not what rounding leaves, so the whole graph, or
            the ratio, is another one than the nodes were condensed from.
    """
    if not 0 < ratio <= 1:
        raise UserError(f"ratio (got {ratio}) must lie in (0, 1]; try --ratio 0.001")
    sizes = sorted(Counter(train_labels.tolist()).items(), key=lambda pair: pair[1])
    *smaller, (largest, size) = sizes
    shares = {label: max(1, int(s * ratio)) for label, s in smaller}
    rest = count - sum(shares.values())
    # Each class's rounding moves the rest by less than one node.
    if rest < 1 or abs(rest - size * ratio) > len(sizes):
        wanted = int(len(train_labels) * ratio)
        raise UserError(
            f"features (got {count} nodes): {ratio:g} of the whole graph's {len(train_labels)} training "
            f"nodes are {wanted}, so the classes do not come out; declare the graph that they were condensed "
            "from and its --ratio, or give --label"
        )
    shares[largest] = rest
    return torch.tensor([label for label, share in shares.items() for _ in range(share)])


def ratio_in_name(name: str) -> float | None:
    """The ratio in a file's name, as `feat_ele-fashion_0.001_GCN_clip.pt` has it; None without one."""
    found = re.search(r"_(0?\.\d+|1\.0+)(?=_|\.[a-z])", name)
    return None if found is None else float(found[1])
