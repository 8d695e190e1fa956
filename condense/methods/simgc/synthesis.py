"""The condensed graph of SimGC, and how one update changes it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.methods.homogeneous.edge_budget import heaviest
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.pair_mlp import PairMLP, normalised
from condense.methods.simgc.alignment import Moments, misalignment, roughness
from condense.methods.simgc.settings import SimGCSettings
from models.relays.adam import Adam
from models.relays.linear import Relay


class Alignment:
    """X' and A' = MLP(X'), aligned with the layers of the whole graph.

    Args:
        view: the whole graph.
        teacher: trained on it.
        y: classes of the condensed nodes.
        settings: of SimGC.
        edges: the budget of edges.
        generator: draws X' ~ N(0, 1) and the MLP.
    """

    def __init__(
        self,
        view: HomogeneousGraph,
        teacher: Relay,
        y: Int[Tensor, " k"],
        settings: SimGCSettings,
        edges: int,
        generator: torch.Generator,
    ) -> None:
        self.teacher, self.y, self.settings, self.edges = teacher, y, settings, edges
        self.num_classes = view.num_classes
        self.whole = Moments.of(_layers(view, settings.hops), view.y[view.train], view.num_classes)
        self.share = torch.bincount(y, minlength=view.num_classes).to(view.x) / len(y)
        shape = (len(y), view.x.size(1))
        self.x = torch.randn(
            shape, generator=generator, dtype=view.x.dtype, device=view.x.device
        ).requires_grad_()
        self.mlp = PairMLP(view.x.size(1), generator, view.x)
        self.adams: Mapping[str, Adam] = {
            "x": Adam([self.x], settings.lr_features),
            "mlp": Adam(list(self.mlp.parameters()), settings.lr_edges),
        }
        self.graph: Mapping[str, Tensor] = {
            "x": self.x,
            **dict(self.mlp.named_parameters(prefix="mlp")),
        }
        self.state: Mapping[str, Tensor] = {}

    def adjacency(self) -> Float[Tensor, "k k"]:
        """A' within the budget of edges and above the threshold, differentiable."""
        a = heaviest(self.mlp(self.x), self.edges)
        return torch.where(a < self.settings.threshold, 0, a)

    def loss(self) -> Float[Tensor, ""]:
        """L_lgt + α L_rep + γ L_smt."""
        a, layers = self.adjacency(), [self.x]
        operator = normalised(a)
        for _ in range(self.settings.hops):
            layers.append(operator @ layers[-1])
        logits = self.teacher.logits(layers[-1])
        loss = torch.nn.functional.cross_entropy(logits, self.y)
        moments = Moments.of(torch.cat(layers, dim=1), self.y, self.num_classes)
        loss = loss + self.settings.alignment * misalignment(moments, self.whole, self.share)
        return loss + self.settings.smoothness * roughness(self.x, a)

    def update(self, step: int) -> dict[str, float]:
        """Move X', or the MLP in its turn, against the gradient of the loss; see `Synthesis`."""
        loss = self.loss()
        turn = (step - 1) % (self.settings.edge_steps + self.settings.feature_steps)
        moves_edges = turn < self.settings.edge_steps and self.edges >= 2
        adam = self.adams["mlp" if moves_edges else "x"]
        adam.step(torch.autograd.grad(loss, adam.parameters))
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def propagated(self) -> Float[Tensor, "k d"]:
        """See `Synthesis`."""
        operator, z = normalised(self.adjacency()), self.x.detach()
        for _ in range(self.settings.hops):
            z = operator @ z
        return z


def _layers(view: HomogeneousGraph, hops: int) -> Float[Tensor, "k D"]:
    """[X | S X | … | S^hops X] of the training nodes."""
    z, layers = view.x, [view.x[view.train]]
    for _ in range(hops):
        z = view.operator @ z
        layers.append(z[view.train])
    return torch.cat(layers, dim=1)
