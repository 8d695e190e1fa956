"""The inputs of a relay over meta-paths: reduced features, propagated once along all paths."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.reduction import Reduction
from condense.clustering.relay_space import RelaySpace
from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from models.propagation.metapaths import blocks, each_path_feature, path_logits
from models.schema import FEATURE_PREFIX, GraphSchema

WIDEST = 4096
"""Bound on D. Memory and the time of a step grow with D, the time of the ridge regression with D²."""
COLUMNS = 64
"""Columns of products that are propagated at a time: one [nodes, COLUMNS] matrix per meta-path."""


def affordable_rank(rank: int, blocks: int) -> int:
    """Coordinates a modality: `rank`, or fewer where so many blocks would exceed WIDEST together."""
    return max(1, min(rank, WIDEST // blocks))


@dataclass(frozen=True)
class RelayView(RelaySpace):
    """The inputs Z of a whole graph in memory; see `RelaySpace`.

    Attributes:
        graph: the scaled graph with reduced features H in place of X.
        hops: the longest meta-path.
    """

    graph: MultimodalGraph
    hops: int

    @classmethod
    def of(
        cls, graph: MultimodalGraph, hops: int, rank: int, generator: torch.Generator
    ) -> RelayView:
        """Scale, reduce and measure `graph` (features complete, test labels hidden).

        Args:
            graph: the whole graph.
            hops: the longest meta-path.
            rank: most coordinates a modality; fewer where all blocks together would exceed WIDEST.
            generator: for the reduction.
        """
        rank = affordable_rank(rank, len(blocks(GraphSchema.of(graph), hops)))
        scaler = FeatureScaler.fit(graph)
        scaled = scaler.apply(graph)
        reduction = Reduction.fit(scaled, rank, generator)
        reduced = _reduced(scaled, reduction)
        schema = GraphSchema.of(reduced)
        train = graph[graph.target].train_mask.nonzero().flatten()
        measured = {
            key: (z.size(1), float(z.square().sum(dim=1).mean()) ** 0.5)
            for key, z in each_path_feature(reduced, schema, hops, train)
        }
        widths, sizes = zip(*(measured[key] for key in blocks(schema, hops)), strict=True)
        number = torch.arange(len(widths)).repeat_interleave(torch.tensor(widths))
        return cls(
            graph=reduced,
            schema=schema,
            scaler=scaler,
            reduction=reduction,
            blocks=blocks(schema, hops),
            # A block that is zero on all training nodes cannot be learnt from; it stays zero.
            scale=tuple(1.0 / s if s > 0 else 0.0 for s in sizes),
            block=number.to(train.device),
            hops=hops,
        )

    def on(self, other: MultimodalGraph) -> RelayView:
        """The view of another graph of the same schema, with the scaling and the reduction of this one.

        Args:
            other: features complete, test labels hidden.
        """
        return replace(self, graph=_reduced(self.scaler.apply(other), self.reduction))

    def features(self, rows: Int[Tensor, " n"]) -> Float[Tensor, "n D"]:
        """Z of these whole-graph target nodes."""
        widths = self.widths
        ends = torch.tensor(widths).cumsum(0).tolist()
        place = {key: i for i, key in enumerate(self.blocks)}
        propagated: Tensor | None = None
        # Block by block into one matrix: Z is the largest matrix of a run, and must exist only once.
        for key, part in each_path_feature(self.graph, self.schema, self.hops, rows):
            if propagated is None:
                propagated = part.new_empty(len(rows), ends[-1])
            i = place[key]
            torch.mul(part, self.scale[i], out=propagated[:, ends[i] - widths[i] : ends[i]])
        assert propagated is not None  # The target type has a modality.
        return propagated

    def scores(self, weight: Float[Tensor, "D C"]) -> Float[Tensor, "n C"]:
        """Z W of all target nodes, without Z.

        Either the products with W are propagated, C columns along each meta-path, or features, D columns
        together, are propagated before they are multiplied: whichever are fewer.
        """
        paths = {path for path, _ in self.blocks}
        if len(paths) * weight.size(1) <= len(weight):
            some = weight.split(COLUMNS, dim=1)
            graph, schema, hops = self.graph, self.schema, self.hops
            return torch.cat([path_logits(graph, schema, hops, self.split(w)) for w in some], dim=1)
        of_block = dict(zip(self.blocks, self.split(weight), strict=True))
        count = int(self.graph[self.schema.target].num_nodes)
        total = weight.new_zeros(count, weight.size(1))
        for key, z in each_path_feature(self.graph, self.schema, self.hops):
            total.addmm_(z, of_block[key])
        return total


def _reduced(scaled: MultimodalGraph, reduction: Reduction) -> MultimodalGraph:
    """A copy of `scaled` with H in place of X."""
    reduced = copy.copy(scaled)
    for (node_type, modality), h in reduction.encode(scaled).items():
        reduced[node_type][FEATURE_PREFIX + modality] = h
    return reduced
