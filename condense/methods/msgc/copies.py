"""Which condensed nodes are copies of one another: several graphs have the same nodes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.errors import UserError

NODES, GRAPHS = 35, 16
"""Of the authors' command for Cora: 16 graphs of the same 35 nodes."""


def graphs_for(nodes: int, wanted: int) -> int:
    """m, how many graphs n' condensed nodes make.

    By default m is to the n'/m distinct nodes as in the authors' command: m = ⌊√(n' GRAPHS / NODES)⌋, at
    least 1.

    Args:
        nodes: n'.
        wanted: m, or 0 for the default.

    Raises:
        UserError: more graphs than nodes.
    """
    if wanted > nodes:
        raise UserError(
            f"graphs (got {wanted}) must be at most the {nodes} condensed nodes, which they share; "
            f"try --graphs 0, which chooses their number"
        )
    return wanted or max(1, math.isqrt(nodes * GRAPHS // NODES))


@dataclass(frozen=True)
class Copies:
    """n' condensed nodes in m graphs, as copies of k distinct nodes.

    Condensed node i is in graph i mod m. Of each class, class by class, the first m condensed nodes are the
    copies of one distinct node, one in each graph; the next m are those of another; and so on. Where m does
    not divide n'_c, the last distinct node of class c is in fewer graphs than m. So graphs have ⌊n'/m⌋ or
    ⌈n'/m⌉ nodes, and the classes keep their budgets.

    Attributes:
        distinct: which distinct node each condensed node is a copy of; these lie class by class, too.
        graph: which graph it is in.
        counts: distinct nodes of each class.
        graphs: m.
    """

    distinct: Int[Tensor, " n"]
    graph: Int[Tensor, " n"]
    counts: Sequence[int]
    graphs: int

    @classmethod
    def of(cls, sizes: Sequence[int], graphs: int) -> Copies:
        """The copies that make n'_c nodes of each class c.

        Args:
            sizes: n'_c.
            graphs: m.
        """
        counts = [-(-size // graphs) for size in sizes]
        first = itertools.accumulate(counts, initial=0)
        distinct = [f + torch.arange(n) // graphs for f, n in zip(first, sizes, strict=False)]
        return cls(torch.cat(distinct), torch.arange(sum(sizes)) % graphs, counts, graphs)

    def member(self, like: Tensor) -> Float[Tensor, "n k"]:
        """One-hot rows, the distinct node of each condensed node; dtype and device are those of `like`."""
        return torch.nn.functional.one_hot(self.distinct, sum(self.counts)).to(like)
