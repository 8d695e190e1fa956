"""The condensed nodes of GC-SNTK, and how one update changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.kmeans import kmeans
from condense.methods.gcsntk.kernel import KernelRows, adjacencies, kernel, ridge_weights
from condense.methods.gcsntk.settings import GCSNTKSettings
from condense.methods.homogeneous.graph import HomogeneousGraph
from models.relays.adam import Adam


@dataclass(frozen=True)
class Batch:
    """Training nodes.

    Attributes:
        rows: as the kernel reads them.
        target: Y_T [m, C], their classes as one-hot rows.
    """

    rows: KernelRows
    target: Float[Tensor, "m C"]


class KernelSynthesis:
    """X' and Y' of condensed nodes without edges, A' = I; a `Synthesis` of the loop.

    Args:
        batches: the training nodes.
        x: X' at the start; copied.
        y: classes of the condensed nodes.
        num_classes: C.
        settings: of GC-SNTK.
    """

    def __init__(
        self,
        batches: Sequence[Batch],
        x: Float[Tensor, "k d"],
        y: Int[Tensor, " k"],
        num_classes: int,
        settings: GCSNTKSettings,
    ) -> None:
        self.batches, self.settings, self.y = batches, settings, y
        self.x = x.clone().requires_grad_()
        self.labels = torch.nn.functional.one_hot(y, num_classes).to(x.dtype)
        self.labels.requires_grad_(settings.learn_labels)
        moved = [self.x, self.labels] if settings.learn_labels else [self.x]
        self.adams: Mapping[str, Adam] = {"nodes": Adam(moved, settings.lr)}
        self.graph: Mapping[str, Tensor] = {"x": self.x, "labels": self.labels}
        self.state: Mapping[str, Tensor] = {}

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """‖Y_T − K_TS (K_SS + λ (tr K_SS / n') I)⁻¹ Y'‖² / 2 a training node of the batch."""
        own = KernelRows.alone(self.x, self.settings.aggregations)
        layers = self.settings.layers
        weights = ridge_weights(kernel(own, own, layers), self.labels, self.settings.ridge)
        error = kernel(batch.rows, own, layers) @ weights - batch.target  # [m, C]
        return error.square().sum() / (2 * len(error))

    def update(self, step: int) -> dict[str, float]:
        """One step of Adam on the loss of one batch after another; see `Synthesis`."""
        loss = self.loss(self.batches[(step - 1) % len(self.batches)])
        adam = self.adams["nodes"]
        adam.step(torch.autograd.grad(loss, adam.parameters))
        if self.settings.learn_labels:
            self.labels.data.copy_(on_simplex(self.labels.detach()))
        return {"loss": float(loss.detach())}

    def propagated(self) -> Float[Tensor, "k d"]:
        """X' itself, since there are no edges."""
        return self.x.detach()


def training_batches(
    view: HomogeneousGraph,
    z: Float[Tensor, "n d"],
    settings: GCSNTKSettings,
    generator: torch.Generator,
) -> list[Batch]:
    """The training nodes in batches; edges between two batches are left out.

    Neighbours should be in one batch, so the nodes are put in order by k-means first.

    Args:
        view: the whole graph.
        z: propagated features.
        settings: the size of a batch, and of the kernel.
        generator: for k-means.
    """
    nodes = view.train
    count = -(-len(nodes) // settings.batch)
    if count > 1:
        nodes = nodes[kmeans(z[nodes], count, generator).argsort(stable=True)]
    one_hot = torch.nn.functional.one_hot(view.y.clamp_min(0), view.num_classes).to(z.dtype)
    k, layers = settings.aggregations, settings.layers
    groups = nodes.tensor_split(count)
    return [
        Batch(KernelRows.among(z[some], a, k, layers), one_hot[some])
        for some, a in zip(groups, adjacencies(view, groups), strict=True)
    ]


def on_simplex(y: Float[Tensor, "k C"]) -> Float[Tensor, "k C"]:
    """The nearest distribution to each row (Duchi et al., ICML 2008, figure 1)."""
    falling = y.sort(dim=1, descending=True).values
    excess = falling.cumsum(dim=1) - 1
    rank = torch.arange(1, y.size(1) + 1, dtype=y.dtype, device=y.device)
    # How many entries stay positive; none where a number is not finite.
    last = (falling * rank > excess).sum(dim=1, keepdim=True).clamp_min(1)
    return (y - excess.gather(1, last - 1) / last).clamp_min(0)
