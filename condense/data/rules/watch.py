"""The rules of values, for the arrays of a graph that come block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from condense.data.fingerprint import Window
from condense.data.graph import MultimodalGraph
from condense.data.rules.values import Ends, Finite, Multiplicity, Size
from models.schema import FEATURE_PREFIX, MASK_PREFIX

Look = Callable[[Window, np.ndarray], None]
"""Looks at a block of an array at its place."""


class Watch:
    """Looks at the values that a graph lacks.

    Args:
        graph: an outline, with tensors on the meta device in place of what comes in blocks; it has passed
            `condense.data.rules.check.check`.
    """

    def __init__(self, graph: MultimodalGraph) -> None:
        self._graph = graph
        self._rules: list[Finite | Ends | Multiplicity] = []
        self._sizes: list[Size] = []

    def array(self, key: Any, name: str) -> Look:
        """What looks at the blocks of this array of a node type or relation: whole rows, in order.

        Blocks of edge_index may be parts of its rows.
        """
        where = f"graph[{key!r}].{name}"
        if not self._graph[key][name].is_meta:
            return _ignore
        if name == "edge_index":
            return self._edge_index(key, where)
        if name == "edge_weight" and isinstance(key, tuple):
            weight = Multiplicity(where)
            self._rules.append(weight)
            return lambda window, block: weight.add(window[0].start, torch.from_numpy(block))
        if name.startswith(FEATURE_PREFIX) and isinstance(key, str):
            return self._features(key, name.removeprefix(FEATURE_PREFIX), where)
        return _ignore

    def check(self) -> None:
        """Raise for the first rule that a value broke.

        Raises:
            GraphError: as `condense.data.rules.check.check` gives it for a graph in memory.
        """
        for rule in self._rules:
            rule.check()

    def check_sizes(self) -> None:
        """Raise for features that a file may hold and that are too large to be condensed.

        Raises:
            GraphError: as `condense.run.condense` gives it.
        """
        for size in self._sizes:
            size.check()

    def _edge_index(self, relation: Any, where: str) -> Look:
        ends = [
            Ends(where, row, end, int(self._graph[end].num_nodes))
            for row, end in enumerate((relation[0], relation[2]))
        ]
        self._rules += ends

        def look(window: Window, block: np.ndarray) -> None:
            rows, columns = window
            for row, part in enumerate(block, rows.start):
                ends[row].add(columns.start, torch.from_numpy(part))

        return look

    def _features(self, node_type: str, modality: str, where: str) -> Look:
        mask = MASK_PREFIX + modality
        has = self._graph[node_type].get(mask)
        finite, size = Finite(where, has, mask), Size(where)
        self._rules.append(finite)
        self._sizes.append(size)

        def look(window: Window, block: np.ndarray) -> None:
            x = torch.from_numpy(block)
            finite.add(window[0].start, x)
            size.add(x if has is None else x[has[window[0]]])

        return look


def _ignore(window: Window, block: np.ndarray) -> None:
    """The rules of other arrays do not depend on their values."""
