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

from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import pseudo_labelling_of
from condense.methods.protocol import Outcome, Task
from condense.methods.srgm.loop import Run
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from condense.methods.srgm.validation import RelayValidator
from condense.running.threads import threads_for


def condense(task: Task, settings: SRGMSettings) -> Outcome:
    """Match gradients from a coarsened graph on; with no epochs the start itself is returned."""
    with task.clock.stage("propagate"):
        view = RelayView.of(task.graph, settings.hops, settings.rank, task.generator)
        space = (
            SharedSpace.identity(view)
            if settings.frames == "identity"
            else SharedSpace.shared(view, settings.frame_width)
        )
    with task.clock.stage("start"):
        scored = view if task.validation is task.graph else view.on(task.validation)
        validator = RelayValidator.of(scored, settings.lr_relay, settings.relay, settings.hidden)
        labelling = pseudo_labelling_of(settings)
        start = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
        synthesis = Synthesis(start, task.budget)
        pool = Pool.of(view, start.node_class, settings.pool, task.generator)
        run = Run(settings, view, space, validator, synthesis, pool, task.generator, task.on_step)
    with task.clock.stage("match"), threads_for(validator.z.size(1) * len(start.y)):
        complete = run.go(task.checkpoints)
    with task.clock.stage("finish"):
        best = run.best_graph(task.graph)
    return Outcome(best, run.history, run.measures(), complete, run.diverged)
