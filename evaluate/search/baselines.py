"""Two baselines that rank architectures in the time that condensing and searching take.

With c the seconds of condensing and t̄ the mean seconds, training and validation, of one of N architectures on
the condensed graph, a baseline may spend c + N t̄, that is c / N + t̄ per architecture:

- a random sub-graph: training nodes drawn at random, the nodes of other types that they reach, and all
  edges among these; as many training nodes as the time allows, at least as many as the condensed graph has;
- the whole graph for fewer epochs, the same number for every architecture, validated once at their end.

Both are validated on the same nodes as everything else. Times are predicted from a few trainings, so the time
that a baseline took is measured and shown beside the time it was allowed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch

from condense.data.graph import MultimodalGraph
from condense.data.inductive import sub_graph
from evaluate.search.architecture import Architecture
from evaluate.search.record import SideRow

GROWTH = 1.25
"""Ratio of successive sub-graph sizes that are tried; times cannot be predicted more finely."""


def random_part(graph: MultimodalGraph, count: int, seed: int) -> MultimodalGraph:
    """The sub-graph of `count` training nodes drawn at random; it contains those of smaller counts.

    Args:
        graph: the graph on which models train.
        count: number of training nodes to draw, at most those of `graph`.
        seed: seed of the draw.
    """
    store = graph[graph.target]
    rows = store.train_mask.nonzero().flatten()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    keep = torch.zeros_like(store.train_mask)
    keep[rows[order[:count].to(rows.device)]] = True
    return sub_graph(graph, keep).graph


def sizes(least: int, most: int) -> list[int]:
    """Numbers of nodes from `least` to `most`, each GROWTH times the one before."""
    grown = itertools.takewhile(
        lambda n: n < most, (round(least * GROWTH**i) for i in itertools.count())
    )
    return [*dict.fromkeys(grown), most] if least < most else [most]


def largest_within(candidates: Sequence[int], fits: Callable[[int], bool]) -> int:
    """The greatest candidate that fits, by bisection; the first one if none fits.

    Args:
        candidates: in ascending order; if one does not fit, no greater one fits.
        fits: whether a candidate fits.
    """
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(candidates[middle]) else (low, middle - 1)
    return candidates[low]


def probes(architectures: Sequence[Architecture]) -> list[Architecture]:
    """The first architecture of each family, on which times are measured."""
    first: dict[str, Architecture] = {}
    for architecture in architectures:
        first.setdefault(architecture.model, architecture)
    return list(first.values())


def short_epochs(whole: Sequence[SideRow], allowed: float) -> int:
    """How many epochs on the whole graph, with one validation at the end, fit into `allowed` seconds.

    (allowed − v̄) ÷ t̄ with v̄ the mean seconds of a validation and t̄ those of an epoch in the full trainings;
    at least 1, however short the time, and at most the epochs of the full trainings.

    Args:
        whole: trainings on the whole graph, all with the same number of epochs.
        allowed: seconds per architecture.
    """
    full, every = whole[0].epochs, whole[0].check_every
    validations = -(-full // every)
    validation = sum(row.validate_seconds for row in whole) / len(whole) / validations
    epoch = sum(row.train_seconds for row in whole) / len(whole) / full
    return max(1, min(full, int((allowed - validation) / epoch)))
