"""A linear teacher: from what a spread draws around a node, the classes of real nodes with such surroundings.

Draws around the means of two classes overlap more than the classes do, for their residuals are normal and the
real ones are not. The class of the mean is then the wrong label of some draws; the teacher, a logistic
regression on the real training nodes, says of which.
"""

from __future__ import annotations

import dataclasses

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from condense.clustering.neighbourhoods import Neighbourhoods
from condense.data.spread import Spread
from condense.data.spread.teacher import seen_by_teacher

MOST = 32768
"""Most training nodes that teach; their surroundings are held in memory."""
STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 300, 2000, 0.003, 5e-4
"""Of Adam, which so few steps regularise as well; tried on Debian's validation nodes."""


def taught(spread: Spread, around: Neighbourhoods, generator: torch.Generator) -> Spread:
    """The spread with a linear teacher.

    Args:
        spread: in the units of `around`, in which its bases are orthonormal.
        around: the whole graph; its training nodes teach.
        generator: picks training nodes and batches.
    """
    store = around.graph[around.schema.target]
    labelled = (store.train_mask & (store.y >= 0)).nonzero().flatten()
    order = torch.randperm(len(labelled), generator=generator, device=labelled.device)
    rows = labelled[order[:MOST]]
    x = surroundings(spread, around, rows)
    teacher = logistic_regression(x, store.y[rows], int(around.graph.num_classes), generator)
    width = spread.factor.size(1) - spread.decoder.size(1)
    return dataclasses.replace(
        spread, teacher=teacher, zero=x.new_zeros(width), unit=x.new_ones(width)
    )


def surroundings(
    spread: Spread, around: Neighbourhoods, rows: Int[Tensor, " k"]
) -> Float[Tensor, "k J"]:
    """What the teacher sees of real target nodes."""
    target = around.schema.target
    own, has = around.features_of(target, rows)
    coordinates, there = [], []
    for place in spread.places:
        basis = spread.bases[spread.basis_of[place[-1][0]]]
        mean, degree = around.mean_neighbours(place)
        coordinates.append((mean[rows] - basis.mean) @ basis.rows.T)
        there.append(degree[rows] > 0)
    near = own.new_zeros(len(rows), 0, spread.coordinates)
    somewhere = has[:, :0]
    if coordinates:
        near, somewhere = torch.stack(coordinates, dim=1), torch.stack(there, dim=1)
    widths = list(around.schema.modalities[target].values())
    return seen_by_teacher(own, has, widths, near, somewhere)


def logistic_regression(
    x: Float[Tensor, "k J"], y: Int[Tensor, " k"], classes: int, generator: torch.Generator
) -> Float[Tensor, "J C"]:
    """Weights whose scores x W are logarithms of class probabilities."""
    weight = x.new_zeros(x.size(1), classes, requires_grad=True)
    optimiser = torch.optim.Adam([weight], LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    for _ in range(STEPS):
        batch = torch.randint(len(x), (min(BATCH, len(x)),), generator=generator, device=x.device)
        loss = cross_entropy(x[batch] @ weight, y[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return weight.detach()
