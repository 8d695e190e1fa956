"""Pseudo-labels: classes of unlabelled nodes, predicted by a teacher trained on the labelled ones."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling, TeacherKind
from condense.clustering.teachers.network import network
from condense.clustering.teachers.ridge import ridge
from condense.clustering.teachers.smoothing import smoothed
from condense.clustering.teachers.training_data import Teacher, TrainingData


def pseudo_labels(
    view: RelayView, labelling: PseudoLabelling, generator: torch.Generator
) -> Int[Tensor, " n"]:
    """The class of every target node: true on training nodes, predicted on all others.

    Args:
        view: the whole graph.
        labelling: by whom, and how.
        generator: for the network.
    """
    store = view.graph[view.schema.target]
    if bool(store.train_mask.all()):
        return store.y  # As in the inductive setting, where there is no other node.
    scores = teach(TrainingData.of(view), labelling.teacher, generator).scores(view)
    if labelling.smooth:
        scores = smoothed(view, scores)
    return torch.where(store.train_mask, store.y, scores.argmax(dim=1))


def teach(data: TrainingData, kind: TeacherKind, generator: torch.Generator) -> Teacher:
    """Train a "ridge" regression, a "network" with one hidden layer, or "auto": the network if there are more
    training nodes than inputs, the regression where there are fewer.

    With few labels a network's best moment on validation nodes is mostly luck; with many it guessed more of
    them right than the regression, see docs/ablation.md.
    """
    many = data.z.size(0) > data.z.size(1)
    if kind == "network" or (kind == "auto" and many):
        return network(data, generator)
    return ridge(data)
