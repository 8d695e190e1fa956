"""The inputs of a relay over meta-paths, apart from any graph: their blocks, their scales, their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.reduction import FeatureKey, Reduction
from condense.data.features import FeatureScaler
from condense.edges.sparse_product import StraightThroughMatrix
from models.propagation.metapaths import MetaPath
from models.schema import GraphSchema

Adjacencies = Mapping[tuple[str, str, str], Tensor | StraightThroughMatrix]


@dataclass(frozen=True)
class RelaySpace:
    """Z = [s_{p,m} Z_{p,m}]: the propagated blocks side by side, each of the same total size.

    s_{p,m} gives every block a mean squared row norm of one over the training nodes, so that neither a
    wide modality nor a short meta-path drowns the others. Whole and condensed graph share it, and what reads
    a space alone serves whole graphs in memory and on disk.

    Attributes:
        schema: of reduced features H.
        scaler: between the data set's units and scaled ones.
        reduction: between scaled features and H.
        blocks: the (meta-path, modality) pairs, in order.
        scale: s_{p,m} of each block.
        block: for each of the D input dimensions, the number of its block.
    """

    schema: GraphSchema
    scaler: FeatureScaler
    reduction: Reduction
    blocks: tuple[tuple[MetaPath, str], ...]
    scale: tuple[float, ...]
    block: Int[Tensor, " D"]

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
