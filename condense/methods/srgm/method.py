"""SR-GM: structurally regularised gradient matching (arXiv 2511.20222), for any multimodal graph.

    min over S = ({X'^m}, {A'_r}):  L_match + λ R
    L_match  class-wise distance between the relay's parameter gradients on S and on the whole graph
    R        Dirichlet energy of the decoupled gradient field of S on its own edges

along the relay's own training trajectory on S. Where we leave the paper: the relay is linear over
meta-paths, or has one hidden layer over them (gradients in closed form, several node types and
relations); the field is differentiated through; R is a Rayleigh quotient on the Laplacian without
self-loops, so neither edges nor gradients can be driven to zero by it; the best graph is chosen on
validation nodes; the start is a coarsened graph under pseudo-labels; edges are free weights under a
budget instead of an MLP on feature pairs. R is taken on these weights, which are symmetric where the
whole graph is; what is saved are the same edges at their members' mean degrees, see
`condense.edges.structure`. By default λ is 0, and the features' update is decoupled in place of R's field;
docs/ablation.md says what each part was worth.
"""

from __future__ import annotations

from dataclasses import field

import torch
from pydantic.dataclasses import dataclass

from condense.budget import Budget
from condense.clustering.clusters import clusters
from condense.clustering.propagation import RelayView
from condense.clustering.settings import guessing_of
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.methods.protocol import Outcome
from condense.methods.srgm.loop import Run
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from condense.methods.srgm.validation import RelayValidator
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.threads import threads_for
from condense.running.timing import StageClock


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
        validation: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
        checkpoints: Checkpoints,
    ) -> Outcome:
        """See `Condenser`. With no epochs the start itself is returned."""
        s = self.settings
        with clock.stage("propagate"):
            view = RelayView.of(graph, s.hops, s.rank, generator)
            frames = (
                SharedSpace.identity(view)
                if s.frames == "identity"
                else SharedSpace.shared(view, s.frame_width)
            )
        with clock.stage("start"):
            scored = view if validation is graph else view.on(validation)
            validator = RelayValidator.of(scored, s.lr_relay, s.relay, s.hidden)
            start = clusters(view, budget, guessing_of(s), generator, s.space)
            synthesis = Synthesis(start, budget)
            pool = Pool.of(view, start.member, s.pool, generator)
            run = Run(s, view, frames, validator, synthesis, pool, generator, on_step)
        with clock.stage("match"), threads_for(validator.z.size(1) * len(start.y)):
            complete = run.go(checkpoints)
        with clock.stage("finish"):
            best = run.best_graph(graph)
        return Outcome(best, run.history, run.measures(), complete, run.diverged)
