"""A whole graph on disk, sorted and scaled: what `MultimodalGraph` is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.features import FeatureScaler
from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.columns import Matrix, Scaled
from condense.out_of_core.room import Room
from models.schema import GraphSchema


@dataclass(frozen=True)
class NodeFeatures:
    """The features of a node type in the units of the data set, all modalities side by side.

    Attributes:
        x: zero where a node lacks the modality.
        widths: of each modality, in order.
        has: modality -> which nodes have it; None for all.
        mean: modality -> μ of the nodes that have it.
        deviation: modality -> root mean square of the centred entries.
    """

    x: Matrix
    widths: Mapping[str, int]
    has: Mapping[str, Bool[Tensor, " n"] | None]
    mean: Mapping[str, Float[Tensor, " width"]]
    deviation: Mapping[str, float]

    def columns(self, modality: str) -> slice:
        """The columns of a modality."""
        names = list(self.widths)
        first = sum(self.widths[m] for m in names[: names.index(modality)])
        return slice(first, first + self.widths[modality])

    def modality_of(self, slab: slice) -> str:
        """The modality of a slab's columns."""
        return next(
            m for m in self.widths if self.columns(m).start <= slab.start < self.columns(m).stop
        )


@dataclass(frozen=True)
class GraphOnDisk:
    """A whole graph of which a part is read at a time.

    Attributes:
        schema: with completed features.
        num_nodes: node type -> n_t.
        y: classes of the target nodes, −1 for unlabelled and for test nodes.
        train_mask, val_mask: of the target nodes.
        features: node type -> its features; none for a type that nothing reaches.
        relations: sorted by destination.
        room: how much is read at a time.
    """

    schema: GraphSchema
    num_nodes: Mapping[str, int]
    y: Int[Tensor, " n"]
    train_mask: Bool[Tensor, " n"]
    val_mask: Bool[Tensor, " n"]
    features: Mapping[str, NodeFeatures]
    relations: Mapping[EdgeType, Adjacency]
    room: Room

    @property
    def step(self) -> int:
        """Columns that are propagated at a time, to whichever type."""
        return self.room.columns(max(self.num_nodes.values()))

    @property
    def scaler(self) -> FeatureScaler:
        """Fitted as on a graph in memory; labels are not read."""
        mean, scale = {}, {}
        for node_type, found in self.features.items():
            for modality, mu in found.mean.items():
                sigma = found.deviation[modality]
                largest = float(mu.abs().max()) if len(mu) else 0.0
                mean[node_type, modality] = mu
                scale[node_type, modality] = sigma if sigma > 1e-6 * largest else 1.0
        return FeatureScaler(mean, scale)

    def scaled(self, node_type: str, scaler: FeatureScaler) -> Matrix:
        """The features of a type in scaled units."""
        found = self.features[node_type]
        mean, scale = scaler.flat(self.schema, [node_type])
        has = [found.has[found.modality_of(slab)] for slab in found.x.slabs]
        return Scaled(found.x, mean[node_type], scale[node_type], has)

    def reverses(self) -> Mapping[EdgeType, EdgeType]:
        """See `condense.data.relations.reverses`; edges are compared by sums of 64-bit hashes."""
        mirror: dict[EdgeType, EdgeType] = {}
        for relation, edges in self.relations.items():
            if relation in mirror or not edges.edges:
                continue
            for candidate, others in self.relations.items():
                opposite = (candidate[0], candidate[2]) == (relation[2], relation[0])
                turned = others.edges == edges.edges and others.marks == edges.marks[::-1]
                if opposite and candidate not in mirror and turned:
                    mirror[relation], mirror[candidate] = candidate, relation
                    break
        return mirror
