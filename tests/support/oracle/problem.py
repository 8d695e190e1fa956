"""A condensation problem, and its outer step by the fast code and by plain autograd from the same state."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from condense.budget import plan
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.methods.srgm.objective import Objective
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from models.relays.adam import Adam
from models.relays.linear import train_relay
from models.relays.registry import RELAYS
from tests.support.oracle import plain


@dataclass(frozen=True)
class Steps:
    """λ, the learning rates of Adam, and the number of inner steps after each outer step."""

    damping: float = 0.0
    inner: int = 10
    lr_features: float = 0.01
    lr_edges: float = 0.01
    lr_relay: float = 0.003


class Problem:
    """Everything that stays fixed along a run, and the initial state of the synthesis and the relay.

    Args:
        graph: a whole graph.
        ratio: condensation ratio.
        rank: at most this many coordinates a modality.
        decouple: "off", or "field" for types of at most two modalities.
        damped: whether the energy is differentiated.
        labelling: how the classes of unlabelled nodes are guessed; None leaves these nodes out.
        relay: a name of `models.relays.registry.RELAYS`.
    """

    def __init__(
        self,
        graph: MultimodalGraph,
        ratio: float,
        rank: int = 256,
        decouple: Literal["off", "field"] = "off",
        damped: bool = False,
        labelling: PseudoLabelling | None = None,
        relay: str = "linear",
    ) -> None:
        rng = torch.Generator().manual_seed(0)
        self.budget = plan(graph, ratio)
        self.view = RelayView.of(complete(hide_test_labels(graph)), 2, rank, rng)
        self.shared_space = SharedSpace.shared(self.view, 32)
        start = cluster_graph(self.view, self.budget, labelling, rng, "own")
        self.synthesis = Synthesis(start, self.budget)
        self.decouple: Literal["off", "field"] = decouple
        self.objective = Objective(
            self.view, self.shared_space, tuple(self.synthesis.logits), decouple, True, damped
        )
        width, classes = len(self.view.block), self.view.schema.num_classes
        self.theta = RELAYS[relay](width, 8, classes, self.view.block_indicator).redrawn(rng)
        self.pool = Pool.of(self.view, start.node_class, 256, rng)

    def fast(self, steps: Steps) -> Run:
        """A run of the project's own code, on a copy of the state."""
        return Fast(self, steps)

    def plain(self, steps: Steps, shared: bool = False) -> Run:
        """A run by plain autograd, on a copy of the state.

        Args:
            steps: see `Steps`.
            shared: propagate the condensed graph once for all classes; else once for each class, like the
                released code of GCond (Jin et al., ICLR 2022) and of its successors.
        """
        return Plain(self, steps, shared)


class Run:
    """A synthesis and a relay, updated together step by step."""

    def __init__(self, problem: Problem, steps: Steps) -> None:
        self.problem, self.steps = problem, steps
        self.synthesis = copy.deepcopy(problem.synthesis)
        self.theta = problem.theta
        self.h = list(self.synthesis.h.values())
        self.logits = list(self.synthesis.logits.values())

    def outer_step(self) -> Tensor:
        """Update the condensed graph once, then train the relay by the inner steps; returns L_match + λR."""
        raise NotImplementedError

    def update(self, loss: Tensor) -> None:
        """Update features and edges by the gradients of `loss`; rows of missing modalities stay zero."""
        for x in (*self.h, *self.logits):
            x.grad = None
        loss.backward()
        self.optimise()
        with torch.no_grad():
            for key, has in self.synthesis.has.items():
                self.synthesis.h[key].mul_(has.unsqueeze(1))

    def optimise(self) -> None:
        """One step of Adam with the current gradients."""
        raise NotImplementedError


class Fast(Run):
    """The step of `condense.methods.srgm.loop`, without its reports and random draws."""

    def __init__(self, problem: Problem, steps: Steps) -> None:
        super().__init__(problem, steps)
        self.inputs = self.synthesis.relay_inputs(problem.view)
        self.optimisers = [Adam(self.h, steps.lr_features), Adam(self.logits, steps.lr_edges)]

    def outer_step(self) -> Tensor:
        objective, s = self.problem.objective, self.steps
        pool = self.problem.pool
        whole = objective.whole_gradients(self.theta, [(pool.z, pool.sizes)])
        terms = objective.terms(self.synthesis, self.inputs, self.theta, whole, report=False)
        loss = terms.match + s.damping * terms.energy
        self.update(loss)
        self.inputs = self.synthesis.relay_inputs(self.problem.view)
        z = self.inputs.z.detach()
        self.theta = train_relay(self.theta, z, self.synthesis.one_hot, s.inner, s.lr_relay)
        return loss

    def optimise(self) -> None:
        for optimiser in self.optimisers:
            optimiser.step([x.grad for x in optimiser.parameters])


class Plain(Run):
    """The step of `tests.support.oracle.plain`."""

    def __init__(self, problem: Problem, steps: Steps, shared: bool) -> None:
        super().__init__(problem, steps)
        self.relay, self.shared = plain.PlainRelay(problem.theta), shared
        groups = (self.h, steps.lr_features), (self.logits, steps.lr_edges)
        self.optimiser = torch.optim.Adam([{"params": x, "lr": lr} for x, lr in groups if x])

    def outer_step(self) -> Tensor:
        problem, syn, s = self.problem, self.synthesis, self.steps
        view, classes = problem.view, problem.budget.classes
        whole = plain.whole_gradients(self.relay, problem.pool.z.split(problem.pool.sizes))
        weights = plain.edges(syn)
        z = plain.features(view, syn.h, weights)

        def forward() -> Tensor:
            return z if self.shared else plain.features(view, syn.h, weights)

        gradients = plain.class_gradients(self.relay, forward, syn.y, len(classes))
        share = torch.tensor(classes, dtype=z.dtype) / sum(classes)
        loss = plain.matching(view, gradients, whole, share)
        if s.damping:
            field = plain.field(syn, problem.shared_space, self.relay, z)
            if problem.decouple == "field":
                field = plain.decoupled(field)
            energy = plain.energy(syn, field, weights, problem.objective.primary)
            loss = loss + s.damping * energy / plain.size(field)
        self.update(loss)
        with torch.no_grad():
            z = plain.features(view, syn.h, plain.edges(syn))
        self.relay.fit(z, syn.y, s.inner, s.lr_relay)
        self.theta = self.theta.made_of(self.relay.tensors())
        return loss

    def optimise(self) -> None:
        self.optimiser.step()
