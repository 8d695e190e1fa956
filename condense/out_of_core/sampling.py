"""Sampled neighbourhoods of a graph on disk, for training in mini-batches.

As in GraphSAGE (Hamilton, Ying & Leskovec, NeurIPS 2017) and PyG's `NeighborLoader`: each node that is
reached draws, once and for each relation, at most so many of its in-neighbours, uniformly and without
replacement.
PyG's own sampler needs pyg-lib or torch-sparse and the edges in memory; pyg-lib has no wheel for this torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.some_rows import degrees_at, edges_at
from condense.out_of_core.surroundings import Fits, Reached, anything, assembled, spread_out


def with_sampled_neighbours(
    graph: GraphOnDisk,
    empty: MultimodalGraph,
    rows: Int[Tensor, " k"],
    fan_out: Sequence[int],
    generator: torch.Generator,
    fits: Fits = anything,
) -> tuple[MultimodalGraph, Int[Tensor, " k"]] | None:
    """The graph of some target nodes and of sampled nodes that reach them over `len(fan_out)` edges.

    With a fan-out of at least all in-degrees it is that of `with_neighbours`, its edges in another order.
    Weights stay as they are, so a mean over sampled neighbours is a mean by multiplicity; a sum over them is
    smaller than the whole one.

    Args:
        graph: the whole graph.
        empty: with its attributes; nodes and edges are added to it, features in the data set's units.
        rows: target nodes, each once.
        fan_out: most in-neighbours a node and relation, for each edge away from the target nodes.
        generator: on the CPU.
        fits: whether a part of that size may be read.

    Returns:
        The part, and where the rows are in it; None for one that does not fit.
    """

    def into(edges: Adjacency, nodes: Tensor, hop: int) -> tuple[Tensor, Tensor, Tensor]:
        return sampled_edges(edges, nodes, fan_out[hop], generator)

    found: Reached | None = spread_out(graph, rows, len(fan_out), into, fits)
    return None if found is None else assembled(graph, empty, rows, found)


def sampled_edges(
    edges: Adjacency, nodes: Int[Tensor, " k"], most: int, generator: torch.Generator
) -> tuple[Int[Tensor, " e"], Int[Tensor, " e"], Tensor]:
    """Sources, destinations and weights of at most `most` edges into each of these nodes."""
    first, degree = degrees_at(edges, nodes)
    many = degree > most
    count = degree.clamp_max(most)
    places = torch.repeat_interleave(first - count.cumsum(0) + count, count)
    places += torch.arange(len(places))
    chosen = torch.repeat_interleave(many, count)
    drawn = distinct(degree[many], most, generator) + first[many].unsqueeze(1)
    places[chosen] = drawn.flatten()
    src, weight = edges_at(edges, places)
    return src, torch.repeat_interleave(nodes, count), weight


def distinct(
    size: Int[Tensor, " k"], most: int, generator: torch.Generator
) -> Int[Tensor, "k most"]:
    """`most` distinct numbers below each size, ascending; every set of them is equally likely.

    Floyd's algorithm: for j = size − most … size − 1 draw t of 0 … j, and take t, or j where t is taken.

    Args:
        size: each above `most`.
        most: how many.
        generator: on the CPU.
    """
    found = torch.empty(len(size), most, dtype=torch.long)
    for place in range(most):
        last = size - most + place
        draw = torch.rand(len(size), generator=generator, dtype=torch.float64)
        t = (draw * (last + 1)).long()
        again = (found[:, :place] == t.unsqueeze(1)).any(dim=1)
        found[:, place] = torch.where(again, last, t)
    return found.sort(dim=1).values
