"""The condensed graph while it is being synthesised: features and edges that can be optimised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.clustering.assembly import add_edges, graph_of_means
from condense.clustering.clusters import Clusters
from condense.clustering.propagation import RelayView
from condense.clustering.reduction import FeatureKey
from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from condense.edges.sparse_product import StraightThroughMatrix
from condense.edges.structure import Structure
from condense.errors import UserError
from models.schema import FEATURE_PREFIX, present

NO_EDGE = 0.5  # Stands for "no edge between these clusters" where a logarithm is taken.


@dataclass(frozen=True)
class Snapshot:
    """Values of a synthesis at one moment."""

    h: Mapping[FeatureKey, Tensor]
    logits: Mapping[EdgeType, Tensor]

    def named(self, name: str) -> dict[str, Tensor]:
        """The values, each under a name that begins with `name`."""
        h = {f"{name}/features/{':'.join(key)}": x for key, x in self.h.items()}
        return h | {f"{name}/edges/{':'.join(r)}": x for r, x in self.logits.items()}

    def like(self, tensors: Mapping[str, Tensor], name: str) -> Snapshot:
        """What `named(name)` gave for a snapshot of the same synthesis, on this one's device.

        Raises:
            UserError: it was one of other shapes.
        """
        mine = self.named(name)
        for key, x in mine.items():
            shape = tensors[key].shape if key in tensors else None
            if shape != x.shape:
                was = "is missing" if shape is None else f"has shape {list(shape)}"
                raise UserError(
                    f"resume: {key} {was} in the checkpoint, where {list(x.shape)} is expected (written "
                    f"by other code?); start anew without --resume"
                )
        found = {key: torch.empty_like(x).copy_(tensors[key]) for key, x in mine.items()}
        values = iter(found.values())
        return Snapshot({k: next(values) for k in self.h}, {r: next(values) for r in self.logits})


@dataclass(frozen=True)
class RelayInputs:
    """A synthesis as the relay sees it.

    Attributes:
        weights: relation -> C' [n'_dst, n'_src].
        averaging: relation -> Â' = D⁻¹C'.
        z: Z [n', D].
    """

    weights: Mapping[EdgeType, PairMatrix]
    averaging: Mapping[EdgeType, StraightThroughMatrix]
    z: Tensor


class Synthesis:
    """Features H' in the relay's coordinates and log-weights of the edges.

    Attributes:
        h: (node type, modality) -> H' [n'_t, r]; rows of missing modalities stay zero.
        structure: the edges; its log-weights are optimised.
        logits: these log-weights, primary relation -> [k].
        y: classes [n'].
        one_hot: of these [n', C].
    """

    def __init__(self, start: Clusters, budget: Budget) -> None:
        self.start, self.budget = start, budget
        self.h = {key: h.clone().requires_grad_() for key, h in start.h.items()}
        self.has = dict(start.has)
        self.structure = Structure.of(start.partition, budget, absent=NO_EDGE)
        self.logits = self.structure.logits
        for logits in self.logits.values():
            logits.requires_grad_()
        self.y: Int[Tensor, " n"] = start.y
        one_hot = torch.nn.functional.one_hot(self.y, len(budget.classes))
        # As logits lie, see `models.relays.linear`.
        self.one_hot = one_hot.T.contiguous().T.to(next(iter(self.h.values())).dtype)

    def weights(self) -> dict[EdgeType, PairMatrix]:
        """C'_r [n'_dst, n'_src] of every relation: the edges that would be saved, up to row sums."""
        return self.structure.weights()

    def snapshot(self) -> Snapshot:
        """A copy of the current values."""
        return Snapshot(
            {k: h.detach().clone() for k, h in self.h.items()},
            {r: x.detach().clone() for r, x in self.logits.items()},
        )

    @torch.no_grad()
    def restore(self, snapshot: Snapshot) -> None:
        """Back to the values of `snapshot`."""
        for key, h in snapshot.h.items():
            self.h[key].copy_(h)
        for relation, x in snapshot.logits.items():
            self.logits[relation].copy_(x)

    def seen(self, view: RelayView) -> RelayInputs:
        """The condensed graph as the relay sees it now, differentiable."""
        weights = self.weights()
        averaging = {r: StraightThroughMatrix(w.row_normalised()) for r, w in weights.items()}
        return RelayInputs(weights, averaging, view.condensed_features(self.h, averaging))

    @torch.no_grad()
    def features(self, view: RelayView) -> Tensor:
        """Z of the condensed graph [n', D], without gradients."""
        return self.seen(view).z

    @torch.no_grad()
    def to_graph(self, view: RelayView, whole: MultimodalGraph) -> MultimodalGraph:
        """The condensed graph in the data set's units, with types and relations ordered as in `whole`.

        Features are the clusters' means plus what the synthesis has changed in the span of H:
        X' = X̄ + σ (H' − H'_start) Bᵀ. The relay sees the same H', and models that see all of X' keep
        what lies outside the span.
        """
        graph = graph_of_means(whole, self.start)
        for key, h in self.h.items():
            node_type, modality = key
            store = graph[node_type]
            moved = view.reduction.decode(key, h - self.start.h[key])
            x = store[FEATURE_PREFIX + modality] + view.scaler.scale[key] * moved
            has = present(store, modality).unsqueeze(1)
            store[FEATURE_PREFIX + modality] = torch.where(has, x, 0.0)
        add_edges(graph, self.structure.saved())
        return graph
