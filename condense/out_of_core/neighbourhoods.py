"""What stands around clusters of a graph on disk, see `condense.clustering.neighbourhoods`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.neighbourhoods import SAMPLE, Neighbours, Own, commonest, spread_of_some
from condense.data.features import FeatureScaler
from condense.data.spread.spread import Place
from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.columns import Matrix
from condense.out_of_core.edges import PartitionOnDisk
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import Tasks, in_order
from models.schema import GraphSchema


@dataclass(frozen=True)
class NeighbourhoodsOnDisk:
    """A whole graph seen from the clusters of its target nodes; attributes as of `Neighbourhoods`.

    Attributes:
        x: node type -> its features in scaled units.
        tasks: where they are propagated.
    """

    graph: GraphOnDisk
    x: Mapping[str, Matrix]
    cluster: Int[Tensor, " n_whole"]
    size: Float[Tensor, " n"]
    sample: Int[Tensor, " k"]
    places: tuple[Place, ...]
    tasks: Tasks
    _degrees: dict[EdgeType, Tensor] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        partition: PartitionOnDisk,
        scaler: FeatureScaler,
        generator: torch.Generator,
        tasks: Tasks,
    ) -> NeighbourhoodsOnDisk:
        """Choose places and a sample; features are read in the units of `scaler`."""
        graph, target = partition.graph, partition.graph.schema.target
        cluster = partition.cluster[target]
        members = (cluster >= 0).nonzero().flatten()
        order = torch.randperm(len(members), generator=generator)
        places = commonest(
            graph.schema,
            cluster >= 0,
            lambda r: graph.relations[r].degrees(),
            lambda r, x: graph.relations[r].means(x),
        )
        x = {t: graph.scaled(t, scaler) for t in graph.features}
        size = partition.size[target].float()
        return cls(graph, x, cluster, size, members[order[:SAMPLE]], places, tasks)

    @property
    def schema(self) -> GraphSchema:
        """Of the graph."""
        return self.graph.schema

    def own(self) -> Own:
        """The members themselves."""
        target, block = self.schema.target, self.graph.room.rows(self.x[self.schema.target].width)
        x, found = self.x[target], self.graph.features[target]
        total = torch.zeros(len(self.size), x.width, dtype=torch.float64)
        for rows, part in x.blocks(block):
            inside = self.cluster[rows] >= 0
            total.index_add_(0, self.cluster[rows][inside], part[inside].double())
        sampled, shares, residuals = x.at(self.sample, block), [], []
        for modality in self.schema.modalities[target]:
            has, columns = found.has[modality], found.columns(modality)
            has = torch.ones_like(self.cluster, dtype=torch.bool) if has is None else has
            count = self._count(has)
            mean = (total[:, columns] / count.clamp_min(1).unsqueeze(1)).float()
            shares.append(self._share(count, self._count(self.cluster >= 0)))
            away = sampled[:, columns] - mean[self.cluster[self.sample]]
            residuals.append(spread_of_some(away, has[self.sample]))
        return Own(torch.stack(shares, dim=1), torch.cat(residuals, dim=1))

    def at(self, place: Place) -> Neighbours:
        """What stands at a place."""
        degree, first = self._multiplicity(place), self._degree(place[0]) > 0
        has, member = degree > 0, self.cluster >= 0
        count = self._count(first)
        inside = first & member
        nodes = inside.nonzero().flatten()
        edges = self._single(place[0]) if len(place) == 1 else None
        x = self.x.get(place[-1][0])
        through = tuple(self.graph.relations[relation] for relation in place)
        into = self.cluster[nodes]
        numbers = range(len(x.slabs) if x is not None else 0)
        given = (nodes, into, len(self.size), self.sample, edges, self.graph.room)
        found = in_order(self.tasks, _slab_at, [(x, i, through, *given) for i in numbers])
        means = [total / count.clamp_min(1).unsqueeze(1) for total, _, _ in found]
        sampled, apart = [rows for _, rows, _ in found], [away for _, _, away in found]
        mean, rows = _beside(means, len(self.size)), _beside(sampled, len(self.sample))
        asked = member if len(place) == 1 else inside
        away = rows - mean[self.cluster[self.sample]]
        logs = torch.where(has, degree, 1.0).log()
        return Neighbours(
            mean=mean,
            count=count,
            present=self._share(self._count(has & asked), self._count(asked)),
            degree=(self._sum(logs, has) / self._count(has).clamp_min(1)).exp(),
            residual=spread_of_some(away, first[self.sample]),
            apart=_beside(apart, len(edges[0])) if edges is not None else mean[:0],
        )

    def _degree(self, relation: EdgeType) -> Float[Tensor, " n_dst"]:
        if relation not in self._degrees:
            self._degrees[relation] = self.graph.relations[relation].degrees()
        return self._degrees[relation]

    def _multiplicity(self, place: Place) -> Float[Tensor, " n_whole"]:
        """How many neighbours every target node has at a place."""
        degree = self._degree(place[-1]).unsqueeze(1)
        for relation in reversed(place[:-1]):
            degree = self.graph.relations[relation].means(degree)
        return degree.squeeze(1)

    def _single(self, relation: EdgeType) -> tuple[Tensor, Tensor, Tensor]:
        """Edges into the first sampled members with several neighbours: sources, destinations, scales."""
        degree, order = self._degree(relation), torch.full_like(self.cluster, -1)
        order[self.sample] = torch.arange(len(self.sample))
        src, dst, _ = self.graph.relations[relation].edges_into((order >= 0) & (degree > 1))
        first = order[dst].argsort(stable=True)[:SAMPLE]
        src, dst = src[first], dst[first]
        return src, dst, (degree[dst] / (degree[dst] - 1)).sqrt()

    def _sum(self, x: Float[Tensor, " n"], use: Tensor) -> Float[Tensor, " k"]:
        """Over the members in `use` of each cluster."""
        inside = use & (self.cluster >= 0)
        total = torch.zeros(len(self.size), dtype=torch.float64)
        return total.index_add_(0, self.cluster[inside], x[inside].double()).float()

    def _count(self, use: Tensor) -> Float[Tensor, " k"]:
        inside = use & (self.cluster >= 0)
        return torch.bincount(self.cluster[inside], minlength=len(self.size)).float()

    def _share(self, of: Float[Tensor, " k"], among: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
        return of / among.clamp_min(1)


Edges = tuple[Tensor, Tensor, Tensor]
"""Sources, destinations and scales of single edges."""


def _slab_at(
    x: Matrix,
    number: int,
    place: tuple[Adjacency, ...],
    nodes: Int[Tensor, " k"],
    into: Int[Tensor, " k"],
    count: int,
    sample: Int[Tensor, " s"],
    edges: Edges | None,
    room: Room,
) -> tuple[Float[Tensor, "n c"], Float[Tensor, "s c"], Float[Tensor, "e c"]]:
    """Of a few columns of the mean neighbours at a place: sums by cluster, sampled rows, single neighbours.

    Args:
        x: features of the type at which the place ends.
        number: of the slab.
        place: its relations.
        nodes: members with neighbours.
        into: their clusters.
        count: of clusters.
        sample: the sampled members.
        edges: of which the distance of the source from the destination's mean neighbour is measured.
        room: how much is added up at a time.
    """
    ends = moved = x.slab(number)
    for relation in reversed(place):
        moved = relation.means(moved)
    total = torch.zeros(count, moved.size(1), dtype=torch.float64)
    step = room.rows(moved.size(1))
    for rows, clusters in zip(nodes.split(step), into.split(step), strict=True):
        total.index_add_(0, clusters, moved[rows].double())
    apart = moved.new_zeros(0, moved.size(1))  # A view would keep the whole slab.
    if edges is not None:
        src, dst, scale = edges
        apart = (ends[src] - moved[dst]) * scale.unsqueeze(1)
    return total.float(), moved[sample], apart


def _beside(parts: list[Tensor], rows: int) -> Tensor:
    return torch.cat(parts, dim=1) if parts else torch.zeros(rows, 0)
