"""The condensed graph of GCond: features X', edges A' that follow from them, and their updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from condense.methods.gcond.distance import Distance
from condense.methods.gcond.relay import SGCRelay
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.edge_budget import heaviest
from condense.methods.homogeneous.pair_mlp import normalised
from models.relays.adam import Adam


@dataclass(frozen=True)
class Schedule:
    """How often what is updated.

    Attributes:
        outer: updates of the condensed graph an epoch.
        inner: steps of the relay between two of these.
        edge_epochs: of each `period` of epochs, the first so many update the edges, the others the features.
        period: see `edge_epochs`.
    """

    outer: int
    inner: int
    edge_epochs: int = 0
    period: int = 1

    def moves_edges(self, epoch: int) -> bool:
        """Whether this epoch, 0 for the first, updates the edges."""
        return epoch % self.period < self.edge_epochs


@dataclass(frozen=True)
class Rates:
    """Learning rates of Adam for X', for what makes A', for the relay, and for parameters of `Terms`."""

    features: float
    edges: float
    relay: float
    terms: float = 0.0


@dataclass(frozen=True)
class Keep:
    """Which entries of A' are edges.

    Attributes:
        most: the heaviest, at most so many, in matching and in the graph that is saved; an entry and its
            transposed one are two.
        threshold: none below it is saved.
    """

    most: int
    threshold: float


@runtime_checkable
class Terms(Protocol):
    """What is added to the matching loss, as a function of A'; it may have parameters of its own."""

    def __call__(self, adjacency: Tensor, moves_edges: bool) -> Tensor:
        """The sum of the terms.

        Args:
            adjacency: A' within the budget of edges.
            moves_edges: whether the edges are updated, and the parameters of the terms with them, or X'.
        """
        ...

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """What the updates of the edges change as well."""
        ...


class GradientMatching:
    """A `Synthesis`, see `condense.methods.homogeneous.loop`; an update is an epoch with a relay of its own.

    min over (X', A'): Σ_c n'_c / max n'_c · D(∇_W L_c(X', A'), ∇_W L_c(X, A)), with Z' = Â'^hops X'.

    Args:
        x: X' at the start, or its distinct rows with `copies`; it is changed.
        sizes: n'_c; condensed nodes lie class by class.
        whole: the other side.
        edges: A' as a function of `x`; None for A' = I.
        distance: D.
        schedule: how often what is updated.
        rates: learning rates.
        hops: how often X' is propagated.
        keep: which entries of A' are edges; None if all are.
        unit: Z' divided by it has the units of the validator.
        generator: draws the relays.
        copies: one-hot rows, which row of `x` each condensed node has; None if each has its own.
        terms: what is added to the loss.
    """

    def __init__(
        self,
        x: Float[Tensor, "k d"],
        sizes: Sequence[int],
        whole: WholeGradients,
        edges: nn.Module | None,
        distance: Distance,
        schedule: Schedule,
        rates: Rates,
        hops: int,
        keep: Keep | None,
        unit: float,
        generator: torch.Generator,
        copies: Float[Tensor, "n k"] | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.x, self.sizes, self.whole, self.edges = x, list(sizes), whole, edges
        self.distance, self.schedule, self.rates = distance, schedule, rates
        self.hops, self.keep, self.unit, self.generator = hops, keep, unit, generator
        self.copies, self.terms = copies, terms
        counts = torch.tensor(self.sizes, device=x.device)
        self.y: Int[Tensor, " n"] = torch.arange(len(counts), device=x.device).repeat_interleave(
            counts
        )
        self.target = torch.nn.functional.one_hot(self.y, len(counts)).to(x.dtype)
        self.share = counts.to(x.dtype) / counts.max()
        parameters = dict(edges.named_parameters()) if edges else {}
        beside = dict(terms.named_parameters()) if terms else {}
        self.adams: Mapping[str, Adam] = {
            "features": Adam([x], rates.features),
            "edges": Adam(list(parameters.values()), rates.edges),
            "terms": Adam(list(beside.values()), rates.terms),
        }
        self.graph: Mapping[str, Tensor] = {"x": x} | {
            f"edges/{k}": p for k, p in parameters.items()
        }
        self.state: Mapping[str, Tensor] = {
            **({f"edges/{k}": b for k, b in edges.named_buffers()} if edges else {}),
            **{f"terms/{k}": p for k, p in beside.items()},
        }

    def update(self, step: int) -> dict[str, float]:
        """One epoch; the mean loss over its updates."""
        moves_edges = self.edges is not None and self.schedule.moves_edges(step - 1)
        adams = [
            self.adams[name] for name in (("edges", "terms") if moves_edges else ("features",))
        ]
        self.x.requires_grad_(not moves_edges)
        for p in (*self.adams["edges"].parameters, *self.adams["terms"].parameters):
            p.requires_grad_(moves_edges)
        classes = len(self.sizes)
        relay = SGCRelay(self.x.size(1), classes, self.rates.relay, self.generator, self.x)
        total = self.x.new_zeros(())
        for number in range(self.schedule.outer):
            adjacency = self.adjacency()
            z = self._z(adjacency)
            if number:
                relay.train(z.detach(), self.target, self.schedule.inner)
            found = relay.gradients(z, self.target, self.sizes)
            loss = (self.share * self.distance(found, self.whole.of(relay))).sum()
            if self.terms is not None and adjacency is not None:
                loss = loss + self.terms(adjacency, moves_edges)
            _descend(loss, adams)
            total += loss.detach()
        return {"loss": float(total) / self.schedule.outer}

    def adjacency(self) -> Float[Tensor, "n n"] | None:
        """A' within the budget of edges; None for A' = I."""
        if self.edges is None:
            return None
        a = self.edges(self.x)
        return a if self.keep is None else heaviest(a, self.keep.most)

    def nodes(self) -> Float[Tensor, "n d"]:
        """X', one row a condensed node."""
        return self.x if self.copies is None else self.copies @ self.x

    @torch.no_grad()
    def saved_adjacency(self) -> Float[Tensor, "n n"] | None:
        """A' as it is saved."""
        a, keep = self.adjacency(), self.keep
        return a if a is None or keep is None else a * (a >= keep.threshold)

    @torch.no_grad()
    def propagated(self) -> Float[Tensor, "n d"]:
        """Z' of the graph that is saved, in the validator's units."""
        return self._z(self.saved_adjacency()) / self.unit

    def _z(self, adjacency: Tensor | None) -> Tensor:
        if adjacency is None or not self.hops:
            return self.nodes()
        operator = normalised(adjacency)
        return torch.linalg.matrix_power(operator, self.hops) @ self.nodes()


def _descend(loss: Tensor, adams: Sequence[Adam]) -> None:
    """A step of each."""
    gradients = iter(torch.autograd.grad(loss, [p for adam in adams for p in adam.parameters]))
    for adam in adams:
        adam.step([next(gradients) for _ in adam.parameters])
