"""GCond, GCondX and DosCond: a graph whose training gradients are those of the whole graph.

Wei Jin, Lingxiao Zhao, Shichang Zhang, Yozen Liu, Jiliang Tang, Neil Shah: Graph condensation for graph
neural networks, ICLR 2022 (GCond; GCondX is GCond with A' = I). Wei Jin, Xianfeng Tang, Haoming Jiang,
Zheng Li, Danqing Zhang, Jiliang Tang, Bing Yin: Condensing graphs via one-step gradient matching, KDD 2022
(DosCond).

    min over (X', Φ):  E_θ0 Σ_t Σ_c α_c D( ∇_θ L_c(X', A'; θ_t), ∇_θ L_c(X, A; θ_t) ),  A' = MLP_Φ(X')

with α_c = n'_c / max n'_c. A relay θ_0 is drawn every epoch and trained on the condensed graph between
updates; DosCond does one update for each relay, untrained. The relay is SGC, so for Z = S²X and
P = softmax(ZW + b) − Y

    ∇_W L_c = Z_cᵀ P_c / n_c.

X' starts from random training nodes. We depart from the papers and their authors' code in these points:

- The whole graph's Z is exact and computed once, where the authors sample neighbours for each gradient.
- The graph is the one with the best score on validation nodes, among those of every few epochs.
- A' keeps its heaviest entries, as many as the budget has edges, in matching as in the graph that is saved.
  In the papers it is dense; an edge ratio of 1 leaves it so.
- Features are scaled, see `MatchingSettings.length`.
- DosCond's relay is linear, too, where its authors take a GCN for small graphs. Its edges are GCond's, as in
  the authors' code for node classification, and not drawn from Bernoulli distributions as in the paper.

These methods take one feature matrix, the modalities side by side, and one node type, the union of the
meta-paths back to the target type; GCond and DosCond take one relation. See `condense.methods.homogeneous`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.data.relations import reverses
from condense.methods.gcond.distance import DISTANCES
from condense.methods.gcond.settings import (
    DosCondSettings,
    EdgeSettings,
    GCondSettings,
    GCondXSettings,
    MatchingSettings,
)
from condense.methods.gcond.synthesis import GradientMatching, Keep, Rates, Schedule
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.pair_mlp import PairMLP
from condense.methods.homogeneous.start import random_training_nodes
from condense.methods.protocol import Outcome, Task
from condense.running.threads import threads_for


def gcond(task: Task, settings: GCondSettings) -> Outcome:
    """Match gradients along the relay's training, and learn features and edges.

    Raises:
        UserError: the graph has several relations.
    """
    s = settings
    schedule = Schedule(s.outer, s.inner, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, s.lr_relay)
    keep = _keep(task, s, "gcond")
    return _condense(task, s, s.epochs, schedule, rates, s.distance, keep)


def gcondx(task: Task, settings: GCondXSettings) -> Outcome:
    """Match gradients along the relay's training, and learn features alone."""
    s = settings
    rates = Rates(s.lr_features, 0.0, s.lr_relay)
    return _condense(task, s, s.epochs, Schedule(s.outer, s.inner), rates, s.distance, None)


def doscond(task: Task, settings: DosCondSettings) -> Outcome:
    """Match gradients of relays that are drawn and never trained, and learn features and edges.

    Raises:
        UserError: the graph has several relations.
    """
    s = settings
    schedule = Schedule(1, 0, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, 0.0)
    keep = _keep(task, s, "doscond")
    return _condense(task, s, s.epochs, schedule, rates, s.distance, keep)


def _keep(task: Task, settings: EdgeSettings, method: str) -> Keep:
    """Which entries of A' are edges; the relation and its reverse have the same."""
    relation = only_relation(task.graph, method)
    both = {relation, reverses(task.graph).get(relation, relation)}
    return Keep(min(task.budget.edges[r] for r in both), settings.threshold)


def _condense(
    task: Task,
    settings: MatchingSettings,
    epochs: int,
    schedule: Schedule,
    rates: Rates,
    distance: str,
    keep: Keep | None,
) -> Outcome:
    """Condense; without `keep` there are no edges."""
    with task.clock.stage("propagate"):
        view = _view(task.graph, settings.centred)
        unit = _unit(view.x, settings.length)
        z = view.propagated(settings.hops)[view.train] * unit
    with task.clock.stage("start"):
        validator = validator_of(task, view, settings.hops)
        chosen = random_training_nodes(view, task.budget, task.generator)
        x = view.x[chosen] * unit
        whole = WholeGradients(
            z, view.y[view.train], view.num_classes, settings.batch, task.generator
        )
        edges = PairMLP(x.size(1), task.generator, x) if keep else None
        synthesis = GradientMatching(
            x, task.budget.classes, whole, edges, DISTANCES[distance], schedule, rates,
            settings.hops, keep, unit, task.generator,
        )  # fmt: skip
    with task.clock.stage("match"), threads_for(x.numel()):
        rate = ("lr_features", rates.features)
        reached = synthesise(task, synthesis, validator, epochs, settings.check_every, rate)
    with task.clock.stage("finish"):
        adjacency = synthesis.saved_adjacency()
        small = condensed_graph(
            task.graph, view, synthesis.x.detach() / unit, synthesis.y, adjacency
        )
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)


def _view(graph: MultimodalGraph, centred: bool) -> HomogeneousGraph:
    scaler = FeatureScaler.fit(graph)
    if not centred:
        zero = {key: torch.zeros_like(mean) for key, mean in scaler.mean.items()}
        scaler = FeatureScaler(zero, scaler.scale)
    return HomogeneousGraph.of(graph, scaler)


def _unit(x: Tensor, length: float) -> float:
    """The factor that gives the rows of X this length, as a root mean square; 1 where all are zero."""
    found = float(x.square().sum(dim=1).mean().sqrt())
    return length / found if found > 0 else 1.0
