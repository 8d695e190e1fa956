"""Explicit meta-path graphs among target nodes: who is joined to whom, and how strongly."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.hetcrf.pattern import Pattern, WeightedPattern
from models.propagation.metapath_product import (
    MetaPathProduct,
    entries_of,
    row_blocks,
    strongest,
)
from models.propagation.metapaths import MetaPath, returning_paths
from models.schema import GraphSchema


def metapath_graphs(
    graph: HeteroData, schema: GraphSchema, hops: int, count: int, device: torch.device
) -> tuple[WeightedPattern, ...]:
    """A graph for each meta-path p that leads back to the target type; one without edges if none does.

    Every node is its own neighbour: a self-loop has weight 1, and the other edges of a node add up to 1 as
    well. Weights are those of a random walk, Â_{r₁} ⋯ Â_{r_k}, as in `models.propagation.union`: an edge of
    weight w counts as w parallel ones, and a hub that joins a thousand nodes shares itself out among them.
    HAN and HeCo keep only whether there is a walk, under which every faint edge of a condensed graph would
    count in full. Of each node's neighbours only the strongest stay (a conference joins a quarter of all
    authors); equally strong ones are chosen by a fixed pseudo-random rule of their numbers.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        hops: the longest meta-path.
        count: neighbours that a node keeps in each graph.
        device: where the graph is.
    """
    n = int(graph[schema.target].num_nodes)
    paths = returning_paths(schema.relations, schema.target, hops)
    if not paths:
        none = torch.zeros(0, dtype=torch.long, device=device)
        return (_with_self(none, none, torch.zeros(0, device=device), n),)
    return tuple(_bounded(graph, path, n, count) for path in paths)


def _bounded(graph: HeteroData, path: MetaPath, n: int, count: int) -> WeightedPattern:
    """The graph of one meta-path."""
    walks = MetaPathProduct(graph, path, counted=False, halved=False)
    parts = []
    for start, stop in row_blocks([walks], n, graph[path[0]].edge_index.device):
        block = entries_of(walks.rows(start, stop), start)
        away = block.where((block.row != block.column) & (block.weight > 0))
        parts.append(strongest(away, n, count, left_out="normalised", ties="shuffled"))
    rows, columns, weight = (torch.cat(part) for part in zip(*parts, strict=True))
    return _with_self(rows, columns, weight, n)


def _with_self(rows: Tensor, columns: Tensor, weight: Tensor, n: int) -> WeightedPattern:
    nodes = torch.arange(n, device=rows.device)
    rows, columns = torch.cat([rows, nodes]), torch.cat([columns, nodes])
    weight = torch.cat([weight, weight.new_ones(n)])
    order = torch.argsort(rows * n + columns)
    pattern = Pattern(rows[order], columns[order], (n, n))
    return WeightedPattern(pattern, weight[order])
