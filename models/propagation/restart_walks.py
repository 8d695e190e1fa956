"""The nodes that random walks with restart visit most, by node type, without drawing a walk.

A step goes from a node to one of those whose edges end at it, of any type, parallel edges counted; after each
step the walk returns to its root with probability c. With P = D⁻¹A over the nodes of all types, the expected
number of visits between two restarts is

    V = Σ_{k ≥ 1} (1 − c)^{k−1} Pᵏ,

whose first terms are a few sparse products. A walk that cannot go on returns as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.propagation.merged import MERGED, merge
from models.propagation.sparse import mean_adjacency
from models.schema import GraphSchema

BLOCK = 2**22
"""Entries of V that are formed at a time, about: some hundred MB while they are sorted."""
DECIMALS = 7
"""Decimals to which visits are compared, so that numbers that differ by rounding alone are ties."""


@dataclass(frozen=True)
class Visited:
    """Target nodes that have equally many neighbours of one type.

    Attributes:
        at: places among the rows asked for.
        nodes: their neighbours, numbered within the type, the most visited first.
    """

    at: Int[Tensor, " n"]
    nodes: Int[Tensor, "n l"]


@torch.no_grad()
def most_visited(
    graph: HeteroData,
    schema: GraphSchema,
    rows: Int[Tensor, " rows"],
    ties: Mapping[str, Float[Tensor, " n_t"]],
    restart: float,
    steps: int,
    count: int,
) -> dict[str, list[Visited]]:
    """The neighbours of `rows` by type, at most `count` of each, in groups of equally many.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        rows: target nodes.
        ties: a number for each node of each type; of equally visited nodes that of the greater comes first,
            of those with equal numbers the lower-numbered. The root itself is no neighbour.
        restart: c, in [0, 1).
        steps: terms of V; walks that go further between two restarts are left out.
        count: k ≥ 1.

    Returns:
        Type -> groups, shortest first. Rows that no walk leads from to a type are in none of its groups.
    """
    sizes = {t: int(graph[t].num_nodes) for t in schema.node_types}
    merged, start = merge(graph, schema, sizes, rows.device)
    step = mean_adjacency(merged, MERGED).to_sparse_coo().coalesce()
    # Double precision, so that equal numbers of visits are equal to DECIMALS.
    step = _coo(step.indices(), step.values().double(), (step.size(0), step.size(1)))
    kind = torch.cat(
        [rows.new_full((sizes[t],), number) for number, t in enumerate(schema.node_types)]
    )
    place = torch.cat([ties[t] for t in schema.node_types])
    place = place.argsort(descending=True, stable=True).argsort()  # 0 for the greatest.
    own = rows + start[schema.target]
    groups, nodes, first = [own[:0]], [own[:0]], 0
    for part in _blocks(step, own, steps):
        row, node, value = _visits(step, part, restart, steps)
        group = (row + first) * len(sizes) + kind[node]
        kept = _first(group, value, place[node], count)
        groups.append(group[kept])
        nodes.append(node[kept])
        first += len(part)
    group, node = torch.cat(groups), torch.cat(nodes)
    groups_by_type = {}
    for number, node_type in enumerate(schema.node_types):
        of_type = group % len(sizes) == number
        groups_by_type[node_type] = list(
            _by_length(group[of_type] // len(sizes), node[of_type] - start[node_type])
        )
    return groups_by_type


def _blocks(step: Tensor, own: Int[Tensor, " rows"], steps: int) -> Iterator[Tensor]:
    """`own` in parts, each with about `BLOCK` entries of V at most, or one node."""
    pattern = _coo(step.indices(), torch.ones_like(step.values()), tuple(step.shape))
    reached = total = step.values().new_ones(step.size(0), 1)
    for _ in range(steps):
        reached = torch.sparse.mm(pattern, reached).clamp_max(step.size(0))
        total = total + reached
    number = (total[own, 0].cumsum(0) / BLOCK).long()
    yield from own.split(torch.unique_consecutive(number, return_counts=True)[1].tolist())


def _visits(
    step: Tensor, own: Int[Tensor, " b"], restart: float, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Row, node and value of the entries of V at the rows `own`, but for each root itself."""
    size = (len(own), step.size(0))
    index = torch.stack([torch.arange(len(own), device=own.device), own])
    walk = _coo(index, torch.ones(len(own), dtype=torch.float64, device=own.device), size)
    indices, values = [], []
    for k in range(steps):
        walk = torch.sparse.mm(walk, step).coalesce()
        indices.append(walk.indices())
        values.append(walk.values() * (1 - restart) ** k)
    visits = _coo(torch.cat(indices, dim=1), torch.cat(values), size)
    row, node = visits.indices()
    away = node != own[row]
    return row[away], node[away], visits.values()[away]


def _first(
    group: Int[Tensor, " e"], value: Float[Tensor, " e"], place: Int[Tensor, " e"], count: int
) -> Int[Tensor, " kept"]:
    """Which entries are the `count` greatest of their group, group by group, the greatest first."""
    order = place.argsort()
    value = value.round(decimals=DECIMALS)
    order = order[value[order].argsort(descending=True, stable=True)]
    order = order[group[order].argsort(stable=True)]
    size = torch.unique_consecutive(group[order], return_counts=True)[1]
    begin = (size.cumsum(0) - size).repeat_interleave(size)
    return order[torch.arange(len(order), device=order.device) - begin < count]


def _by_length(row: Int[Tensor, " e"], node: Int[Tensor, " e"]) -> Iterator[Visited]:
    """Lists of neighbours, sorted by row, as one matrix for each length."""
    at, size = torch.unique_consecutive(row, return_counts=True)
    of_entry = size.repeat_interleave(size)
    for length in size.unique().tolist():
        yield Visited(at[size == length], node[of_entry == length].view(-1, length))


def _coo(index: Tensor, value: Tensor, size: tuple[int, ...]) -> Tensor:
    return torch.sparse_coo_tensor(index, value, size, check_invariants=False).coalesce()
