"""HGCond's relay, HeteroSGC, with its gradients written out: one hidden layer a type, then propagation.

    H_t = relu(X_t W_t + b_t),    H_t ← a H_t + Σ_{r into t} Â_r H_source(r), `layers` times,
    f = H_target V + c.

With P = (softmax(f) − Y) / n on the labelled rows and zero elsewhere, and E_target = P Vᵀ, E_t = 0 elsewhere,
propagated back by the transposed operators, E_s ← a E_s + Σ_{r from s} Â_rᵀ E_destination(r):

    ∇_V = H_targetᵀ P,    ∇_{W_t} = X_tᵀ (E_t ⊙ [X_t W_t + b_t > 0]).

They are ordinary expressions of X_t and Â_r, so one backward pass differentiates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

OWN = 0.01
"""a, the weight of a node's own row in propagation, as in the authors' code."""
TINY = 1e-12
"""Below this length a gradient has no direction in float32."""


@dataclass(frozen=True)
class RelayGraph:
    """What the relay reads of a graph.

    Attributes:
        x: node type -> X_t [n_t, d_t].
        ahead: relation -> Â_r, which averages over in-neighbours; anything that multiplies.
        back: relation -> Â_rᵀ.
        target: the node type that is classified.
    """

    x: Mapping[str, Tensor]
    ahead: Mapping[EdgeType, Any]
    back: Mapping[EdgeType, Any]
    target: str


@dataclass(frozen=True)
class HeteroSGC:
    """θ of the relay.

    Attributes:
        weight: node type -> W_t [d_t, k].
        bias: node type -> b_t [k].
        last: V [k, C].
        last_bias: c [C].
        layers: how often it propagates.
    """

    weight: Mapping[str, Tensor]
    bias: Mapping[str, Tensor]
    last: Tensor
    last_bias: Tensor
    layers: int

    @classmethod
    def zeros(
        cls, widths: Mapping[str, int], hidden: int, num_classes: int, layers: int, like: Tensor
    ) -> HeteroSGC:
        """θ = 0, in the dtype and on the device of `like`."""
        return cls(
            {t: like.new_zeros(width, hidden) for t, width in widths.items()},
            {t: like.new_zeros(hidden) for t in widths},
            like.new_zeros(hidden, num_classes),
            like.new_zeros(num_classes),
            layers,
        )

    def matrices(self) -> list[Tensor]:
        """Every W_t, and V."""
        return [*self.weight.values(), self.last]

    def tensors(self) -> list[Tensor]:
        """The matrices, and then the biases."""
        return [*self.matrices(), *self.bias.values(), self.last_bias]

    def inputs(self, graph: RelayGraph) -> dict[str, Tensor]:
        """X_t W_t + b_t of each type."""
        return {t: x @ self.weight[t] + self.bias[t] for t, x in graph.x.items()}

    def embeddings(self, graph: RelayGraph, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """H_t [n_t, k] of each type, propagated."""
        h = {t: each.relu() for t, each in inputs.items()}
        for _ in range(self.layers):
            before, h = h, {t: OWN * each for t, each in h.items()}
            for (source, _, destination), average in graph.ahead.items():
                h[destination] = h[destination] + average @ before[source]
        return h

    def logits(self, h: Float[Tensor, "n k"]) -> Float[Tensor, "n C"]:
        """F of target nodes with these embeddings."""
        return h @ self.last + self.last_bias

    def gradients(
        self, graph: RelayGraph, y: Float[Tensor, "n C"], share: Float[Tensor, " n"]
    ) -> list[Tensor]:
        """The gradient of Σ_i share_i CE(f_i, Y_i) in each of `tensors`, in their order.

        Args:
            graph: whole or condensed.
            y: Y of the target nodes, one-hot.
            share: of each target node; 0 for those without a label.
        """
        inputs = self.inputs(graph)
        h = self.embeddings(graph, inputs)[graph.target]  # [n, k]
        p = (self.logits(h).softmax(dim=1) - y) * share.unsqueeze(1)  # [n, C]
        felt = {t: torch.zeros_like(each) for t, each in inputs.items()}
        felt[graph.target] = p @ self.last.T
        for _ in range(self.layers):
            after, felt = felt, {t: OWN * each for t, each in felt.items()}
            for (source, _, destination), transposed in graph.back.items():
                felt[source] = felt[source] + transposed @ after[destination]
        passed = {t: torch.where(inputs[t] > 0, felt[t], 0.0) for t in inputs}  # [n_t, k]
        return [
            *(graph.x[t].T @ passed[t] for t in self.weight),
            h.T @ p,
            *(passed[t].sum(dim=0) for t in self.bias),
            p.sum(dim=0),
        ]


def distance(condensed: list[Tensor], whole: list[Tensor]) -> Float[Tensor, ""]:
    """Σ over matrices of the mean over rows of 1 − cos.

    A row belongs to an input dimension and runs over the outputs, as in the authors' code. A row whose
    whole-graph gradient vanishes cannot be matched and counts as 0; one that vanishes on the condensed graph
    alone counts as 1, without a slope.
    """
    terms = []
    for ours, theirs in zip(condensed, whole, strict=True):
        if not len(theirs):
            continue  # A type without features.
        size = ours.square().sum(dim=1) * theirs.square().sum(dim=1)
        norm = size.masked_fill(size <= TINY**2, torch.inf).sqrt()
        apart = 1 - (ours * theirs).sum(dim=1) / norm
        terms.append(torch.where(theirs.square().sum(dim=1) <= TINY**2, 0.0, apart).mean())
    return torch.stack(terms).sum()
