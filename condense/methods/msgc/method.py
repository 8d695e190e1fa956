"""MSGC: several sparse graphs of the same few nodes, whose training gradients are those of the whole graph.

Jian Gao, Jianshe Wu: Multiple sparse graphs condensation, Knowledge-Based Systems, 2023, after the authors'
code (jianjianGJ/MSGC); the paper's text was not available to us. k nodes have features X' and m patterns
M_g ∈ {0, 1}^{k × k} of who neighbours whom, so that a network has m embeddings of each node:

    A'_g = M_g ∘ MLP_Φ(X'),   Z'_g = S'_g² X',   g = 1 … m

    min over (X', Φ):  E_θ0 Σ_t Σ_c α_c D( ∇_θ L_c({A'_g}, X'; θ_t), ∇_θ L_c(A, X; θ_t) )

with S'_g the operator of GCN on A'_g, and L_c the mean over the nodes of class c in all graphs. The MLP, the
distance D, the relay (SGC) and the turns of edges and features are those of GCond, see
`condense.methods.gcond.method`. Patterns are drawn once, before the run: node by node and class by class,
a node with fewer than two links to the class is linked to one of its nodes, among those with the fewest
links to the node's own class. `condense.methods.msgc.patterns` has the rule.

**How the graphs become one.** A file holds one graph, so the m graphs are saved side by side, without edges
between them, and the copies of a node have the same features. A network sees in it what it sees in the
authors' batch of adjacencies: the same embeddings, and their loss is a mean over all m k of them. The authors
count k nodes; we count all n' = m k, in nodes as in bytes, since any model that reads the file has so many
rows to train on. So n' nodes are fewer distinct ones than in their tables: Cora's 70 are 5 graphs of 14.
`condense.methods.msgc.copies` has what happens where m does not divide n'.

Where else we depart from the authors' code:

- Of the links the heaviest are kept, as many as the budget has edges, in matching as in the graph that is
  saved. On Cora the patterns have about 710 edges, and its 2.6 % are 274; `--edge-ratio 1` keeps all. Random
  links in place of the heaviest scored two points less on Cora's validation nodes, with either of two seeds.
- The MLP is `condense.methods.homogeneous.pair_mlp`: the two orders of a pair are averaged before the
  sigmoid, where the authors average after it; its batch norm takes all pairs of distinct nodes, where theirs
  takes the linked ones; it has 128 hidden units, as on Cora, where larger graphs have 256.
- The graph is the one with the best score on validation nodes, among those of every few epochs. The authors
  take the mean of 20 epochs whose losses have the least mean, and stop 20 epochs after it.
- α_c = n'_c / max n'_c, as in GCond. Theirs is n'_c / n', which differs by a factor that Adam takes out.
- The whole graph's Z is exact; the authors sample neighbours for each gradient.
- Features are scaled, see `MatchingSettings.length`.
- The relay is SGC; GCN and APPNP, the code's other relays, are left out.
- `--start clusters` takes means of k-means, where the authors bisect.

It takes one feature matrix, the modalities side by side, and graphs of one relation.
"""

from __future__ import annotations

import dataclasses

from condense.methods.gcond.condensing import Start, condense_by_matching, edges_at_most
from condense.methods.gcond.synthesis import Keep, Rates, Schedule
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.pair_mlp import PairMLP
from condense.methods.homogeneous.start import classes_of
from condense.methods.msgc.copies import Copies, graphs_for
from condense.methods.msgc.edges import SparseGraphs
from condense.methods.msgc.patterns import patterns
from condense.methods.msgc.settings import MSGCSettings
from condense.methods.msgc.start import STARTS
from condense.methods.protocol import Outcome, Task


def condense(task: Task, settings: MSGCSettings) -> Outcome:
    """Match gradients along the relay's training, and learn the features and edges of several graphs.

    Raises:
        UserError: the graph has several relations, or there are more graphs than condensed nodes.
    """
    s, sizes = settings, task.budget.classes
    keep = Keep(edges_at_most(task, "msgc"), threshold=0.0)
    copies = Copies.of(sizes, graphs_for(sum(sizes), s.graphs))

    def begin(view: HomogeneousGraph, unit: float) -> Start:
        x = STARTS[s.start](view, task.budget, copies, task.generator) * unit
        y, graph = classes_of(view, task.budget), copies.graph.to(x.device)
        linked = patterns(y, graph, view.num_classes, task.generator).to(x.dtype)
        mlp, member = PairMLP(x.size(1), task.generator, x), copies.member(x)
        return Start(x, SparseGraphs(mlp, member, linked), keep, member)

    schedule = Schedule(s.outer, s.inner, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, s.lr_relay)
    outcome = condense_by_matching(task, s, s.epochs, schedule, rates, s.distance, begin)
    numbers = {"graphs": copies.graphs, "distinct_nodes": sum(copies.counts)}
    return dataclasses.replace(outcome, measures={**outcome.measures, **numbers})
