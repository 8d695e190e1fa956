"""The inputs of a relay over meta-paths: reduced features, propagated once along all paths."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.reduction import FeatureKey, Reduction
from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.edges.sparse_product import StraightThroughMatrix
from models.propagation.metapaths import MetaPath, blocks, each_path_feature, path_logits
from models.schema import FEATURE_PREFIX, GraphSchema

WIDEST = 4096
"""Bound on D. Memory and the time of a step grow with D, the time of the ridge regression with D²."""

Adjacencies = Mapping[tuple[str, str, str], Tensor | StraightThroughMatrix]


@dataclass(frozen=True)
class RelayView:
    """Z = [s_{p,m} Z_{p,m}]: the propagated blocks side by side, each of the same total size.

    s_{p,m} gives every block a mean squared row norm of one over the training nodes, so that neither a
    wide modality nor a short meta-path drowns the others. Whole and condensed graph share it.

    Attributes:
        graph: the scaled graph with reduced features H in place of X.
        schema: of `graph`.
        scaler: between the data set's units and scaled ones.
        reduction: between scaled features and H.
        blocks: the (meta-path, modality) pairs, in order.
        scale: s_{p,m} of each block.
        block: for each of the D input dimensions, the number of its block.
        hops: the longest meta-path.
    """

    graph: MultimodalGraph
    schema: GraphSchema
    scaler: FeatureScaler
    reduction: Reduction
    blocks: tuple[tuple[MetaPath, str], ...]
    scale: tuple[float, ...]
    block: Int[Tensor, " D"]
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
        rank = max(1, min(rank, WIDEST // len(blocks(GraphSchema.of(graph), hops))))
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

    @cached_property
    def widths(self) -> list[int]:
        """The number of input dimensions of each block; they sum to D."""
        return torch.bincount(self.block, minlength=len(self.blocks)).tolist()

    @cached_property
    def block_indicator(self) -> Float[Tensor, "D B"]:
        """1 where an input dimension belongs to a block, else 0."""
        return torch.nn.functional.one_hot(self.block, len(self.blocks)).to(
            torch.get_default_dtype()
        )

    @cached_property
    def _column_scale(self) -> Float[Tensor, " D"]:
        """The scale of each input dimension's block."""
        return torch.tensor(self.scale, dtype=torch.float64, device=self.block.device)[self.block]

    @cached_property
    def _paths_by_length(self) -> tuple[tuple[MetaPath, ...], ...]:
        """The meta-paths of `blocks`, those of each length together."""
        paths = dict.fromkeys(path for path, _ in self.blocks)
        return tuple(tuple(by_length) for _, by_length in groupby(paths, key=len))

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
        """Z W of all target nodes, computed in the memory of a few [nodes, C] matrices."""
        return path_logits(self.graph, self.schema, self.hops, self.split(weight))

    def split(self, weight: Float[Tensor, "D C"]) -> list[Tensor]:
        """s_{p,m} W_{p,m} of each block: the weights that act on unscaled Z_{p,m}."""
        parts = weight.split(self.widths)
        return [s * w for s, w in zip(self.scale, parts, strict=True)]

    def condensed_features(
        self, h: Mapping[FeatureKey, Tensor], adjacency: Adjacencies
    ) -> Float[Tensor, "n_condensed D"]:
        """Z of a condensed graph, differentiable in its features and edges.

        Args:
            h: (node type, modality) -> H' [n'_t, r].
            adjacency: relation -> Â'_r [n'_dst, n'_src], row-normalised; anything that multiplies.
        """
        target, propagated = self.schema.target, {}
        for node_type in self.schema.node_types:
            own = [h[node_type, m] for m in self.schema.modalities[node_type]]
            if own:
                propagated[node_type, ((),)] = torch.cat(own, dim=1)

        def along(start: str, paths: tuple[MetaPath, ...]) -> Tensor:
            """Â_path H of these paths of one length from a type, side by side."""
            if (start, paths) not in propagated:
                onwards: dict[EdgeType, list[MetaPath]] = {}
                for first, *rest in paths:
                    onwards.setdefault(first, []).append(tuple(rest))
                moved = [adjacency[r] @ along(r[0], tuple(rests)) for r, rests in onwards.items()]
                propagated[start, paths] = torch.cat(moved, dim=1)
            return propagated[start, paths]

        # In the order of `blocks`: by length, then by relation from the target outwards.
        z = torch.cat([along(target, paths) for paths in self._paths_by_length], dim=1)
        return z * self._column_scale.to(z.dtype)


def _reduced(scaled: MultimodalGraph, reduction: Reduction) -> MultimodalGraph:
    """A copy of `scaled` with H in place of X."""
    reduced = copy.copy(scaled)
    for (node_type, modality), h in reduction.encode(scaled).items():
        reduced[node_type][FEATURE_PREFIX + modality] = h
    return reduced
