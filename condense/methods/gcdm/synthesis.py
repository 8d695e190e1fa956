"""The condensed graph of GCDM and GCDMX, and how one update changes it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.methods.gcdm.relay import (
    EmbeddingRelay,
    class_shares,
    mean_distance,
    pair_distance,
)
from condense.methods.gcdm.settings import GCDMSettings, GCDMXSettings
from condense.methods.homogeneous.edge_budget import heaviest
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.pair_mlp import PairMLP, normalised
from models.relays.adam import Adam

SEEN_HOPS = 2
"""Hops of the relay that scores condensed graphs on validation nodes: those of SGC and of a GCN."""


class Matching:
    """X', with A' = MLP(X') where there are edges, matched in the embeddings of random relays.

    Args:
        view: the whole graph.
        x: X' at the start; copied.
        y: classes of the condensed nodes, ascending.
        settings: of GCDM or GCDMX.
        edges: the budget of edges of GCDM; unused for GCDMX.
        generator: for all draws.
    """

    def __init__(
        self,
        view: HomogeneousGraph,
        x: Float[Tensor, "k d"],
        y: Int[Tensor, " k"],
        settings: GCDMXSettings,
        edges: int,
        generator: torch.Generator,
    ) -> None:
        self.settings, self.edges, self.generator, self.y = settings, edges, generator, y
        self.x = x.clone().requires_grad_()
        self.z = view.propagated(settings.hops)[view.train]  # [k, d]
        self.train_y = view.y[view.train]
        self.count = torch.bincount(self.train_y, minlength=view.num_classes)
        self.first = self.count.cumsum(0) - self.count
        # The place of each condensed node among those of its class, which lie side by side.
        self.place = torch.arange(len(y), device=y.device) - torch.searchsorted(y, y)
        self.means, self.whole_means = (
            class_shares(labels, view.num_classes, x) for labels in (y, self.train_y)
        )
        self.share = torch.bincount(y, minlength=view.num_classes).to(x) / len(y)  # [C]
        self.relay = EmbeddingRelay.empty(x.size(1), settings.hidden, view.num_classes, x)
        self.target: Tensor | None = None  # What the relay makes of the whole graph.
        self.mlp: PairMLP | None = None
        if isinstance(settings, GCDMSettings):
            self.mlp = PairMLP(x.size(1), generator, x)
        mlp = {} if self.mlp is None else dict(self.mlp.named_parameters(prefix="mlp"))
        self.adams: Mapping[str, Adam] = {
            "x": Adam([self.x], settings.lr_features),
            "relay": Adam(list(self.relay.tensors().values()), settings.lr_relay),
            "mlp": Adam(list(mlp.values()), getattr(settings, "lr_edges", 0.0)),
        }
        self.graph: Mapping[str, Tensor] = {"x": self.x, **mlp}
        self.state: Mapping[str, Tensor] = {
            f"relay.{name}": x for name, x in self.relay.tensors().items()
        }

    def adjacency(self) -> Tensor | None:
        """A' within the budget of edges, differentiable; None without edges."""
        return None if self.mlp is None else heaviest(self.mlp(self.x), self.edges)

    def update(self, step: int) -> dict[str, float]:
        """Move X', or the MLP in its turn, against the gradient of the distance; see `Synthesis`."""
        epoch, turn = divmod(step - 1, self.settings.outer)
        if turn == 0:
            self._begin_relay()
        elif self.settings.inner:
            self._train_relay()
        loss = self.distance()
        adam = self.adams["mlp" if self._turn_of_edges(epoch) else "x"]
        adam.step(torch.autograd.grad(loss, adam.parameters))
        return {"loss": float(loss.detach())}

    def distance(self) -> Float[Tensor, ""]:
        """L for the present relay, differentiable; new pairs with each call."""
        if self.target is None:
            with torch.no_grad():
                embedded = self.relay.embed(self.z)
                by_means = self.settings.distance == "means"
                self.target = self.whole_means @ embedded if by_means else embedded
        h = self.relay.embed(self._propagated(self.settings.hops))
        if self.settings.distance == "means":
            return mean_distance(self.means @ h, self.target, self.share)
        return pair_distance(h, self.target[self._partners()], self.share[self.y])

    @torch.no_grad()
    def propagated(self) -> Float[Tensor, "k d"]:
        """See `Synthesis`."""
        return self._propagated(SEEN_HOPS).detach()

    def _propagated(self, hops: int) -> Float[Tensor, "k d"]:
        a, z = self.adjacency(), self.x
        if a is not None:
            operator = normalised(a)
            for _ in range(hops):
                z = operator @ z
        return z

    def _turn_of_edges(self, epoch: int) -> bool:
        settings = self.settings
        if not isinstance(settings, GCDMSettings) or self.edges < 2:
            return False
        return epoch % (settings.edge_epochs + settings.feature_epochs) < settings.edge_epochs

    def _begin_relay(self) -> None:
        self.relay.redraw(self.generator)
        self.target = None
        self.adams["relay"].restart()

    @torch.no_grad()
    def _train_relay(self) -> None:
        z = self._propagated(self.settings.hops)
        for _ in range(self.settings.inner):
            self.adams["relay"].step(self.relay.gradients(z, self.y))
        self.target = None

    def _partners(self) -> Int[Tensor, " k"]:
        """For each condensed node a random training node of its class; each once where there are enough."""
        random = torch.rand(len(self.train_y), generator=self.generator, device=self.y.device)
        order = (self.train_y + random.double()).argsort()  # Class by class, shuffled within each.
        return order[self.first[self.y] + self.place % self.count[self.y]]
