"""SR-GM: structurally regularised gradient matching (arXiv 2511.20222), for any multimodal graph.

    min over S = ({X'^m}, {A'_r}):  L_match + λ R
    L_match  class-wise distance between the relay's parameter gradients on S and on the whole graph
    R        Dirichlet energy of the decoupled gradient field of S on its own edges

along the relay's own training trajectory on S. We depart from the paper in these points:

- The relay is linear over meta-paths, or has one hidden layer over them: gradients are then in closed form,
  for several node types and relations.
- The gradient field is differentiated through.
- R is a Rayleigh quotient on the Laplacian without self-loops, so it cannot drive edges or gradients to zero.
- The best graph is chosen on validation nodes.
- The start is a coarsened graph under pseudo-labels.
- Edges are free weights under a budget instead of an MLP on feature pairs. R is computed on these weights,
  which are symmetric where the whole graph is; the saved graph has the same edges, scaled to the mean
  degrees of the nodes in each cluster, see `condense.edges.structure`.

By default λ is 0, and the update of the features is decoupled instead of R's field; docs/ablation.md
measures what each part contributes.
"""

from __future__ import annotations

from condense.clustering.assembly import graph_of_means
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import pseudo_labelling_of
from condense.judging.relay_validator import RelayValidator
from condense.methods.protocol import Outcome, Task
from condense.methods.spread_choice import spread_as_asked
from condense.methods.srgm.loop import MatchingLoop
from condense.methods.srgm.pool import Pool
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from condense.running.threads import threads_for


def condense(task: Task, settings: SRGMSettings) -> Outcome:
    """Coarsen the graph and refine the result by gradient matching; with `epochs` 0, only coarsen it."""
    with task.clock.stage("propagate"):
        view = RelayView.of(task.graph, settings.hops, settings.rank, task.generator)
        shared_space = (
            SharedSpace.identity(view)
            if settings.frames == "identity"
            else SharedSpace.shared(view, settings.frame_width)
        )
    with task.clock.stage("start"):
        scored_view = view if task.validation is task.graph else view.on(task.validation)
        validator = RelayValidator.of(
            scored_view, settings.lr_relay, settings.relay, settings.hidden
        )
        labelling = pseudo_labelling_of(settings)
        start = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
        synthesis = Synthesis(start, task.budget)
        judged = settings.spread == "auto" and settings.epochs > 0
        means = graph_of_means(task.graph, start)
        unmatched = synthesis.to_graph(view, means) if judged else None
        pool = Pool.of(view, start.node_class, settings.pool, task.generator)
        loop = MatchingLoop(
            settings, view, shared_space, validator, synthesis, pool, task.generator, task.on_step
        )
    with task.clock.stage("match"), threads_for(validator.z.size(1) * len(start.y)):
        complete = loop.run(task.checkpoints)
    with task.clock.stage("finish"):
        synthesis.restore(loop.best)
        best = synthesis.to_graph(view, means)
    # Who interrupted a run does not wait for a judge.
    choice = "off" if settings.spread == "auto" and not complete else settings.spread
    best, scores = spread_as_asked(choice, best, start.partition, task, unmatched)
    return Outcome(best, loop.history, {**loop.measures(), **scores}, complete, loop.diverged)
