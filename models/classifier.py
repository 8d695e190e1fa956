"""The protocol of all models, and the loss of most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.propagation.metapaths import PathFeatures


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


@runtime_checkable
class PathClassifier(NodeClassifier, Protocol):
    """A model that reads nothing of a graph but its target nodes' features along meta-paths.

    Attributes:
        path_hops: the longest meta-path that it reads; 0 if it reads a node's own features alone.
    """

    path_hops: int

    def from_paths(self, features: PathFeatures, has: Mapping[str, Tensor]) -> Any:
        """What `prepare` gives, out of meta-path features that are at hand.

        Args:
            features: (path, modality) -> [rows, width], all that `blocks` lists for `path_hops`.
            has: modality of the target type -> which of these rows have it.
        """
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
