"""The mean neighbours of target nodes at places around them: their means over clusters, and residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.clustering.kmeans import cluster_means
from condense.data.graph import MultimodalGraph
from condense.data.spread.spread import Place
from condense.edges.partition import EdgesBetweenClusters
from models.propagation.sparse import edge_weights, mean_adjacency
from models.schema import GraphSchema, features, present

PLACES = 24
"""Most places; those at which most nodes have neighbours."""
SAMPLE = 4096
"""Number of members whose distances from their means are measured."""


@dataclass(frozen=True)
class Neighbours:
    """What stands at one place of the clusters.

    Attributes:
        mean: of the mean neighbours of the members that have some [n, D_t].
        count: how many members that are [n].
        present: share of the members with neighbours, of all or, at a place of two relations, of those with
            neighbours at its first [n].
        degree: their number of neighbours, by multiplicity: the geometric mean [n], 1 where nobody has any.
        residual: distances of sampled members from their cluster's mean [k, D_t], zero for members without
            neighbours; scaled so that their mean square is that of members with neighbours.
        apart: distances of sampled single neighbours from their mean neighbour, scaled to the covariance of
            a neighbour that is one of many [e, D_t]; none at a place of two relations.
    """

    mean: Float[Tensor, "n D"]
    count: Float[Tensor, " n"]
    present: Float[Tensor, " n"]
    degree: Float[Tensor, " n"]
    residual: Float[Tensor, "k D"]
    apart: Float[Tensor, "e D"]


@dataclass(frozen=True)
class Own:
    """The same of the target nodes themselves.

    Attributes:
        has: share of members that have each modality [n, M].
        residual: [k, D], zero in modalities that a member lacks; scaled likewise.
    """

    has: Float[Tensor, "n M"]
    residual: Float[Tensor, "k D"]


class Surroundings(Protocol):
    """A whole graph seen from the clusters of its target nodes, in memory or on disk.

    Attributes:
        schema: of the graph.
        size: members of each cluster [n].
        places: see `Spread`.
    """

    @property
    def schema(self) -> GraphSchema: ...  # noqa: D102
    @property
    def size(self) -> Tensor: ...  # noqa: D102
    @property
    def places(self) -> tuple[Place, ...]: ...  # noqa: D102

    def own(self) -> Own:
        """The members themselves."""
        ...

    def at(self, place: Place) -> Neighbours:
        """What stands at a place."""
        ...


@dataclass(frozen=True)
class Neighbourhoods:
    """A whole graph seen from the clusters of its target nodes.

    Attributes:
        graph: in the units in which distances are measured.
        schema: of `graph`.
        cluster: of each target node, −1 for none.
        size: members of each cluster [n].
        sample: target nodes, members of clusters, whose residuals are measured.
        places: see `Spread`.
    """

    graph: MultimodalGraph
    schema: GraphSchema
    cluster: Int[Tensor, " n_whole"]
    size: Float[Tensor, " n"]
    sample: Int[Tensor, " k"]
    places: tuple[Place, ...]

    @classmethod
    def of(
        cls, graph: MultimodalGraph, partition: EdgesBetweenClusters, generator: torch.Generator
    ) -> Neighbourhoods:
        """Choose places and a sample."""
        schema = GraphSchema.of(graph)
        cluster = partition.cluster[schema.target]
        members = (cluster >= 0).nonzero().flatten()
        order = torch.randperm(len(members), generator=generator, device=members.device)
        size = partition.size[schema.target].to(torch.get_default_dtype())
        places = most_common(graph, schema, cluster >= 0)
        return cls(graph, schema, cluster, size, members[order[:SAMPLE]], places)

    def own(self) -> Own:
        """The members themselves."""
        target, shares, residuals = self.schema.target, [], []
        for modality in self.schema.modalities[target]:
            x, has = self._features(target, modality)
            mean, _ = self._means(x, has)
            shares.append(self._share(has, self.cluster >= 0))
            away = x[self.sample] - mean[self.cluster[self.sample]]
            residuals.append(spread_of_some(away, has[self.sample]))
        return Own(torch.stack(shares, dim=1), torch.cat(residuals, dim=1))

    def at(self, place: Place) -> Neighbours:
        """What stands at a place."""
        x, degree = self._mean_neighbours(place)
        first = degrees(self.graph, place[0]) > 0
        mean, count = self._means(x, first)
        has = degree > 0
        log_degree, _ = self._means(torch.where(has, degree, 1.0).log().unsqueeze(1), has)
        asked = self.cluster >= 0 if len(place) == 1 else first & (self.cluster >= 0)
        away = x[self.sample] - mean[self.cluster[self.sample]]
        none = x.new_zeros(0, x.size(1))  # A view, x[:0], would keep x alive.
        return Neighbours(
            mean=mean,
            count=count,
            present=self._share(has, asked),
            degree=log_degree.squeeze(1).exp(),
            residual=spread_of_some(away, first[self.sample]),
            apart=self._apart(place[0], x) if len(place) == 1 else none,
        )

    def _mean_neighbours(
        self, place: Place
    ) -> tuple[Float[Tensor, "n_whole D"], Float[Tensor, " n_whole"]]:
        """Every target node's mean neighbour at a place, zero where there is none, and their multiplicity."""
        x, degree = self._stacked(place[-1][0]), degrees(self.graph, place[-1])
        for relation in reversed(place):
            x = mean_adjacency(self.graph, relation) @ x
        for relation in reversed(place[:-1]):
            degree = (mean_adjacency(self.graph, relation) @ degree.unsqueeze(1)).squeeze(1)
        return x, degree

    def _apart(self, relation: EdgeType, mean: Float[Tensor, "n_whole D"]) -> Float[Tensor, "e D"]:
        """Distances of neighbours of sampled members from the mean neighbour of the member.

        With k neighbours of equal weight they have (k − 1) ÷ k of the covariance of all possible neighbours.
        """
        src, dst = self.graph[relation].edge_index
        degree, sampled = (
            degrees(self.graph, relation),
            torch.zeros_like(self.cluster, dtype=torch.bool),
        )
        sampled[self.sample] = True
        edges = (sampled[dst] & (degree[dst] > 1)).nonzero().flatten()[:SAMPLE]
        src, dst = src[edges], dst[edges]
        away = self._stacked(relation[0])[src] - mean[dst]
        return away * (degree[dst] / (degree[dst] - 1)).sqrt().unsqueeze(1)

    def _features(self, node_type: str, modality: str) -> tuple[Tensor, Bool[Tensor, " n"]]:
        store = self.graph[node_type]
        return features(store, modality), present(store, modality)

    def _stacked(self, node_type: str) -> Float[Tensor, "n_t D_t"]:
        """All modalities of a type side by side, zero where missing."""
        count = int(self.graph[node_type].num_nodes)
        parts = [self._features(node_type, m)[0] for m in self.schema.modalities[node_type]]
        return torch.cat([self.size.new_zeros(count, 0), *parts], dim=1)

    def _means(
        self, x: Float[Tensor, "n_whole d"], use: Bool[Tensor, " n_whole"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """Each cluster's mean over members in `use`, and their number."""
        mean, _ = cluster_means(x, use, self.cluster, len(self.size))
        into = self.cluster[use & (self.cluster >= 0)]
        return mean, torch.bincount(into, minlength=len(self.size)).to(x.dtype)

    def _share(self, of: Tensor, among: Bool[Tensor, " n_whole"]) -> Float[Tensor, " n"]:
        """The share of members in `among` that are in `of`."""
        return self._means(of.to(self.size.dtype).unsqueeze(1), among)[0].squeeze(1)


def degrees(graph: MultimodalGraph, relation: EdgeType) -> Float[Tensor, " n_dst"]:
    """In-degrees, by multiplicity."""
    weight, dst = edge_weights(graph, relation), graph[relation].edge_index[1]
    return weight.new_zeros(int(graph[relation[2]].num_nodes)).index_add_(0, dst, weight)


def most_common(
    graph: MultimodalGraph, schema: GraphSchema, member: Bool[Tensor, " n"], most: int = PLACES
) -> tuple[Place, ...]:
    """The places at which most members have neighbours, see `commonest`."""

    def mean(relation: EdgeType, x: Tensor) -> Tensor:
        return mean_adjacency(graph, relation) @ x

    return commonest(schema, member, lambda relation: degrees(graph, relation), mean, most)


def commonest(
    schema: GraphSchema,
    member: Bool[Tensor, " n"],
    degree: Callable[[EdgeType], Tensor],
    mean: Callable[[EdgeType, Tensor], Tensor],
    most: int = PLACES,
) -> tuple[Place, ...]:
    """The places at which most members have neighbours: relations into the target, and behind those from
    another type the relations into that type; at most `most`, in the order of relations, single ones first.

    Args:
        schema: of the whole graph.
        member: the target nodes that count.
        degree: relation -> in-degrees.
        mean: relation, x [n_src, 1] -> the mean over in-neighbours [n_dst, 1].
        most: how many.
    """
    single = _first(
        [((r,), int((degree(r)[member] > 0).sum())) for r in schema.relations_into[schema.target]],
        most,
    )
    behind = []
    for (relation,) in single:
        if relation[0] != schema.target:
            for further in schema.relations_into[relation[0]]:
                has = (degree(further) > 0).to(torch.get_default_dtype())
                reached = mean(relation, has.unsqueeze(1))
                count = int((reached.squeeze(1)[member] > 0).sum())
                behind.append(((relation, further), count))
    return (*single, *_first(behind, most - len(single)))


def _first(places: Sequence[tuple[Place, int]], most: int) -> list[Place]:
    """The `most` places of greatest count, none without any, in their order."""
    ranked = sorted(range(len(places)), key=lambda i: -places[i][1])[: max(0, most)]
    return [places[i][0] for i in sorted(ranked) if places[i][1] > 0]


def spread_of_some(away: Float[Tensor, "k D"], has: Bool[Tensor, " k"]) -> Float[Tensor, "k D"]:
    """Distances, zero for those who lack it, scaled to the mean square of the others."""
    share = float(has.double().mean()) if len(has) else 0.0
    return torch.where(has.unsqueeze(1), away, 0.0) / max(share, 1e-12) ** 0.5
