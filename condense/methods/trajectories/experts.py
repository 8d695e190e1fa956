"""Experts: two-layer GCNs trained on the whole graph, of which the parameters after some epochs are kept.

F = S (relu(S X W₁ + b₁) V) + b (Kipf & Welling, ICLR 2017), trained on all training nodes at once by gradient
descent with learning rate η. S X is computed once, S otherwise only multiplies matrices of C columns, and of
the hidden units only the rows are computed that training nodes read. As in `unrolled`, the first layer moves
along the rows of Z = S X alone, so that with K = Z Zᵀ + 1 1ᵀ what enters the hidden units moves by −η K G.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.errors import UserError
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.trajectories.curriculum import AT_ONCE, Curriculum
from condense.running.finite import all_finite


class Network(NamedTuple):
    """θ of a two-layer network.

    Attributes:
        first: W₁, and b₁ in the last row [d + 1, h].
        second: V [h, C].
        bias: b [C].
    """

    first: Tensor
    second: Tensor
    bias: Tensor

    @classmethod
    def draw(
        cls, width: int, hidden: int, num_classes: int, generator: torch.Generator, like: Tensor
    ) -> Network:
        """All parameters of a layer of m inputs uniform between −1/√m and 1/√m, as the authors draw them."""

        def uniform(rows: int, columns: int, inputs: int) -> Tensor:
            drawn = torch.rand(
                rows, columns, generator=generator, dtype=like.dtype, device=like.device
            )
            return (2 * drawn - 1) / inputs**0.5

        return cls(
            uniform(width + 1, hidden, width),
            uniform(hidden, num_classes, hidden),
            uniform(1, num_classes, hidden).squeeze(0),
        )

    def hidden(self, x: Float[Tensor, "n d_and_1"]) -> Float[Tensor, "n h"]:
        """H = relu(X W₁ + b₁) of rows [X, 1]."""
        return (x @ self.first).relu()

    def answers(self, x: Float[Tensor, "n d_and_1"]) -> Float[Tensor, "n C"]:
        """Logits of nodes without edges, given [X, 1]."""
        return self.hidden(x) @ self.second + self.bias


def with_ones(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d_and_1"]:
    """[X, 1], the input of a layer whose bias is the last row of its weights."""
    return torch.cat([x, x.new_ones(len(x), 1)], dim=1)


@dataclass(frozen=True)
class Lesson:
    """What experts learn from: the whole graph, as far as its training nodes read it.

    Attributes:
        z: [S X, 1] of the rows that training nodes read [N, d + 1].
        products: G ↦ K G.
        outputs: x ↦ S x at the training nodes, [N, C] -> [k, C].
        back: its transpose.
        y: one-hot classes of the training nodes [k, C], in the order in which a curriculum adds them.
    """

    z: Tensor
    products: Callable[[Tensor], Tensor]
    outputs: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]
    y: Tensor

    @classmethod
    def of(
        cls, view: HomogeneousGraph, z: Float[Tensor, "n d"], order: Int[Tensor, " k"]
    ) -> Lesson:
        """The lesson of a graph.

        Args:
            view: the whole graph.
            z: S X in the units that networks read.
            order: the training nodes.
        """
        classes = view.num_classes
        scattered = z.new_zeros(len(z), classes, requires_grad=True)
        reached = view.operator @ scattered  # Its gradient is the product with Sᵀ.

        def gathered(at_training_nodes: Tensor) -> Tensor:
            full = torch.zeros_like(reached).index_copy_(0, order, at_training_nodes)
            return torch.autograd.grad(reached, scattered, full, retain_graph=True)[0]

        ones = z.new_ones(len(order), classes)
        rows = gathered(ones)[:, 0].nonzero().flatten()
        near = with_ones(z[rows])
        short = len(near) < 2 * near.size(1)
        kernel = near @ near.T if short else None

        def products(g: Tensor) -> Tensor:
            return near @ (near.T @ g) if kernel is None else kernel @ g

        def outputs(x: Tensor) -> Tensor:
            full = x.new_zeros(len(z), classes).index_copy_(0, rows, x)
            return (view.operator @ full)[order]

        y = torch.nn.functional.one_hot(view.y[order], classes).to(z.dtype)
        return cls(near, products, outputs, lambda p: gathered(p)[rows], y)


def train(
    lesson: Lesson,
    start: Network,
    epochs: int,
    rate: float,
    keep: Collection[int],
    curriculum: Curriculum = AT_ONCE,
) -> dict[int, Network]:
    """Train an expert; its parameters after each of the epochs `keep`, 0 for untrained ones.

    Args:
        lesson: see there.
        start: untrained; it is not changed.
        epochs: steps of gradient descent.
        rate: η.
        keep: which parameters are kept; none after `epochs`.
        curriculum: how many training nodes it learns from, the first in the lesson's order.

    Raises:
        UserError: it diverged.
    """
    a, v, b = lesson.z @ start.first, start.second, start.bias
    along, kept = torch.zeros_like(a), {}
    for epoch in range(epochs + 1):
        if epoch in keep:
            kept[epoch] = Network(torch.addmm(start.first, lesson.z.T, along, alpha=-1), v, b)
        if epoch == epochs:
            break
        count, h = curriculum.count(epoch, len(lesson.y)), a.relu()
        p = (lesson.outputs(h @ v) + b).softmax(dim=1)  # [k, C]
        residual = (p - lesson.y) / count
        residual[count:] = 0
        spread = lesson.back(residual)  # [N, C]
        g = (spread @ v.T).masked_fill_(h == 0, 0)
        along.add_(g, alpha=rate)
        a = a.sub_(lesson.products(g), alpha=rate)
        v = torch.addmm(v, h.T, spread, alpha=-rate)
        b = torch.sub(b, residual.sum(dim=0), alpha=rate)
    if not all_finite(x for network in kept.values() for x in network):
        raise UserError(
            f"lr_expert (got {rate:g}) must keep the experts' parameters finite; try a smaller --lr-expert"
        )
    return kept
