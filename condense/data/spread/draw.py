"""Draws plain graphs from a condensed graph and its spread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import NodeStorage
from torch_geometric.typing import EdgeType

from condense.data.spread.spread import FeatureBasis, Place, Spread
from models.schema import FEATURE_PREFIX, MASK_PREFIX, GraphSchema, features, present

Graph = TypeVar("Graph", bound=HeteroData)
NOBODY = -1
MOST_NEIGHBOURS = 3
"""At a place of one relation; nodes that have more get as many, with greater weights."""


def draw(
    graph: Graph, spread: Spread, generator: torch.Generator, neighbours: bool = True
) -> Graph:
    """A graph to train on for a while: each condensed node with a neighbourhood of its own.

    The target nodes come first, with their classes and, if they have any, their soft labels; features are
    drawn around their means. At each place that is drawn for a node stand up to MOST_NEIGHBOURS neighbours,
    without a class. A neighbour of the target's own type is joined to what stands around a host: a target
    node drawn from those that the condensed graph joins to its node, in proportion to the weights of the
    edges, or the node itself where there is none. Neighbours of other types are joined to the mean neighbour
    at the places behind them. The edges of a node under a relation weigh together what the nodes that it
    stands for have neighbours there.

    Args:
        graph: a condensed graph; its edges among target nodes and its target nodes' features are read.
        spread: of this graph.
        generator: decides on everything that is random; on the graph's device.
        neighbours: False leaves them out, and all edges, for models that read a node's own features alone.

    Returns:
        A graph with the types, relations, modalities and attributes of `graph`.
    """
    random = _Random(generator)
    sketch = _Sketch.of(graph)
    target = sketch.schema.target
    n, dtype = int(graph[target].num_nodes), torch.get_default_dtype()
    together = random.normal(n, spread.factor.size(0)) @ spread.factor.to(dtype)
    together = together + random.normal(n, spread.rest.size(0)) * spread.rest.to(dtype)
    width = sum(sketch.schema.modalities[target].values())
    own, has = sketch.own(graph)
    has, occurs = has & random.chance(spread.has), random.chance(spread.present)  # [n, M], [n, P]
    nodes = sketch.add(target, own + together[:, :width], has).unsqueeze(1)  # [n, 1]
    if not neighbours:
        return sketch.finished(graph, n)
    coordinates = spread.code.to(dtype) @ spread.decoder.to(dtype) + spread.centre.to(dtype)
    coordinates = coordinates + together[:, width:]  # [n, P b]
    coordinates = coordinates.view(n, len(spread.places), spread.coordinates)
    degree = spread.degree.to(dtype)  # [n, P]

    standing: dict[Place, Int[Tensor, "n k"]] = {(): nodes}
    for number, place in enumerate(spread.places):
        parents = standing[place[:-1]]
        rows = (occurs[:, number] & (parents[:, 0] != NOBODY)).nonzero().flatten()
        basis = spread.bases[spread.basis_of[place[-1][0]]]
        most = MOST_NEIGHBOURS if len(place) == 1 else 1
        there = degree[rows, number].round().clamp(1, most).long()  # [k]
        x, of = _neighbours(basis, coordinates[rows, number], there, random)
        standing[place] = nodes.new_full((n, most), NOBODY)
        rank = torch.arange(len(of), device=of.device) - (there.cumsum(0) - there)[of]
        standing[place][rows[of], rank] = sketch.add(place[-1][0], x)
        sketch.join_all(place[-1], standing[place][rows], parents[rows], degree[rows, number])
    for place in [p for p in spread.places if len(p) == 1 and p[0][0] == target]:
        guests = standing[place].T.flatten()
        host = torch.cat([hosts(graph, place[0], n, generator) for _ in range(MOST_NEIGHBOURS)])
        host, guests = host[guests != NOBODY], guests[guests != NOBODY].unsqueeze(1)
        for number, around in enumerate(spread.places):
            if len(around) == 1:
                sketch.join_all(around[0], standing[around][host], guests, degree[host, number])
    return sketch.finished(graph, n)


def _neighbours(
    basis: FeatureBasis,
    coordinates: Float[Tensor, "k b"],
    there: Int[Tensor, " k"],
    random: _Random,
) -> tuple[Float[Tensor, "all D"], Int[Tensor, " all"]]:
    """Features of `there` neighbours around each mean one, and of which mean neighbour each is one.

    Their mean is the mean neighbour; a single one is the mean neighbour itself.
    """
    dtype = coordinates.dtype
    rows = basis.rows.to(dtype)
    mean = random.normal(len(there), rows.size(1)).mul_(basis.outside.to(dtype))
    mean.add_(basis.mean.to(dtype)).addmm_(coordinates, rows)  # [k, D]
    of = torch.arange(len(there), device=there.device).repeat_interleave(there)
    apart = (there > 1)[of].nonzero().flatten()
    away = random.normal(len(apart), rows.size(1)).mul_(basis.apart.to(dtype))
    away.addmm_(random.normal(len(apart), rows.size(0)) @ basis.differ.to(dtype), rows)
    total = torch.zeros_like(mean).index_add_(0, of[apart], away)
    away.sub_((total / there.unsqueeze(1))[of[apart]])
    return mean[of].index_add_(0, apart, away), of


def hosts(
    graph: HeteroData, relation: EdgeType, count: int, generator: torch.Generator
) -> Int[Tensor, " n"]:
    """For each target node, one of its in-neighbours under `relation`, in proportion to the edges' weights;
    the node itself where it has none.
    """
    src, dst = graph[relation].edge_index
    weight = graph[relation].get("edge_weight")
    uniform = torch.rand(len(src), generator=generator, device=src.device, dtype=torch.float64)
    # The greatest of log w + Gumbel noise is a draw in proportion to w.
    score = -(-uniform.clamp_min(1e-300).log()).log()
    if weight is not None:
        score = score + weight.double().log()
    best = torch.full((count,), -torch.inf, dtype=torch.float64, device=src.device)
    best = best.scatter_reduce(0, dst, score, "amax")
    chosen = torch.arange(count, device=src.device)
    won = score == best[dst]
    chosen[dst[won]] = src[won]
    return chosen


@dataclass(frozen=True)
class _Random:
    """Random tensors of one generator, on its device."""

    generator: torch.Generator

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""
        device, dtype = self.generator.device, torch.get_default_dtype()
        return torch.randn(*shape, generator=self.generator, device=device, dtype=dtype)

    def chance(self, share: Float[Tensor, "..."]) -> Bool[Tensor, "..."]:
        """True with these probabilities."""
        device, dtype = self.generator.device, torch.get_default_dtype()
        drawn = torch.rand(share.shape, generator=self.generator, device=device, dtype=dtype)
        return drawn < share.to(dtype)


@dataclass
class _Sketch:
    """Nodes and edges as they are added."""

    schema: GraphSchema
    features: dict[str, list[Tensor]] = field(default_factory=dict)
    has: dict[str, list[Tensor]] = field(default_factory=dict)
    edges: dict[EdgeType, list[Tensor]] = field(default_factory=dict)
    weights: dict[EdgeType, list[Tensor]] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: HeteroData) -> _Sketch:
        """Without nodes, in the schema of `graph`."""
        return cls(GraphSchema.of(graph))

    def own(self, graph: HeteroData) -> tuple[Float[Tensor, "n D"], Bool[Tensor, "n M"]]:
        """The target's features, modalities side by side, and who has which."""
        store = graph[self.schema.target]
        modalities = self.schema.modalities[self.schema.target]
        x = torch.cat([features(store, m) for m in modalities], dim=1)
        return x, torch.stack([present(store, m) for m in modalities], dim=1)

    def add(
        self, node_type: str, x: Float[Tensor, "k D"], has: Tensor | None = None
    ) -> Int[Tensor, " k"]:
        """Add nodes with these features and, by default, all modalities; returns their numbers."""
        modalities = len(self.schema.modalities[node_type])
        if has is None:
            has = torch.ones(len(x), modalities, dtype=torch.bool, device=x.device)
        first = self.count.get(node_type, 0)
        self.count[node_type] = first + len(x)
        self.features.setdefault(node_type, []).append(x)
        self.has.setdefault(node_type, []).append(has)
        return torch.arange(first, self.count[node_type], device=x.device)

    def join_all(
        self,
        relation: EdgeType,
        sources: Int[Tensor, "k s"],
        destinations: Int[Tensor, "k d"],
        weight: Float[Tensor, " k"],
    ) -> None:
        """Join all sources of a row to all its destinations, which receive `weight` from them together."""
        there = (sources != NOBODY).sum(dim=1).clamp_min(1)
        src = sources.unsqueeze(2).expand(-1, -1, destinations.size(1)).flatten()
        dst = destinations.unsqueeze(1).expand(-1, sources.size(1), -1).flatten()
        each = (weight / there).repeat_interleave(sources.size(1) * destinations.size(1))
        kept = (src != NOBODY) & (dst != NOBODY)
        self.edges.setdefault(relation, []).append(torch.stack([src[kept], dst[kept]]))
        self.weights.setdefault(relation, []).append(each[kept])

    def finished(self, graph: Graph, n: int) -> Graph:
        """The graph, with the classes of the first `n` target nodes."""
        drawn = type(graph)()
        for node_type in self.schema.node_types:
            store, count = drawn[node_type], self.count.get(node_type, 0)
            store.num_nodes = count
            self._fill(store, node_type, graph)
        for relation in self.schema.relations:
            store, device = drawn[relation], graph[self.schema.target].y.device
            index = [torch.zeros(2, 0, dtype=torch.long, device=device)]
            weight = [torch.zeros(0, device=device)]
            store.edge_index = torch.cat(index + self.edges.get(relation, []), dim=1)
            store.edge_weight = torch.cat(weight + self.weights.get(relation, []))
        self._label(drawn, graph, n)
        for name in ("target", "num_classes", "name", "source"):
            setattr(drawn, name, getattr(graph, name))
        return drawn

    def _fill(self, store: NodeStorage, node_type: str, graph: HeteroData) -> None:
        """Set a type's features, modality by modality."""
        modalities = self.schema.modalities[node_type]
        if node_type in self.features:
            added, has = self.features[node_type], torch.cat(self.has[node_type])
        else:
            device = graph[self.schema.target].y.device
            added = [torch.zeros(0, sum(modalities.values()), device=device)]
            has = torch.zeros(0, len(modalities), dtype=torch.bool, device=device)
        parts = [x.split(list(modalities.values()), dim=1) for x in added]
        for number, modality in enumerate(modalities):
            mask, x = has[:, number], torch.cat([part[number] for part in parts])
            store[FEATURE_PREFIX + modality] = x
            if not bool(mask.all()):
                store[MASK_PREFIX + modality] = mask
                x.masked_fill_(~mask.unsqueeze(1), 0.0)

    def _label(self, drawn: HeteroData, graph: HeteroData, n: int) -> None:
        target = self.schema.target
        old, new = graph[target], drawn[target]
        others = int(new.num_nodes) - n
        new.y = torch.cat([old.y, old.y.new_full((others,), -1)])
        if "y_soft" in old:
            even = old.y_soft.new_full((others, old.y_soft.size(1)), 1 / old.y_soft.size(1))
            new.y_soft = torch.cat([old.y_soft, even])
