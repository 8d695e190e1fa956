"""A multimodal heterogeneous graph as a homogeneous one: what condensers of homogeneous graphs can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from models.propagation.union import UnionOperator
from models.schema import FEATURE_PREFIX, GraphSchema

REACH = 2
"""The longest meta-path that joins two target nodes, in relations: through one node of another type."""


@dataclass(frozen=True)
class HomogeneousGraph:
    """The target nodes alone, with features X and the operator S = D^{-1/2} (I + A) D^{-1/2}.

    X holds the modalities side by side in scaled units (early fusion); a missing one is zero, the mean. A is
    the union of the meta-paths that lead back to the target type, see `models.propagation.union`; in a graph
    of one node type it is the sum of its relations, and S is GCN's operator.

    Attributes:
        x: X [n, d].
        operator: S, which multiplies.
        y: classes [n]; −1 where unlabelled or hidden.
        train: training nodes [k].
        val: validation nodes [v].
        num_classes: C.
        widths: modality -> its number of columns; they sum to d.
        scaler: between the data set's units and scaled ones.
    """

    x: Float[Tensor, "n d"]
    operator: UnionOperator
    y: Int[Tensor, " n"]
    train: Int[Tensor, " k"]
    val: Int[Tensor, " v"]
    num_classes: int
    widths: Mapping[str, int]
    scaler: FeatureScaler

    @classmethod
    def of(cls, graph: MultimodalGraph, scaler: FeatureScaler | None = None) -> HomogeneousGraph:
        """The target nodes of `graph`.

        Args:
            graph: features complete, test labels hidden.
            scaler: of the graph that is condensed, if that is another one; by default fitted on `graph`.
        """
        scaler = scaler or FeatureScaler.fit(graph)
        scaled, schema = scaler.apply(graph), GraphSchema.of(graph)
        store, widths = scaled[schema.target], schema.modalities[schema.target]
        return cls(
            x=torch.cat([store[FEATURE_PREFIX + m] for m in widths], dim=1),
            operator=UnionOperator(scaled, schema, REACH, store.y.device),
            y=store.y,
            train=store.train_mask.nonzero().flatten(),
            val=store.val_mask.nonzero().flatten(),
            num_classes=schema.num_classes,
            widths=widths,
            scaler=scaler,
        )

    def on(self, other: MultimodalGraph) -> HomogeneousGraph:
        """Another graph of the same schema, in the units of this one."""
        return replace(HomogeneousGraph.of(other, self.scaler), num_classes=self.num_classes)

    def propagated(self, hops: int) -> Float[Tensor, "n d"]:
        """S^hops X, the input of SGC (Wu et al., ICML 2019)."""
        z = self.x
        for _ in range(hops):
            z = self.operator @ z
        return z

    def split(self, x: Float[Tensor, "k d"], target: str) -> dict[str, Tensor]:
        """Rows of X as modalities in the data set's units.

        Args:
            x: in scaled units.
            target: the target type's name.
        """
        parts = x.split(list(self.widths.values()), dim=1)
        return {
            m: self.scaler.mean[target, m] + self.scaler.scale[target, m] * part
            for m, part in zip(self.widths, parts, strict=True)
        }
