"""Explicit meta-path graphs among target nodes: who is joined to whom, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.hetcrf.pattern import Pattern
from models.propagation.metapath_graph import walk_blocks
from models.propagation.metapaths import MetaPath, returning_paths
from models.schema import GraphSchema

WEIGHT_BITS = 25  # Log-weights from −30 to 0 in millionths.


@dataclass(frozen=True)
class MetapathGraph:
    """One meta-path graph over n target nodes, every node its own neighbour.

    Attributes:
        pattern: its edges, row i from the neighbours of node i.
        weight: multiplicity of each edge: that of a self-loop is 1, those of the other edges of a node
            add up to 1 as well.
    """

    pattern: Pattern
    weight: Float[Tensor, " e"]

    @property
    def count(self) -> int:
        """How many nodes: n."""
        return self.pattern.size[0]

    def mean(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Ã x, the weighted mean over a node's neighbours and itself; differentiable in x."""
        return self.pattern.product(self.shares, x)

    @cached_property
    def shares(self) -> Float[Tensor, " e"]:
        """The values of Ã: each weight over the sum of its row."""
        rows = self.pattern.rows
        total = self.weight.new_zeros(self.count).index_add_(0, rows, self.weight)
        return self.weight / total[rows]

    def without(self, share: float) -> MetapathGraph:
        """Each edge but the self-loops dropped with this probability; what is left keeps its weight."""
        rows, columns = self.pattern.rows, self.pattern.columns
        keep = (torch.rand(len(rows), device=rows.device) >= share) | (rows == columns)
        pattern = Pattern(rows[keep], columns[keep], self.pattern.size)
        return MetapathGraph(pattern, self.weight[keep])


def metapath_graphs(
    graph: HeteroData, schema: GraphSchema, hops: int, strongest: int, device: torch.device
) -> tuple[MetapathGraph, ...]:
    """A graph for each meta-path p that leads back to the target type; one without edges if none does.

    The weights are those of a random walk, Â_{r₁} ⋯ Â_{r_k}, as in `models.propagation.union`: an edge of
    weight w counts as w parallel ones, and a hub that joins a thousand nodes shares itself out among them.
    HAN and HeCo keep only whether there is a walk, under which every faint edge of a condensed graph would
    count in full. Of each node's neighbours only the strongest stay (a conference joins a quarter of all
    authors); equally strong ones are chosen by a fixed pseudo-random rule, which knows nodes by their number.

    Args:
        graph: its edges, weights as multiplicities.
        schema: of this graph.
        hops: the longest meta-path.
        strongest: neighbours a node keeps in each graph.
        device: where the graph is.
    """
    n = int(graph[schema.target].num_nodes)
    paths = returning_paths(schema.relations, schema.target, hops)
    if not paths:
        none = torch.zeros(0, dtype=torch.long, device=device)
        return (_with_self(none, none, torch.zeros(0, device=device), n),)
    return tuple(_bounded(graph, path, n, strongest) for path in paths)


def _bounded(graph: HeteroData, path: MetaPath, n: int, strongest: int) -> MetapathGraph:
    parts = [_strongest_joined(*block, strongest) for block in walk_blocks(graph, path)]
    rows, columns, weight = (torch.cat(column) for column in zip(*parts, strict=True))
    total = weight.new_zeros(n).index_add_(0, rows, weight)
    return _with_self(rows, columns, weight / total[rows], n)


def _strongest_joined(
    nodes: Int[Tensor, " b"], walks: Tensor, strongest: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each of these nodes the neighbours that stay: (node, neighbour, chance) of each."""
    at, columns = walks.indices()
    rows, weight = nodes[at], walks.values()
    keep = (rows != columns) & (weight > 0)
    rows, columns, weight = rows[keep], columns[keep], weight[keep]
    keep = strongest_of_each(rows, columns, weight, walks.size(1), strongest)
    return rows[keep], columns[keep], weight[keep]


def strongest_of_each(
    rows: Int[Tensor, " e"],
    columns: Int[Tensor, " e"],
    weight: Float[Tensor, " e"],
    n: int,
    count: int,
) -> Int[Tensor, " k"]:
    """Which entries are among the `count` greatest of their row, in the order of rows and columns."""
    # One sort by row, weight and chance together, packed into a whole number of 62 bits. Equal weights differ
    # by rounding, which depends on the order of sums: a millionth is no difference.
    rounded = ((weight.double().log() + 30) * 1e6).round().long().clamp(0, (1 << WEIGHT_BITS) - 1)
    spare = 62 - WEIGHT_BITS - n.bit_length()
    chance = _mixed(rows, columns) >> max(0, 31 - spare)
    key = (((rows << WEIGHT_BITS) | ((1 << WEIGHT_BITS) - 1 - rounded)) << min(31, spare)) | chance
    order = torch.argsort(key)
    first = torch.searchsorted(rows[order], torch.arange(n, device=rows.device))
    place = torch.arange(len(order), device=rows.device) - first[rows[order]]
    return order[place < count].sort().values


def _mixed(rows: Tensor, columns: Tensor) -> Tensor:
    """A number of 31 bits for each pair that looks random and is the same on every device."""
    mixed = (rows * 2654435761 + columns * 40503 + 12345) % 2147483647
    return (mixed * 48271) % 2147483647


def _with_self(rows: Tensor, columns: Tensor, weight: Tensor, n: int) -> MetapathGraph:
    nodes = torch.arange(n, device=rows.device)
    rows, columns = torch.cat([rows, nodes]), torch.cat([columns, nodes])
    weight = torch.cat([weight, weight.new_ones(n)])
    order = torch.argsort(rows * n + columns)
    pattern = Pattern(rows[order], columns[order], (n, n))
    return MetapathGraph(pattern, weight[order])
