"""Att-LPA: pseudo-labels that are propagated, first along edges alone, then by the encoder's attention.

With Y_t the one-hot labels [n_t, K] of type t, relations r into t from s(r), and Â_r = D_r⁻¹ A_r, a sweep is

    plain      Y_t = onehot argmax Σ_r Â_r Y_{s(r)}, one type after the other, later ones see earlier ones;
    attentive  Y_t ← a_self ⊙ Y_t + Σ_r a_r ⊙ Â_r Y_{s(r)}, all types at once, for each layer's a in turn,
               then onehot argmax.

Sweeps are repeated until the target's labels stay. The authors' code stops for that alone; where all nodes
of a type are relabelled at once, labels may also come and go for ever (two nodes that take each other's), so
ours stops at labels of the last sweep but one as well. A node in which no edge ends keeps its label, where
the authors' argmax over nothing gives it the first. As there, the first of equal labels is taken; ours takes
those for equal that differ by rounding alone, so that an edge of weight w remains w parallel edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.shgp.structure import RelationStructure

Labels = dict[str, Tensor]
"""Label [n_t] of each node, by node type."""

TIE = 1e-6
"""Votes that differ by less are equal."""

NODES_A_LABEL = 4
"""Target nodes for each label in small graphs, on average; ours."""


def label_count(most: int, classes: int, nodes: int) -> int:
    """K = min(most, max(classes, ⌊nodes / 4⌋)).

    The authors draw a label for every 17 to 100 target nodes of graphs of thousands; on a condensed graph of
    40 these would be one or two, which say nothing. The quarter is ours, and was not searched.
    """
    return min(most, max(classes, nodes // NODES_A_LABEL))


def drawn(sizes: dict[str, int], count: int, device: torch.device) -> Labels:
    """Labels 0 … count−1, uniformly, of all nodes of all types; from torch's global generator."""
    return {t: torch.randint(count, (n,), device=device) for t, n in sizes.items()}


@torch.no_grad()
def settled(
    labels: Labels, target: str, sweep: Callable[[Labels, int], Labels], sweeps: int
) -> Labels:
    """`labels` after as many sweeps as the target's need to stay, or to come and go.

    Args:
        labels: to start from.
        target: the type whose labels decide.
        sweep: (labels, K) -> labels; it may lose labels 0 … K−1, and has no others.
        sweeps: the most.
    """
    last = [labels[target]]
    for _ in range(sweeps):
        used, numbers = _numbered(labels)
        labels = {t: used[x] for t, x in sweep(numbers, len(used)).items()}
        if any(torch.equal(labels[target], x) for x in last):
            break
        last = [*last[-1:], labels[target]]
    return labels


def _numbered(labels: Labels) -> tuple[Tensor, Labels]:
    """The labels in use, ascending, and each node's place among them; unused labels need no column."""
    used, number = torch.cat(list(labels.values())).unique(return_inverse=True)
    parts = number.split([len(x) for x in labels.values()])
    return used, dict(zip(labels, parts, strict=True))


def plain_sweep(labels: Labels, count: int, structure: RelationStructure) -> Labels:
    """One sweep of label propagation along edges alone."""
    labels = dict(labels)
    for node_type, relations in structure.relations.items():
        if not relations:
            continue
        votes = sum(structure.means[r] @ one_hot(labels[r[0]], count) for r in relations)
        assert isinstance(votes, Tensor)  # [n_t, K]
        alone = votes.sum(dim=1) == 0
        labels[node_type] = torch.where(alone, labels[node_type], strongest(votes))
    return labels


def attentive_sweep(
    labels: Labels, count: int, structure: RelationStructure, attention: Sequence[dict[str, Tensor]]
) -> Labels:
    """One sweep of label propagation by attention.

    Args:
        labels: 0 … count−1.
        count: K.
        structure: the graph's edges.
        attention: a of each layer by node type, [n_t, 1 + R_t], `self` first.
    """
    soft = {t: one_hot(x, count) for t, x in labels.items()}
    for share in attention:
        soft = {t: _mixed(soft, t, share[t], structure) for t in soft}
    return {t: strongest(votes) for t, votes in soft.items()}


def one_hot(labels: Int[Tensor, " n"], count: int) -> Float[Tensor, "n K"]:
    """Rows of the unit matrix."""
    rows = torch.zeros(len(labels), count, device=labels.device)
    return rows.scatter_(1, labels.unsqueeze(1), 1.0)


def strongest(votes: Float[Tensor, "n K"]) -> Int[Tensor, " n"]:
    """The label with most votes; of equals the first."""
    most = votes.amax(dim=1, keepdim=True)
    return (votes >= most - TIE).to(torch.uint8).argmax(dim=1)


def _mixed(
    soft: dict[str, Tensor],
    node_type: str,
    share: Float[Tensor, "n parts"],
    structure: RelationStructure,
) -> Float[Tensor, "n K"]:
    """a_self ⊙ Y_t + Σ_r a_r ⊙ Â_r Y_{s(r)}."""
    own, *others = share.unsqueeze(2).unbind(1)  # [n, 1] each.
    total = own * soft[node_type]
    for relation, weight in zip(structure.relations[node_type], others, strict=True):
        total = total + weight * (structure.means[relation] @ soft[relation[0]])
    return total
