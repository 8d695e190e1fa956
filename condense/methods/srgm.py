"""SR-GM: structurally regularised gradient matching (arXiv 2511.20222), for any multimodal graph.

    min over S = ({X'^m}, {A'_r}):  L_match + λ R
    L_match  class-wise distance between the relay's parameter gradients on S and on the whole graph
    R        Dirichlet energy of the decoupled gradient field of S on its own edges

along the relay's own training trajectory on S. Where we leave the paper: the relay is linear over
meta-paths (gradients in closed form, several node types and relations); the field is differentiated
through; R is a Rayleigh quotient on the Laplacian without self-loops, so neither edges nor gradients
can be driven to zero by it; the best graph is chosen on validation nodes; the start is a coarsened
graph under pseudo-labels; edges are free weights under a budget instead of an MLP on feature pairs. R
is taken on these weights, which are symmetric where the whole graph is; what is saved are the same
edges at their members' mean degrees, see `condense.structure`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from condense.budget import Budget
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.frames import Frames
from condense.initial import clusters
from condense.judge import Judge
from condense.methods.protocol import OnStep, Outcome, Step
from condense.objective import Objective, Terms
from condense.pool import Pool
from condense.relay_view import RelayView
from condense.spaces import Space
from condense.stages import StageClock
from condense.synthesis import Seen, Synthesis
from models.relay import Parameters, train_relay


@dataclass(frozen=True, config=STRICT)
class SRGMSettings:
    """Settings of SR-GM.

    Attributes:
        epochs: relays drawn, each trained on the condensed graph from its own start.
        outer: updates of the condensed graph for each relay.
        inner: updates of the relay after each of these.
        hops: the longest meta-path of the relay.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.reduction` and `condense.relay_view.WIDEST`.
        decouple: where conflicting modalities are projected: in the "field" inside R (the paper; without R
            it acts on nothing), in the "update" of the features, in the "parameters" gradients before
            matching, or "off".
        damping: λ; 0 switches R off.
        energy: "relative" to the field's size (ours); "absolute", the paper's formula; or "authors", as in
            their code: self-loops in the Laplacian and a field that is not differentiated.
        frames: how gradients of unlike modalities are compared: "shared" directions found by canonical
            correlation, or "identity" for modalities of one aligned space such as CLIP.
        frame_width: d of the shared directions.
        space: start from clusters of target nodes in their "own" features, in meta-path-"propagated" ones,
            or in "both".
        labels: start from, and match, nodes with "pseudo"-labels as well, or those "labelled" alone.
        pool: whole-graph nodes a class that are kept at hand for matching.
        batch: of these, how many a class in each step.
        lr_features: Adam's step on the features, which have unit scale.
        lr_edges: Adam's step on the edges' log-weights.
        lr_relay: Adam's step on the relay.
        check_every: outer steps between validations.
    """

    epochs: int = Field(default=20, ge=0)
    outer: int = Field(default=10, ge=1)
    inner: int = Field(default=3, ge=0)
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)
    decouple: Literal["field", "update", "parameters", "off"] = "field"
    damping: float = Field(default=0.1, ge=0)
    energy: Literal["relative", "absolute", "authors"] = "relative"
    frames: Literal["shared", "identity"] = "shared"
    frame_width: int = Field(default=32, ge=1)
    space: Space = "both"
    labels: Literal["pseudo", "labelled"] = "pseudo"
    pool: int = Field(default=1024, ge=1)
    batch: int = Field(default=256, ge=1)
    lr_features: float = Field(default=0.001, gt=0)
    lr_edges: float = Field(default=0.01, gt=0)
    lr_relay: float = Field(default=0.003, gt=0)
    check_every: int = Field(default=20, ge=1)


@dataclass(frozen=True, config=STRICT)
class SRGM:
    """The condenser.

    Attributes:
        settings: see `SRGMSettings`.
    """

    settings: SRGMSettings = field(default_factory=SRGMSettings)

    def condense(
        self,
        graph: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
    ) -> Outcome:
        """See `Condenser`. With no epochs the start itself is returned."""
        s = self.settings
        with clock.stage("propagate"):
            view = RelayView.of(graph, s.hops, s.rank, generator)
            frames = (
                Frames.identity(view)
                if s.frames == "identity"
                else Frames.shared(view, s.frame_width)
            )
        with clock.stage("start"):
            judge = Judge.of(view, s.lr_relay)
            start = clusters(view, budget, s.labels == "pseudo", generator, s.space)
            synthesis = Synthesis(start, budget)
            pool = Pool.of(view, start.member, s.pool, generator)
            run = _Run(s, view, frames, judge, synthesis, pool, generator, on_step)
        with clock.stage("match"):
            complete = run.go()
        with clock.stage("finish"):
            best = run.best_graph(graph)
        return Outcome(best, run.history, run.measures(), complete)


class _Run:
    """One run: the synthesis, the relay's trajectory, and the best state so far."""

    def __init__(
        self,
        settings: SRGMSettings,
        view: RelayView,
        frames: Frames,
        judge: Judge,
        synthesis: Synthesis,
        pool: Pool,
        generator: torch.Generator,
        on_step: OnStep,
    ) -> None:
        self.settings, self.view, self.pool = settings, view, pool
        self.judge, self.synthesis = judge, synthesis
        self.generator, self.on_step = generator, on_step
        # Apart, so that watching conflicts leaves the run's own randomness alone.
        self.chance = torch.Generator(generator.device).manual_seed(0)
        self.objective = Objective(
            view,
            frames,
            tuple(synthesis.logits),
            settings.decouple,
            relative=settings.energy == "relative",
            damped=settings.damping > 0,
            authors=settings.energy == "authors",
        )
        self.labels = torch.nn.functional.one_hot(synthesis.y, view.schema.num_classes)
        self.labels = self.labels.to(judge.z.dtype)
        self.history: list[dict[str, float]] = []
        self.best = self.synthesis.snapshot()
        self.start_score = self.best_score = judge.score(synthesis.features(view), synthesis.y)
        self.best_step = 0

    def go(self) -> bool:
        """All steps; False if the user interrupted, and the best state so far stands."""
        s, syn = self.settings, self.synthesis
        features = torch.optim.Adam(list(syn.h.values()), lr=s.lr_features)
        edges = torch.optim.Adam(list(syn.logits.values()), lr=s.lr_edges) if syn.logits else None
        index = 0
        try:
            seen = syn.seen(self.view)
            for _ in range(s.epochs):
                theta = self._fresh_relay()
                for _ in range(s.outer):
                    index += 1
                    due = index % s.check_every == 0 or index == s.epochs * s.outer
                    terms = self._step(theta, seen, features, edges, due)
                    seen = syn.seen(
                        self.view
                    )  # The relay trains on what the next step goes on from.
                    z = seen.z.detach()
                    if due:
                        self._check(index, terms, z)
                    theta = train_relay(theta, z, self.labels, s.inner, s.lr_relay)
        except KeyboardInterrupt:
            return False
        return True

    def best_graph(self, whole: MultimodalGraph) -> MultimodalGraph:
        """The state with the best validation score, as a graph in the data set's units."""
        self.synthesis.restore(self.best)
        return self.synthesis.to_graph(self.view, whole)

    def measures(self) -> dict[str, float]:
        """Validation scores of the relay, before and after, and the width that it could afford."""
        return {
            "relay_width": len(self.view.block),
            "start_val_score": self.start_score,
            "best_val_score": self.best_score,
            "best_step": self.best_step,
        }

    def _fresh_relay(self) -> Parameters:
        z = self.judge.z
        return Parameters.draw(z.size(1), self.view.schema.num_classes, self.generator, z)

    def _step(
        self,
        theta: Parameters,
        seen: Seen,
        features: torch.optim.Adam,
        edges: torch.optim.Adam | None,
        report: bool,
    ) -> Terms:
        """One update of the condensed graph."""
        s, syn = self.settings, self.synthesis
        whole = self.objective.whole_gradients(theta, self.pool.draw(s.batch, self.generator))
        terms = self.objective.terms(syn, seen, theta, whole, report)
        loss = terms.match + s.damping * terms.energy
        features.zero_grad()
        if edges is not None:
            edges.zero_grad()
        loss.backward()
        if s.decouple == "update":
            self.objective.decouple_update(syn)
        features.step()
        if edges is not None:
            edges.step()
        with torch.no_grad():
            for key, has in syn.has.items():
                syn.h[key].mul_(has.unsqueeze(1))
        return terms

    def _check(self, index: int, terms: Terms, z: Tensor) -> None:
        """Validate, keep the best, and tell."""
        score = self.judge.score(z, self.synthesis.y)
        if score > self.best_score:
            self.best, self.best_score, self.best_step = self.synthesis.snapshot(), score, index
        with torch.no_grad():
            weights = self.synthesis.structure.saved()
        rate, chance = self.objective.conflicts(terms.field, self.chance)
        values = {
            "loss": terms.match.item(),
            "energy": terms.energy.item(),
            "edge_mass": sum(w.sum().item() for w in weights.values()),
            "val_score": score,
            "conflict_rate": rate,
            "chance_conflict_rate": chance,
        }
        self.history.append({"step": float(index), **values})
        self.on_step(Step(index, self.settings.epochs * self.settings.outer, values))
