"""The condensed graph while it is being synthesised: features and edges that can be optimised."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.clustering.assembly import add_edges
from condense.clustering.clusters import Clusters
from condense.clustering.reduction import FeatureKey
from condense.clustering.relay_space import RelaySpace
from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from condense.edges.sparse_product import StraightThroughMatrix
from condense.edges.structure import Structure
from condense.errors import UserError
from condense.io.names import joined
from models.schema import FEATURE_PREFIX, present

NO_EDGE = 0.5  # The count of edges, before its logarithm, where two clusters have none.


@dataclass(frozen=True)
class Snapshot:
    """A copy of a synthesis' parameters: features H' and log-weights of the edges."""

    h: Mapping[FeatureKey, Tensor]
    logits: Mapping[EdgeType, Tensor]

    def to_tensors(self, prefix: str) -> dict[str, Tensor]:
        """The tensors by name; each name begins with `prefix`."""
        h = {f"{prefix}/features/{joined(key)}": x for key, x in self.h.items()}
        return h | {f"{prefix}/edges/{joined(r)}": x for r, x in self.logits.items()}

    def from_tensors(self, tensors: Mapping[str, Tensor], prefix: str) -> Snapshot:
        """The snapshot that `to_tensors(prefix)` saved, with this one's shapes and on its device.

        Raises:
            UserError: a tensor is missing or has another shape.
        """
        expected = self.to_tensors(prefix)
        for name, x in expected.items():
            shape = tensors[name].shape if name in tensors else None
            if shape != x.shape:
                fault = "is missing" if shape is None else f"has shape {list(shape)}"
                raise UserError(
                    f"resume: {name} {fault} in the checkpoint, where {list(x.shape)} is expected "
                    f"(written by other code?); start anew without --resume"
                )
        copies = iter([torch.empty_like(x).copy_(tensors[name]) for name, x in expected.items()])
        return Snapshot({k: next(copies) for k in self.h}, {r: next(copies) for r in self.logits})


@dataclass(frozen=True)
class RelayInputs:
    """The condensed graph as input of the relay, differentiable in the synthesis.

    Attributes:
        weights: edge weights, relation -> C' [n'_dst, n'_src].
        averaging: relation -> Â' = D⁻¹C'.
        z: meta-path features Z [n', D].
    """

    weights: Mapping[EdgeType, PairMatrix]
    averaging: Mapping[EdgeType, StraightThroughMatrix]
    z: Tensor


class Synthesis:
    """The condensed graph's parameters: features H' in the relay's coordinates, log-weights of the edges.

    Attributes:
        h: (node type, modality) -> H' [n'_t, r]; rows of missing modalities stay zero.
        has: (node type, modality) -> which nodes have the modality [n'_t].
        structure: the edges; their log-weights are optimised.
        logits: the log-weights, primary relation -> [k].
        y: classes [n'].
        one_hot: Y, the classes one-hot [n', C].

    Args:
        start: the clusters.
        budget: how many edges of each relation are kept.
        absent: see `Structure.of`.
    """

    def __init__(self, start: Clusters, budget: Budget, absent: float = NO_EDGE) -> None:
        self.start, self.budget = start, budget
        self.h = {key: h.clone().requires_grad_() for key, h in start.h.items()}
        self.has = dict(start.has)
        self.structure = Structure.of(start.partition, budget, absent)
        self.logits = self.structure.logits
        for logits in self.logits.values():
            logits.requires_grad_()
        self.y: Int[Tensor, " n"] = start.y
        one_hot = torch.nn.functional.one_hot(self.y, len(budget.classes))
        # In the memory layout of the relay's logits, see `models.relays.linear`.
        self.one_hot = one_hot.T.contiguous().T.to(next(iter(self.h.values())).dtype)

    def weights(self) -> dict[EdgeType, PairMatrix]:
        """C'_r [n'_dst, n'_src] of every relation; `to_graph` saves the same edges with other row sums."""
        return self.structure.weights()

    def snapshot(self) -> Snapshot:
        """A copy of the current values."""
        return Snapshot(
            {k: h.detach().clone() for k, h in self.h.items()},
            {r: x.detach().clone() for r, x in self.logits.items()},
        )

    @torch.no_grad()
    def restore(self, snapshot: Snapshot) -> None:
        """Set the parameters to those of `snapshot`."""
        for key, h in snapshot.h.items():
            self.h[key].copy_(h)
        for relation, x in snapshot.logits.items():
            self.logits[relation].copy_(x)

    def relay_inputs(self, view: RelaySpace) -> RelayInputs:
        """The relay's inputs from the current parameters, differentiable in them."""
        weights = self.weights()
        averaging = {r: StraightThroughMatrix(w.row_normalised()) for r, w in weights.items()}
        return RelayInputs(weights, averaging, view.condensed_features(self.h, averaging))

    @torch.no_grad()
    def features(self, view: RelaySpace) -> Tensor:
        """Z of the condensed graph [n', D], without gradients."""
        return self.relay_inputs(view).z

    @torch.no_grad()
    def to_graph(self, view: RelaySpace, means: MultimodalGraph) -> MultimodalGraph:
        """The condensed graph in the data set's units, with types and relations ordered as in the whole one.

        Features are the clusters' means plus the change of H', decoded: X' = X̄ + σ (H' − H'_start) Bᵀ. In
        the relay's coordinates they equal H'; for models that read all of X', the part of X̄ outside the
        span of B is unchanged.

        Args:
            view: the relay's inputs.
            means: the graph of the clusters' means, without relations; it is not changed.
        """
        graph = copy.copy(means)
        for key, h in self.h.items():
            node_type, modality = key
            store = graph[node_type]
            change = view.reduction.decode(key, h - self.start.h[key])
            x = store[FEATURE_PREFIX + modality] + view.scaler.scale[key] * change
            has = present(store, modality).unsqueeze(1)
            store[FEATURE_PREFIX + modality] = torch.where(has, x, 0.0)
        add_edges(graph, self.structure.saved())
        return graph
