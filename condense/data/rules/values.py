"""The rules of large arrays' values, which may come block by block.

Each rule is given the values with `add`, in order, and raises what it found with `check`. Where the values of
an array are in a file only, a graph may hold a tensor on torch's meta device in its place, see `absent`; the
other rules look at its type and shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from condense.data.rules.limits import LARGEST_FEATURE
from condense.errors import GraphError


def absent(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor without values, on torch's meta device: what a graph holds of an array that is in a file."""
    return torch.empty(tuple(shape), dtype=dtype, device="meta")


class Finite:
    """Features are finite on the nodes that have the modality.

    Args:
        where: the name of the features x [n, width], for messages.
        has: bool [n], which nodes have the modality; None for all.
        mask: the name of `has`.
    """

    def __init__(self, where: str, has: Tensor | None, mask: str) -> None:
        self._where, self._has, self._mask = where, has, mask
        self._first: tuple[int, int, float] | None = None
        self._bad = 0

    def add(self, first: int, x: Tensor) -> None:
        """Look at the rows x [k, width] from row `first` on."""
        bad = ~torch.isfinite(x).all(dim=1)  # [k]
        if self._has is not None:
            bad &= self._has[first : first + len(x)]
        rows = bad.nonzero().flatten()
        self._bad += len(rows)
        if self._first is None and len(rows):
            row = int(rows[0])
            column = int((~torch.isfinite(x[row])).nonzero()[0])
            self._first = first + row, column, float(x[row, column])

    def check(self) -> None:
        """Raise for a number that is not finite.

        Raises:
            GraphError: naming the first one, and the number of such rows.
        """
        if self._first is not None:
            row, column, value = self._first
            rule = f"is not finite ({self._bad} such rows)"
            remedy = f"impute it, or set {self._mask} to False on these nodes"
            raise GraphError.of(f"{self._where}[{row}, {column}]", value, rule, remedy)


class Size:
    """Features are small enough for sums of them to be finite in float32.

    Args:
        where: the name of the features, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where, self._largest = where, 0.0

    def add(self, x: Tensor) -> None:
        """Look at x, of any shape, without the rows of nodes that lack the modality."""
        if x.numel():
            self._largest = max(self._largest, *(abs(float(bound)) for bound in x.aminmax()))

    def check(self) -> None:
        """Raise for a feature that cannot be condensed.

        Raises:
            GraphError: saying how large it is.
        """
        if self._largest > LARGEST_FEATURE:
            rule = f"must not exceed {LARGEST_FEATURE:.0e} in size to be condensed"
            got = f"values up to {self._largest:.1e}"
            raise GraphError.of(self._where, got, rule, "scale them")


class Ends:
    """The ends of edges, one row of edge_index, are nodes.

    Args:
        where: the name of edge_index, for messages.
        row: 0 for sources, 1 for destinations.
        node_type: of these ends.
        count: nodes of that type.
    """

    def __init__(self, where: str, row: int, node_type: str, count: int) -> None:
        self._where, self._row, self._node_type, self._count = where, row, node_type, count
        self._outside: tuple[int, int] | None = None

    def add(self, first: int, ends: Tensor) -> None:
        """Look at ends [k], those of the edges from number `first` on."""
        if self._outside is not None or not len(ends):
            return
        if not 0 <= int(ends.min()) <= int(ends.max()) < self._count:
            edge = int(((ends < 0) | (ends >= self._count)).nonzero()[0])
            self._outside = first + edge, int(ends[edge])

    def check(self) -> None:
        """Raise for an end that is no node.

        Raises:
            GraphError: naming the first one.
        """
        if self._outside is not None:
            edge, end = self._outside
            rule = f"must lie in 0 … {self._count - 1}, the nodes of {self._node_type!r}"
            remedy = "drop the edge or add the node"
            raise GraphError.of(f"{self._where}[{self._row}, {edge}]", end, rule, remedy)


class Multiplicity:
    """Edge weights are finite and positive.

    Args:
        where: the name of edge_weight, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._bad: tuple[int, float] | None = None

    def add(self, first: int, weight: Tensor) -> None:
        """Look at weight [k], those of the edges from number `first` on."""
        bad = ~torch.isfinite(weight) | (weight <= 0)
        if self._bad is None and bad.any():
            edge = int(bad.nonzero()[0])
            self._bad = first + edge, float(weight[edge])

    def check(self) -> None:
        """Raise for a weight that is no multiplicity.

        Raises:
            GraphError: naming the first one.
        """
        if self._bad is not None:
            edge, weight = self._bad
            rule = "must be finite and positive: a multiplicity"
            raise GraphError.of(f"{self._where}[{edge}]", weight, rule, "drop edges of weight 0")
