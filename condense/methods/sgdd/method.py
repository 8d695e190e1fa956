"""SGDD: gradient matching, with edges that follow the structure of the whole graph.

Beining Yang, Kai Wang, Qingyun Sun, Cheng Ji, Xingcheng Fu, Hao Tang, Yang You, Jianxin Li: Does graph
distillation see like vision dataset counterpart?, NeurIPS 2023, after the authors' code (RingBDStack/SGDD).
Earlier condensers, the paper says, shift the energy of signals over the Laplacian's spectrum. So the
structure of A is broadcast to A': a graphon that the features guide makes A', and its distance to A joins the
loss,

    L = L_match + α W(A, A') + β tr(Y'ᵀ L'_n Y'),    A' = G_Φ(T, X')

    L_match   gradients along the relay's training, as in GCond
    G_Φ       scores pairs by their places T in the unit square, guided by X', see `GuidedGraphon`
    W         optimal transport between smooth signals on both graphs, see `StructureDistance`
    L'_n      I − D'^{-1/2} A' D'^{-1/2}: labels are to be smooth along edges

In 10 of every 50 epochs Φ and the transport plan P move against the gradient of L, in the others X' against
that of L without W. X' starts from random training nodes.

The equations are those of the authors' code; of the paper only the abstract was at hand. Their networks read
neither Y' nor random noise, so ours do not, either.

We depart from their code as `condense.methods.gcond.method` says of GCond, and in these points:

- W is COPT's (Dong and Sawin, NeurIPS 2020), from which the authors' comes: between Laplacians, L = I − S and
  L' = I − S', with the P that Sinkhorn's iterations have scaled. The authors' code has S and A' in their
  place, which have negative eigenvalues; it multiplies by P as it was before scaling, weighs tr L'† by n',
  leaves out tr L†, and takes the absolute value of the rest. Its W has no fixed scale, and α = 1e-10. Its
  pseudo-inverse drops the least singular value alone; ours drops all eigenvalues below the same bound.
- The derivative of W is a closed form. Theirs is that of singular vectors; users report losses that are NaN
  (issues 2 and 9 of their repository), and where an exception is raised W counts as 0.
- P has a learning rate of its own. With that of the networks it stays nearly uniform, and W says little of A.
- W and the smoothness of labels are of the edges that A' keeps, as is the matching.
- Batch norm takes the statistics of the pairs at hand. The authors do so in updates of A' and X'; the graph
  on which they train the relay, and which they save, is made with running averages.
- 600 epochs as in GCond; 2000 is the default of the authors' code.

It takes one feature matrix, the modalities side by side, and graphs of one relation alone.
"""

from __future__ import annotations

import torch

from condense.methods.gcond.condensing import Start, condense_by_matching, edges_at_most
from condense.methods.gcond.synthesis import Keep, Rates, Schedule
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.start import classes_of, random_training_nodes
from condense.methods.protocol import Outcome, Task
from condense.methods.sgdd.graphon import GuidedGraphon
from condense.methods.sgdd.settings import SGDDSettings
from condense.methods.sgdd.structure import StructureDistance, laplacian_of
from condense.methods.sgdd.terms import BroadcastTerms


def condense(task: Task, settings: SGDDSettings) -> Outcome:
    """Match gradients, with edges that follow the whole graph's structure.

    Raises:
        UserError: the graph has several relations.
    """
    s = settings
    keep = Keep(edges_at_most(task, "sgdd"), s.threshold)

    def begin(view: HomogeneousGraph, unit: float) -> Start:
        x = view.x[random_training_nodes(view, task.budget, task.generator)] * unit
        structure = None
        if s.structure:
            laplacian = laplacian_of(view, s.sample, task.generator)
            structure = StructureDistance(laplacian, len(x), s.sinkhorn, task.generator)
        classes = torch.nn.functional.one_hot(classes_of(view, task.budget), view.num_classes)
        terms = BroadcastTerms(structure, classes.to(x.dtype), s.structure, s.smoothness)
        edges = GuidedGraphon(x.size(1), s.share, task.generator, x)
        return Start(x, edges, keep, terms=terms)

    schedule = Schedule(s.outer, s.inner, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, s.lr_relay, s.lr_plan)
    return condense_by_matching(task, s, s.epochs, schedule, rates, s.distance, begin)
