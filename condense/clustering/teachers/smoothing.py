"""Smoothing a teacher's scores over the graph: joined nodes mostly share their class.

F ← (1 − α) S F + α F₀, a few rounds, with S the union of the meta-paths that lead back to the target type,
as GCN has it. Training nodes keep their true classes throughout, as in label propagation (Zhu &
Ghahramani, 2002), or are guessed like all others, as in APPNP (Gasteiger et al., ICLR 2019). Meta-path
features tell a teacher what a neighbourhood looks like; this tells which classes there are in it.
"""

from __future__ import annotations

from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.propagation import RelayView
from models.propagation.union import UnionOperator

HOPS = 4  # The longest meta-path of the union: authors meet over papers at one conference.
ROUNDS = 4
ALPHAS = (0.5, 0.2, 0.1, 0.05)


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

    best, reached = scores, _correct(scores, rows, store.y)
    for keep, alpha in product((True, False), ALPHAS):
        fixed = known & keep
        first = torch.where(fixed, truth, scores)
        smooth = first
        for _ in range(ROUNDS):
            smooth = torch.where(fixed, truth, (1 - alpha) * (operator @ smooth) + alpha * first)
        if (count := _correct(smooth, rows, store.y)) > reached:
            best, reached = smooth, count
    return best


def _correct(scores: Float[Tensor, "n C"], rows: Int[Tensor, " k"], y: Int[Tensor, " n"]) -> int:
    return int((scores[rows].argmax(dim=1) == y[rows]).sum())
