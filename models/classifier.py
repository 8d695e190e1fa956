"""What every model offers."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor
from torch_geometric.data import HeteroData


class NodeClassifier(Protocol):
    """A model in two parts: what depends on no parameter, computed once, and the rest.

    `prepare` may propagate features or only collect them; `__call__` maps its result to logits.

    Attributes:
        by_rows: whether a few rows cost only their share; a model that passes messages computes all
            nodes whichever it is asked for.
    """

    by_rows: bool

    def prepare(self, graph: HeteroData, rows: Tensor) -> Any:
        """Whatever the forward pass needs to classify the target nodes `rows` of `graph`."""
        ...

    def __call__(self, inputs: Any) -> Tensor:
        """Logits [len(rows), C]."""
        ...
