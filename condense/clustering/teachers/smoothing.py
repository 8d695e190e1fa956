"""Smoothing a teacher's scores over the graph: joined nodes mostly share their class.

F ← (1 − α) S F + α F₀, a few rounds, with S the union of the meta-paths that lead back to the target type,
as GCN has it. Training nodes keep their true classes throughout, as in label propagation (Zhu &
Ghahramani, 2002), or are guessed like all others, as in APPNP (Gasteiger et al., ICLR 2019). Meta-path
features tell a teacher what a neighbourhood looks like; this tells which classes there are in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.clustering.propagation import RelayView
from models.propagation.union import UnionOperator

HOPS = 4  # The longest meta-path of the union: authors meet over papers at one conference.
ROUNDS = 4
ALPHAS = (0.5, 0.2, 0.1, 0.05)


@dataclass(frozen=True)
class Smoothing:
    """One way to smooth.

    Attributes:
        keep: training nodes keep their true classes.
        alpha: the share of a node's own score in each round.
    """

    keep: bool
    alpha: float


WAYS = tuple(Smoothing(keep, alpha) for keep, alpha in product((True, False), ALPHAS))


def smoothed(view: RelayView, scores: Float[Tensor, "n C"]) -> Float[Tensor, "n C"]:
    """Smooth `scores` with the α, and the treatment of training nodes, that score best on validation nodes.

    Or as they are, where nothing does better: then joined nodes tell nothing more about each other.

    Args:
        view: the whole graph.
        scores: estimates of the classes' probabilities.
    """
    store, schema = view.graph[view.schema.target], view.schema
    operator = UnionOperator(view.graph, schema, HOPS, scores.device)
    known = store.train_mask.unsqueeze(1)
    truth = torch.nn.functional.one_hot(store.y.clamp_min(0), schema.num_classes).to(scores.dtype)
    rows = store.val_mask.nonzero().flatten()
    best = best_way(scores[rows], tried(operator, scores, truth, known, rows), store.y[rows])
    return scores if best is None else smooth(operator, scores, truth, known, best)


def tried(
    operator: Any,
    scores: Float[Tensor, "n C"],
    truth: Float[Tensor, "n C"],
    known: Bool[Tensor, "n 1"],
    rows: Int[Tensor, " k"],
) -> dict[Smoothing, Float[Tensor, "k C"]]:
    """What each way gives at some nodes. Columns do not influence each other, so any of them may be given.

    With T the fixed scores, F₀ the free ones, M zero on fixed nodes and A = M S, K rounds give
    Σ_{j<K} (1−α)ʲ Aʲ (T + α F₀) + (1−α)ᴷ Aᴷ (T + F₀): the powers serve every α.

    Args:
        operator: S; anything that multiplies.
        scores: estimates of the classes' probabilities.
        truth: one-hot classes; read on training nodes.
        known: the training nodes.
        rows: the nodes asked for.
    """
    found = {}
    for keep in (True, False):
        fixed = known & keep
        free = _powers(operator, torch.where(fixed, 0.0, scores), fixed, rows)
        given = [torch.zeros_like(free[0])] * len(free)
        if keep:
            given = _powers(operator, torch.where(fixed, truth, 0.0), fixed, rows)
        for alpha in ALPHAS:
            total = (1 - alpha) ** ROUNDS * (given[-1] + free[-1])
            for j in range(ROUNDS):
                total = total + (1 - alpha) ** j * (given[j] + alpha * free[j])
            found[Smoothing(keep, alpha)] = total
    return {way: found[way] for way in WAYS}


def _powers(
    operator: Any, x: Float[Tensor, "n C"], fixed: Bool[Tensor, "n 1"], rows: Int[Tensor, " k"]
) -> list[Float[Tensor, "k C"]]:
    """(M S)ʲ x at some rows, for j = 0 … ROUNDS."""
    found = [x[rows]]
    for _ in range(ROUNDS):
        x = torch.where(fixed, 0.0, operator @ x)
        found.append(x[rows])
    return found


def best_way(
    scores: Float[Tensor, "k C"],
    smooth: Mapping[Smoothing, Float[Tensor, "k C"]],
    y: Int[Tensor, " k"],
) -> Smoothing | None:
    """The first of the ways that guess most classes right; None where the scores as they are do not worse.

    Args:
        scores: of validation nodes, as they are.
        smooth: the same smoothed, by way.
        y: their classes.
    """
    best, reached = None, _correct(scores, y)
    for way, guessed in smooth.items():
        if (count := _correct(guessed, y)) > reached:
            best, reached = way, count
    return best


def smooth(
    operator: Any,
    scores: Float[Tensor, "n C"],
    truth: Float[Tensor, "n C"],
    known: Bool[Tensor, "n 1"],
    way: Smoothing,
) -> Float[Tensor, "n C"]:
    """Smooth all nodes in one way; arguments as of `tried`."""
    fixed = known & way.keep
    found = first = torch.where(fixed, truth, scores)
    for _ in range(ROUNDS):
        moved = (1 - way.alpha) * (operator @ found) + way.alpha * first
        found = torch.where(fixed, truth, moved)
    return found


def _correct(scores: Float[Tensor, "k C"], y: Int[Tensor, " k"]) -> int:
    return int((scores.argmax(dim=1) == y).sum())
