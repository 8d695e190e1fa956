"""FreeHGC: training nodes that reach most along meta-paths, and those around them; no training.

Liang et al., "Training-free Heterogeneous Graph Condensation via Data Selection", ICDE 2025. Equations
and settings are those of the authors' code for the HGB data sets (github.com/GooLiang/FreeHGC).

**Target nodes.** N_p(v) are the nodes that v reaches along the meta-path p. For each class c and each p,
n'_c training nodes are picked one after another,

    v = argmax_v  (|N_p(S ∪ v)| − |N_p(S)|) / (|N_p(S)| + 0.1)  +  λ (1 − J_p(v)),

with J_p(v) the mean Jaccard index of N_p(v) and the fields of v along other meta-paths to the same type.
What a node was worth is summed over the meta-paths that picked it; the n'_c nodes of greatest sums stay.

**Fathers**, types that lead to further types, keep the nodes on which the chosen target nodes S have most
influence: the personalised PageRank Σ_{u ∈ S} α (I − (1 − α) S_p)⁻¹_{u·} between target nodes and the type,
with the fields N_p for edges, summed over the meta-paths p to the type.

**Leaves**, types without further ones, are synthesised: the leaves around a chosen node become one node, with
their mean as features, which nodes with the same leaves share. `leaves="chosen"` treats them as fathers,
as the authors' code does on Freebase and AMiner.

We depart from the code in these points:

- The budget gives the number of leaves. Where more means than that would arise, similar ones are merged by
  k-means; where fewer, leaves are divided by k-means; in the code their number is what it is.
- An edge to a mean weighs the number of leaves that it stands for, where the code has ones.
- Which types are leaves follows from the relations, where the code lists them for each data set.
- Ties are broken at random, where the code takes the node that comes first.
- Edges above the budget are dropped at random; the code keeps all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT

if TYPE_CHECKING:
    from torch import Tensor

    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class FreeHGCSettings:
    """Settings of FreeHGC; the defaults are those of the authors' code.

    Attributes:
        hops: length of the longest meta-path, in relations.
        diversity: λ, the weight of nodes that reach other nodes along other meta-paths.
        restart: α, with which a random walk goes back to the chosen target nodes.
        leaves: make nodes of types without further types as means of the neighbours of chosen nodes
            ("synthesised"), or keep the most influential ones ("chosen").
    """

    hops: int = Field(default=2, ge=1, le=4)
    diversity: float = Field(default=0.05, ge=0, le=1e6)
    restart: float = Field(default=0.05, gt=0, le=1)
    leaves: Literal["synthesised", "chosen"] = "synthesised"


def condense(task: Task, settings: FreeHGCSettings) -> Outcome:
    """Choose target nodes, then fathers, then make leaves of what is around both.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    import torch

    from condense.methods.protocol import Outcome
    from condense.selection.father_leaf import fathers_and_leaves
    from condense.selection.induced import induced_subgraph
    from condense.selection.merged_leaves import with_merged_leaves
    from models.schema import GraphSchema

    graph, budget, generator = task.graph, task.budget, task.generator
    fathers, leaves = fathers_and_leaves(GraphSchema.of(graph))
    with task.clock.stage("target"):
        chosen = {graph.target: _target_nodes(task, settings)}
    with task.clock.stage("influence"):
        ranked = _ranked(task, settings, chosen[graph.target])
        kept = fathers if settings.leaves == "synthesised" else [*fathers, *leaves]
        for node_type in kept:
            chosen[node_type] = ranked[node_type][: budget.nodes[node_type]].sort().values
    with task.clock.stage("edges"):
        merged, weight = graph, {}
        for node_type in [t for t in leaves if t not in kept]:
            count, spare = budget.nodes[node_type], ranked[node_type]
            merged = with_merged_leaves(merged, node_type, chosen, count, spare, generator)
            weight[node_type] = merged[node_type].node_weight
            chosen[node_type] = torch.arange(count, device=spare.device)
        small = induced_subgraph(merged, chosen, budget, generator)
        for node_type, members in weight.items():
            del small[node_type].origin  # Means are no original nodes.
            small[node_type].node_weight = members
    return Outcome(small)


def _target_nodes(task: Task, settings: FreeHGCSettings) -> Tensor:
    """n'_c training nodes of each class."""
    import torch

    from condense.selection.receptive_fields import best_covering, receptive_fields, similarities
    from condense.selection.representatives import training_nodes

    chosen = []
    for nodes, count in zip(
        training_nodes(task.graph, task.budget), task.budget.classes, strict=True
    ):
        order = torch.randperm(len(nodes), generator=task.generator, device=nodes.device)
        fields = receptive_fields(task.graph, settings.hops, nodes[order])  # Ties at random.
        alike = similarities(fields, task.graph.target)
        bonuses = [settings.diversity * (1 - alike[path]) for path in fields]
        picked = best_covering(list(fields.values()), bonuses, count, len(nodes))
        chosen.append(nodes[order][torch.from_numpy(picked).to(nodes.device)])
    return torch.cat(chosen)


def _ranked(task: Task, settings: FreeHGCSettings, targets: Tensor) -> Mapping[str, Tensor]:
    """The nodes of each other type, those with the most influence on the chosen target nodes first.

    Nodes of equal influence, as beyond the longest meta-path, come in random order.
    """
    import torch

    from condense.selection.influence import influence
    from condense.selection.receptive_fields import receptive_fields
    from models.propagation.metapaths import endpoint

    graph = task.graph
    others = [t for t in graph.node_types if t != graph.target]
    total = {t: torch.zeros(int(graph[t].num_nodes), dtype=torch.float64) for t in others}
    every = torch.arange(int(graph[graph.target].num_nodes))
    for path, field in receptive_fields(graph, settings.hops, every, others).items():
        found = influence(field, targets.cpu().numpy(), settings.restart)
        total[endpoint(path, graph.target)] += torch.from_numpy(found)
    ranked = {}
    for node_type, amount in total.items():
        order = torch.randperm(len(amount), generator=task.generator, device=targets.device)
        place = amount.to(targets.device)[order].argsort(descending=True, stable=True)
        ranked[node_type] = order[place]
    return ranked
