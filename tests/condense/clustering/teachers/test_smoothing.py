"""Scores spread over the graph: against dense matrices, and where the graph tells nothing."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import one_hot

from condense.clustering.propagation import RelayView
from condense.clustering.teachers.smoothing import ALPHAS, ROUNDS, smoothed
from condense.data.features import complete
from condense.data.graph import UNLABELLED, MultimodalGraph
from tests.support.dense import assert_near

CLASSES = 3
COUNT = 120


def graph_of(edges: torch.Tensor, y: torch.Tensor) -> MultimodalGraph:
    """Items with one feature; the first third trains, the second validates."""
    graph = MultimodalGraph()
    store = graph["item"]
    store.num_nodes = COUNT
    store.x_text = torch.randn(COUNT, 4, generator=torch.Generator().manual_seed(9)).to(
        torch.get_default_dtype()
    )
    place = torch.arange(COUNT)
    store.train_mask, store.val_mask = place < 40, (place >= 40) & (place < 80)
    store.test_mask = place >= 80
    store.y = torch.where(store.test_mask, UNLABELLED, y)
    graph["item", "near", "item"].edge_index = edges
    graph.target, graph.num_classes = "item", CLASSES
    return graph


def problem() -> tuple[RelayView, torch.Tensor, torch.Tensor]:
    """A graph whose edges join nodes of one class, scores that are right on half of them, and all classes."""
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(CLASSES, (COUNT,), generator=rng)
    edges = torch.randint(COUNT, (2, 2000), generator=rng)
    edges = edges[:, y[edges[0]] == y[edges[1]]]
    noise = torch.rand(COUNT, CLASSES, generator=rng, dtype=torch.get_default_dtype())
    scores = 0.3 * one_hot(y, CLASSES) + noise
    graph = graph_of(torch.cat([edges, edges.flip(0)], dim=1), y)
    view = RelayView.of(complete(graph), 1, 256, torch.Generator().manual_seed(0))
    return view, scores, y


def right(scores: torch.Tensor, y: torch.Tensor, first: int) -> float:
    """Share of the nodes from `first` to `first` + 40 whose class is guessed."""
    rows = slice(first, first + 40)
    return float((scores[rows].argmax(dim=1) == y[rows]).double().mean())


@pytest.mark.usefixtures("double")
def test_it_is_the_best_of_the_dense_candidates():
    view, scores, y = problem()
    edges = view.graph["item", "near", "item"].edge_index
    a = torch.zeros(COUNT, COUNT)
    for j, i in edges.T.tolist():
        a[i, j] += 1
    a += torch.eye(COUNT)
    root = a.sum(dim=1).rsqrt()
    s = root[:, None] * a * root
    candidates = [scores]
    for keep in (True, False):
        for alpha in ALPHAS:
            f0 = scores.clone()
            if keep:
                f0[:40] = one_hot(y[:40], CLASSES).to(f0)
            f = f0
            for _ in range(ROUNDS):
                f = (1 - alpha) * s @ f + alpha * f0
                if keep:
                    f[:40] = f0[:40]
            candidates.append(f)
    best = max(candidates, key=lambda f: right(f, y, 40))
    assert_near(smoothed(view, scores), best, 1e-12)
    assert right(best, y, 80) > right(scores, y, 80) + 0.2


def test_scores_that_nothing_does_better_than_stay():
    """Ties go to the scores as they are, so that a graph which tells nothing does not blur them."""
    view, scores, y = problem()
    scores[40:80] += 10 * one_hot(y[40:80], CLASSES)
    assert torch.equal(smoothed(view, scores), scores)


def test_validation_and_test_labels_are_not_spread():
    """Labels of validation nodes may choose among the candidates, and enter none of them."""
    view, scores, y = problem()
    before = smoothed(view, scores)
    store = view.graph["item"]
    # The better candidates stay better when a few labels are swapped for others.
    store.y = store.y.clone()
    store.y[40:44] = (y[40:44] + 1) % CLASSES
    assert torch.equal(smoothed(view, scores), before)
    assert int(store.y[80:].max()) == UNLABELLED


def test_without_a_way_back_to_the_target_nothing_changes():
    view, scores, _ = problem()
    view.graph["item", "near", "item"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    known = view.graph["item"].train_mask
    assert torch.equal(smoothed(view, scores)[~known], scores[~known])
