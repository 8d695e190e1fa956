"""SimGC: the condensed graph's layers aligned with the whole graph's, from input to prediction.

Xiao, Wang, Liu, Wang, Song and Zheng, "Simple Graph Condensation", ECML-PKDD 2024, after the authors' code
(BangHonor/SimGC). With H = [X | S X | … | S^K X] on the training nodes of the whole graph, S GCN's operator,
and H' on the condensed one, whose edges A' = MLP(X') follow from its features as in GCond,

    L = L_lgt + α L_rep + γ L_smt

    L_lgt = CE( f(S'^K X'), Y' ),  f an SGC trained on the whole graph
    L_rep = Σ_c r_c ( ‖μ'_c − μ_c‖² + ‖σ'_c − σ_c‖² ) / D,  means and deviations of H', H in class c
    L_smt = − Σ_ij a'_ij k(x'_i, x'_j) / Σ_ij a'_ij,  k the Gaussian kernel, a mean over columns

with r_c = n'_c / n'. X' starts as normal noise; the MLP moves in 10 steps, X' in the next 40, and so on. No
network is trained on the condensed graph.

Where we depart from the paper:

- Features are in scaled units on every data set; the authors scale so on arxiv and Reddit.
- A' keeps the heaviest pairs that the budget of edges allows; theirs keeps all above the threshold. The
  MLP's hidden layers have 128 units, as theirs on Cora; theirs on arxiv, Flickr and Reddit have 256.
- The teacher is linear, as in the text, or has one hidden layer, as in the code's setting for Cora; the
  three layers with batch norm and dropout of the code's setting for Pubmed and products are left out.
- A linear relay, trained anew on S'^K X', scores graphs on validation nodes; theirs is a GCN.

It reads one feature matrix, modalities side by side, and takes graphs of one relation alone.
"""

from __future__ import annotations

from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.start import classes_of
from condense.methods.protocol import Outcome, Task
from condense.methods.simgc.settings import SimGCSettings
from condense.methods.simgc.synthesis import Alignment
from condense.methods.simgc.teacher import trained
from models.relays.registry import RELAYS


def condense(task: Task, settings: SimGCSettings) -> Outcome:
    """Align noise, joined by an MLP, with the layers of the whole graph.

    Raises:
        UserError: the graph has more than one relation.
    """
    edges = task.budget.edges[only_relation(task.graph, "simgc")]
    with task.clock.stage("propagate"):
        view = HomogeneousGraph.of(task.graph)
        validator = validator_of(task, view, settings.hops)
        z = view.propagated(settings.hops)[view.train]
    with task.clock.stage("teach"):
        start = RELAYS[settings.teacher](z.size(1), settings.hidden, view.num_classes, z)
        teacher, accuracy = trained(
            start, (z, view.y[view.train]), (validator.z, validator.y), view.num_classes,
            settings.teacher_steps, settings.lr_teacher,
        )  # fmt: skip
    with task.clock.stage("align"):
        y = classes_of(view, task.budget)
        alignment = Alignment(view, teacher, y, settings, edges, task.generator)
        rate = ("lr_features", settings.lr_features)
        steps, check_every = settings.steps, settings.check_every
        reached = synthesise(task, alignment, validator, steps, check_every, rate)
    with task.clock.stage("finish"):
        a, x = alignment.adjacency().detach(), alignment.x.detach()
        small = condensed_graph(task.graph, view, x, y, a)
    measures = {**reached.measures, "teacher_val_score": accuracy}
    return Outcome(small, reached.history, measures, reached.complete, reached.diverged)
