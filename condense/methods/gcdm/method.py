"""GCDM and GCDMX: distribution matching of receptive fields (Liu, Li, Chen and Song: Graph Condensation via
Receptive Field Distribution Matching, arXiv 2206.13697, 2022).

Every epoch draws a random relay, which embeds a node by its receptive field,

    h_i = relu( (S^hops X W + b)_i )   on the whole graph, with GCN's operator S,
    h'_i = relu( (S'^hops X' W + b)_i )   on the condensed one, with S' = I for GCDMX,

and moves X', or in their turn the parameters of A' = MLP(X'), against the gradient of a distance between
the embeddings of the training nodes and of the condensed nodes of each class, r_c = n'_c / n':

    pairs:  L = Σ_i r_{y_i} ‖h'_i − h_{π(i)}‖₁,  π(i) a random training node of the class, new in each update
    means:  L = Σ_c r_c ‖μ'_c − μ_c‖² / width,   the maximum mean discrepancy of the classes' mean embeddings

The authors have published no code, and what is built here is what public code agrees on: GraphSlim (gcdm.py,
gcdmx.py; its GCDM has no edges), GCondenser (gcdm.py, with and without) and the baseline that the authors of
SR-GM compare with. We depart from it in these points:

- Features are in scaled units, and learning rates are scaled with them.
- A relay has one layer of units, over propagated features; these are computed once. The three tools compare
  the hidden layer of a GCN of two layers, which is this with one hop. With more hops, ours are those of SGC.
- An inner training of the relay, off by default, is GraphSlim's, on the classes of the condensed nodes.
  GCondenser and SR-GM's authors train it to lower the distance itself, and others to raise it.
- A' keeps the heaviest pairs that the budget of edges allows, in the matching too: the graph that is matched
  is the one that is saved. GCondenser and SR-GM's authors keep all n'² pairs; so does a large --edge-ratio.
- The best graph is chosen on validation nodes by a linear relay over two hops, without a GCN's training.
- The union of the meta-paths back to the target type stands for the edges of several relations (GCDMX).
"""

from __future__ import annotations

from condense.methods.gcdm.settings import GCDMSettings, GCDMXSettings
from condense.methods.gcdm.synthesis import SEEN_HOPS, Matching
from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.start import classes_of, random_training_nodes
from condense.methods.protocol import Outcome, Task


def condense(task: Task, settings: GCDMSettings) -> Outcome:
    """Match the embeddings of random training nodes, joined by an MLP, to those of the whole graph."""
    relation = only_relation(task.graph, "gcdm")
    return _matched(task, settings, task.budget.edges[relation])


def condense_without_edges(task: Task, settings: GCDMXSettings) -> Outcome:
    """Match the embeddings of random training nodes, without edges, to those of the whole graph."""
    return _matched(task, settings, 0)


def _matched(task: Task, settings: GCDMXSettings, edges: int) -> Outcome:
    with task.clock.stage("propagate"):
        view = HomogeneousGraph.of(task.graph)
        validator = validator_of(task, view, SEEN_HOPS)
    with task.clock.stage("start"):
        rows = random_training_nodes(view, task.budget, task.generator)
        y = classes_of(view, task.budget)
        matching = Matching(view, view.x[rows], y, settings, edges, task.generator)
    with task.clock.stage("match"):
        steps = settings.epochs * settings.outer
        rate = ("lr_features", settings.lr_features)
        reached = synthesise(task, matching, validator, steps, settings.check_every, rate)
    with task.clock.stage("finish"):
        a = matching.adjacency()
        x = matching.x.detach()
        small = condensed_graph(task.graph, view, x, y, None if a is None else a.detach())
    return Outcome(
        small, reached.history, dict(reached.measures), reached.complete, reached.diverged
    )
