"""The protocol of all models, and the loss of most."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData


@runtime_checkable
class NodeClassifier(Protocol):
    """A model in two parts: what depends on no parameter, computed once, and the rest.

    `prepare` may propagate features or only collect them; `__call__` maps its result to logits.

    Attributes:
        by_rows: whether a few rows cost only their share; a model that passes messages computes all
            nodes whichever it is asked for. All tensors that such a model prepares have a row for each of
            its rows, in the same order; see `models.rows`.
    """

    by_rows: bool

    def prepare(self, graph: HeteroData, rows: Tensor) -> Any:
        """The inputs that the forward pass needs to classify the target nodes `rows` of `graph`."""
        ...

    def __call__(self, inputs: Any) -> Tensor:
        """Logits [len(rows), C]."""
        ...


def cross_entropy(
    model: NodeClassifier, inputs: Any, labels: Tensor, weight: Float[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """Σ_i weight_i · cross-entropy_i of the prepared rows.

    Args:
        model: to be trained.
        inputs: prepared for the rows to learn.
        labels: classes [rows] or distributions [rows, C].
        weight: weight of each row; they sum to one.
    """
    return (nn.functional.cross_entropy(model(inputs), labels, reduction="none") * weight).sum()
