"""The protocol of models that learn embeddings without labels, and their loss beside a linear probe."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData


@runtime_checkable
class SelfSupervised(Protocol):
    """A module that learns embeddings of all target nodes from the graph alone.

    As a `NodeClassifier` its logits are `head` of the embeddings.
    """

    @property
    def head(self) -> nn.Module:
        """A linear probe, embeddings [n, d] -> logits [n, C]."""
        ...

    def prepare(self, graph: HeteroData, rows: Tensor) -> Any:
        """What does not depend on parameters, with the target nodes to classify as its `rows`."""
        ...

    def pretraining(self, inputs: Any) -> tuple[Tensor, Tensor]:
        """The loss of one step, and the detached embeddings [n, d].

        It may move what belongs to a training beside the parameters, such as pseudo-labels.
        """
        ...

    def embed(self, inputs: Any) -> Tensor:
        """The embeddings [n, d]."""
        ...


def learns_unlabelled(model: Any) -> bool:
    """Whether a model, or its class, is `SelfSupervised`."""
    return hasattr(model, "pretraining") and hasattr(model, "embed")


def loss_beside_probe(
    model: SelfSupervised, inputs: Any, labels: Tensor, weight: Float[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """The model's own loss, which reads no label, and the cross-entropy of its probe on detached embeddings.

    They share no parameter: labels do not reach the encoder.

    Args:
        model: to be trained.
        inputs: prepared for the rows to learn.
        labels: classes [rows] or distributions [rows, C].
        weight: weight of each row; they sum to one.
    """
    total, embedding = model.pretraining(inputs)
    return total + probe_cross_entropy(model, embedding, inputs.rows, labels, weight)


def probe_cross_entropy(
    model: SelfSupervised,
    embedding: Float[Tensor, "n d"],
    rows: Tensor,
    labels: Tensor,
    weight: Float[Tensor, " rows"],
) -> Float[Tensor, ""]:
    """Σ_i weight_i · cross-entropy_i of the probe."""
    logits = model.head(embedding[rows])
    fit = nn.functional.cross_entropy(logits, labels, reduction="none")
    return (fit * weight).sum()


def unit_mean_square(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Rows of unit mean square, so that no part of an embedding outweighs another; zero stays zero."""
    return x.size(1) ** 0.5 * nn.functional.normalize(x)
