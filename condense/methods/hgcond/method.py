"""HGCond: gradient matching for graphs of several node types, from clusters, with orthogonal parameters.

Gao et al., "Heterogeneous Graph Condensation", TKDE 2024. Settings and what follows are those of the
authors' code (github.com/jianjianGJ/hgcond).

    min over S = ({X'_t}, {A'_r}):  Σ_{W of θ} mean_rows (1 − cos(∇_W L(S), ∇_W L(T)))

with θ a HeteroSGC (`condense.methods.hgcond.relay`) that is initialised anew every `outer` updates of S
and trained on S in between. Two ideas make it fit several node types: S starts from clusters of every type's
embeddings, which need no labels, and joins clusters that edges of the whole graph join; and successive
initialisations are orthogonal to each other, row by row, so that few of them explore all directions
(`condense.methods.hgcond.sequence`).

We depart from the code in these points:

- The relay averages over neighbours, where the code divides by the roots of both degrees; and L is the
  cross-entropy, where the code takes the mean negative logit of the true class.
- Features are standardised and reduced, and matched in these coordinates.
- Target nodes are clustered within each class, predicted where it is not known, by k-means and not
  bisecting k-means, since the budget gives n'_c; the relay of the last epoch makes the embeddings.
- Edges are free weights under a budget, see `condense.edges.structure`, instead of an MLP on pairs.
- The graph that is best on validation nodes is kept, where the code keeps that of least loss.
"""

from __future__ import annotations

from condense.clustering.assembly import graph_of_means
from condense.clustering.propagation import RelayView
from condense.judging.relay_validator import RelayValidator
from condense.methods.hgcond.relay import HeteroSGC
from condense.methods.hgcond.settings import HGCondSettings
from condense.methods.hgcond.start import clusters_of_embeddings, trained, whole_graph
from condense.methods.hgcond.synthesis import HGCondSynthesis
from condense.methods.homogeneous.loop import LR_VALIDATION, synthesise
from condense.methods.protocol import Outcome, Task
from condense.methods.srgm.synthesis import Synthesis

HOPS = 2
"""The longest meta-path of the relay that validates."""


def condense(task: Task, settings: HGCondSettings) -> Outcome:
    """Cluster a trained relay's embeddings and match gradients from there; with `epochs` 0, only cluster."""
    with task.clock.stage("propagate"):
        view = RelayView.of(task.graph, HOPS, settings.rank, task.generator)
        scored = view if task.validation is task.graph else view.on(task.validation)
        validator = RelayValidator.of(scored, LR_VALIDATION, "linear", 0)
    with task.clock.stage("start"):
        whole = whole_graph(view)
        widths = {t: x.size(1) for t, x in whole.x.items()}
        theta = HeteroSGC.zeros(
            widths, settings.hidden, view.schema.num_classes, settings.layers,
            whole.x[view.schema.target],
        )  # fmt: skip
        trained(theta, whole, view, settings.start_epochs, task.generator)
        start = clusters_of_embeddings(view, whole, theta, task.budget, task.generator)
        condensed = Synthesis(start, task.budget, absent=0.0)
    with task.clock.stage("match"):
        synthesis = HGCondSynthesis(settings, view, whole, condensed, theta, task.generator)
        steps = settings.epochs * settings.outer
        reached = synthesise(
            task, synthesis, validator, steps, settings.check_every, ("lr", settings.lr)
        )
    with task.clock.stage("finish"):
        small = condensed.to_graph(view, graph_of_means(task.graph, start))
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)
