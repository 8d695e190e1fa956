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

from condense.methods.gcond.condensing import condensed_by_matching, kept, with_pair_mlp
from condense.methods.gcond.settings import DosCondSettings, GCondSettings, GCondXSettings
from condense.methods.gcond.synthesis import Rates, Schedule
from condense.methods.protocol import Outcome, Task


def gcond(task: Task, settings: GCondSettings) -> Outcome:
    """Match gradients along the relay's training, and learn features and edges.

    Raises:
        UserError: the graph has several relations.
    """
    s = settings
    keep = kept(task, s, "gcond")
    schedule = Schedule(s.outer, s.inner, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, s.lr_relay)
    return condensed_by_matching(
        task, s, s.epochs, schedule, rates, s.distance, keep, with_pair_mlp
    )


def gcondx(task: Task, settings: GCondXSettings) -> Outcome:
    """Match gradients along the relay's training, and learn features alone."""
    s = settings
    rates = Rates(s.lr_features, 0.0, s.lr_relay)
    return condensed_by_matching(task, s, s.epochs, Schedule(s.outer, s.inner), rates, s.distance)


def doscond(task: Task, settings: DosCondSettings) -> Outcome:
    """Match gradients of relays that are drawn and never trained, and learn features and edges.

    Raises:
        UserError: the graph has several relations.
    """
    s = settings
    keep = kept(task, s, "doscond")
    schedule = Schedule(1, 0, s.edge_epochs, s.period)
    rates = Rates(s.lr_features, s.lr_edges, 0.0)
    return condensed_by_matching(
        task, s, s.epochs, schedule, rates, s.distance, keep, with_pair_mlp
    )
