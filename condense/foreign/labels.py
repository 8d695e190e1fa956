"""Derives the labels of condensed nodes from the training nodes, for formats that do not store them."""

from __future__ import annotations

import re
from collections import Counter

import torch
from jaxtyping import Int
from torch import Tensor

from condense.errors import UserError


def labels_by_size(train_labels: Int[Tensor, " t"], ratio: float, count: int) -> Int[Tensor, " n"]:
    """The classes of n' condensed nodes in GCond's order: ascending size, the largest class last.

    A class of s training nodes has max(1, ⌊s · ratio⌋) condensed nodes; the largest class gets the
    rest of n'. The source is the notes that the authors of SR-GM published with their graphs; their files
    hold no labels to check it against. GraphSlim's `generate_labels_syn` uses the same order. Ties are
    broken as there: the class that comes first among the training nodes counts as the smaller one.

    Args:
        train_labels: labels of the whole graph's training nodes, in node order.
        ratio: condensed nodes ÷ training nodes.
        count: n', the rows of the feature file.

    Raises:
        UserError: the rest for the largest class differs by more than rounding, so the nodes were
            condensed from another graph or with another ratio.
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
            f"features (got {count} nodes) do not fit the whole graph: {ratio:g} of its {len(train_labels)} "
            f"training nodes are {wanted}; declare the graph that they were condensed from and its --ratio, "
            "or give --label"
        )
    shares[largest] = rest
    return torch.tensor([label for label, share in shares.items() for _ in range(share)])


def ratio_in_name(name: str) -> float | None:
    """The ratio in a file's name, such as `feat_ele-fashion_0.001_GCN_clip.pt`; None if there is none."""
    match = re.search(r"_(0?\.\d+|1\.0+)(?=_|\.[a-z])", name)
    return None if match is None else float(match[1])
