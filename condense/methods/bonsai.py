r"""Bonsai: training nodes whose computation trees represent those of all training nodes, without training.

Gupta, Jain, Ramani, Kodamana and Ranu, "Bonsai: Gradient-free Graph Condensation for Node Classification",
ICLR 2025, after the authors' code (idea-iitd/Bonsai). In four steps:

1. The tree of a node, what a network of L layers reads for it, is embedded without weights:
   Z = (D⁻¹ (I + A) D⁻¹)^L X, in the columns at which a decision tree for the classes splits.
2. The roots are ranked by greedy coverage. N(v) holds the k training nodes nearest to v, v among them, and

       v_i = argmax_v |rev(v) \\ (rev(v_1) ∪ … ∪ rev(v_{i−1}))|,   rev(v) = {u : v ∈ N(u)}

3. The first trees that have about ten times the training nodes of the budget are merged. Personalised
   PageRank from their roots scores the merged graph, and the n' training nodes with most of it stay.
4. In a class with more than n'_c of them the first by rank stay; one with fewer takes the next by rank.

Where we depart from the paper:

- Its budget counts bytes, and the trees' nodes outside the training set stay as context without a class.
  Here a budget counts n'_c nodes of each class, and every condensed target node has a class, so these nodes
  take part in the embedding and in PageRank but are not kept. The trees' training nodes, nodes of other
  types (neighbours first) and the edges among them are.
- The authors drop the columns that the decision tree does not use from the condensed features. A condensed
  graph has the columns of the whole one, so here they only leave the distances.
- The authors' walks stay within each tree and each root joins itself; ours run on the graph that the whole
  one induces on the nodes of the merged trees. Trees are taken in order of rank and at least the first n';
  theirs skip those that do not fit.
- After a root has covered the last node, coverage counts from zero; theirs go on in the order of nodes.

It reads one feature matrix, modalities side by side, and one adjacency, the union of the meta-paths back to
the target type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task

TREE_DEPTH = 50
"""Depth of the decision tree at most, as in the authors' code."""


@dataclass(frozen=True, config=STRICT)
class BonsaiSettings:
    """Settings of Bonsai; the defaults are those of the authors' code.

    It reads the modalities side by side as one feature matrix, and as edges the union of the meta-paths
    back to the target type.

    Attributes:
        hops: depth L of the computation trees.
        neighbours: k of the reverse k-nearest neighbours, a node itself among them.
        columns: compare trees in the columns at which a decision tree for the classes splits ("split"), or
            in "all".
        sample: share of the training nodes whose nearest ones are looked for. Every training node can be
            chosen, but only these are covered; time and memory shrink with it.
        surplus: merge trees until they hold this many times the training nodes of the budget, before
            PageRank thins them; 1 lets coverage alone decide. 10 is 1 / (1 − m) with the code's m = .9.
        restart: probability that a walk of PageRank goes back to a root. 1 − .85, the default of the
            library that the code calls.
    """

    hops: int = Field(default=1, ge=1, le=4)
    neighbours: int = Field(default=5, ge=1)
    columns: Literal["split", "all"] = "split"
    sample: float = Field(default=1.0, gt=0, le=1)
    surplus: float = Field(default=10.0, ge=1)
    restart: float = Field(default=0.15, ge=0.01, lt=1)


def condense(task: Task, settings: BonsaiSettings) -> Outcome:
    """Select n'_c training nodes of each class, with the edges among them.

    Nodes of other types are drawn at random, neighbours of the selected nodes first.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    import torch

    from condense.methods.homogeneous.graph import HomogeneousGraph
    from condense.methods.protocol import Outcome
    from condense.selection.exemplars import Ranking, merged_trees, most_important, shares
    from condense.selection.induced import subgraph_around
    from condense.selection.pagerank import Readers
    from condense.selection.representatives import training_nodes
    from condense.selection.trees import embeddings, splitting_columns

    graph, budget, hops = task.graph, task.budget, settings.hops
    training_nodes(graph, budget)  # Refuses a budget before the work.
    with task.clock.stage("propagate"):
        view = HomogeneousGraph.of(graph)
        z = embeddings(view.operator, view.x, hops)[view.train]
    with task.clock.stage("rank"):
        if settings.columns == "split":
            y = view.y[view.train]
            z = z[:, splitting_columns(z, y, TREE_DEPTH, task.generator)]
        ranking = Ranking.of(z, settings.neighbours, settings.sample, task.generator)
    with task.clock.stage("select"):
        adjacency, train = view.operator.adjacency, graph[graph.target].train_mask
        readers = Readers(adjacency, view.operator.scale)
        ranked, count = view.train[ranking.order], sum(budget.classes)
        roots, inside = merged_trees(readers, ranked, train, hops, count, settings.surplus * count)
        core = most_important(adjacency, readers, roots, inside, train, count, settings.restart)
        kept = shares(ranked, core, view.y, budget.classes)
        small = subgraph_around(graph, kept, budget, task.generator)
    rows = torch.isin(view.train, kept).nonzero().flatten()
    measures = {"trees": len(roots), "coverage": ranking.coverage(rows)}
    return Outcome(small, measures=measures)
