"""Inter-modal attention: one round of HGNN-IMA's propagation, (2)–(11) of Li et al., IJCAI 2025.

Readings of the paper's text are listed in `models.hgnn_ima.model`. Relations are worked through one by
one, so that only one relation's keys or messages exist at a time; in a large graph they are computed anew
for the gradient instead of being kept. What is kept of an edge are its attentions, a few numbers a
modality and head.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from models.layers.attention import edge_softmax
from models.layers.dropout import Dropout
from models.layers.keys import key_of
from models.schema import GraphSchema

T = TypeVar("T")
KEPT = 2**17
"""With more edges than this, keys and messages are not kept for the gradient but computed twice."""

Influence = Literal["nested", "own", "mean", "influenced", "node"]
"""How inter-node attention β comes out of the modalities' α.

nested: the paper's (6).
own: each modality has its own α for β (the ablation -cross).
mean: of all α, in place of β (-adapt).
influenced: λ^{m',m} depends on the influenced modality m (+inf). The paper does not specify how; ours
    asks with the query of m where (4) asks with that of m', which needs no further parameters.
node: λ_i is the same for all neighbours (-nei): (5) of the mean of (4) over N_i.
"""
Alignment = Literal["consistent", "printed", "off"]
"""Which neighbours (8) favours: consistent ones, or, as printed, inconsistent ones; off: β in place of β̃
(-align)."""


@dataclass(frozen=True)
class ModalEdges:
    """All relations' edges; an edge of weight w means w parallel edges.

    Attributes:
        ends: of each relation, rows of the sources and of the destinations in their types.
        destination: of all edges, relation after relation, rows of the destinations among the nodes of all
            types.
        weight: w, in the same order.
        lacks: which modalities the source lacks.
    """

    ends: tuple[tuple[Int[Tensor, " _"], Int[Tensor, " _"]], ...]
    destination: Int[Tensor, " e"]
    weight: Float[Tensor, " e"]
    lacks: Bool[Tensor, "e M"]

    def by_relation(self, values: Float[Tensor, " e *k"]) -> tuple[Tensor, ...]:
        """The part of `values` that belongs to each relation."""
        return values.split([len(source) for source, _ in self.ends])


@dataclass(frozen=True)
class InterModalAttention:
    """One layer's attention, per parallel edge and head; edges in the order of `ModalEdges`.

    I is 1, or M where it differs by the influenced modality.

    Attributes:
        node: α of each modality (3).
        modal: λ (5), which sums to one over modalities; None where none is computed.
        nested: β (6).
        aligned: β̄ (8); None where none is computed.
        final: β̃ (9), the weights of the propagation.
    """

    node: Float[Tensor, "e M heads"]
    modal: Float[Tensor, "e M I heads"] | None
    nested: Float[Tensor, "e I heads"]
    aligned: Float[Tensor, "e heads"] | None
    final: Float[Tensor, "e I heads"]


class InterModalConv(nn.Module):
    """One round of propagation, (2)–(11); maps are shared by all modalities.

    Args:
        schema: of the graph.
        width: d, of all embeddings; a multiple of `heads`.
        heads: attention heads.
        dropout: share of units dropped from what is added, while training.
        influence: see `Influence`.
        alignment: see `Alignment`.
    """

    def __init__(
        self,
        schema: GraphSchema,
        width: int,
        heads: int,
        dropout: float,
        influence: Influence = "nested",
        alignment: Alignment = "consistent",
    ) -> None:
        super().__init__()
        self.schema, self.heads, self.depth = schema, heads, width // heads
        self.influence, self.alignment = influence, alignment
        types = schema.node_types
        # l^Q, l^A, and l^K and l^M side by side.
        self.query = nn.ModuleDict({key_of(t): nn.Linear(width, width) for t in types})
        self.output = nn.ModuleDict({key_of(t): nn.Linear(width, width) for t in types})
        self.source = nn.ModuleDict({key_of(t): nn.Linear(width, 2 * width) for t in types})
        # W^NODE, W^MODAL and W^MSG of each relation and head.
        maps = torch.empty(len(schema.relations), 3, heads, self.depth, self.depth)
        bound = math.sqrt(3.0 / self.depth)  # Keeps the variance of what is mapped.
        self.maps = nn.Parameter(maps.uniform_(-bound, bound))
        self.dropout = Dropout(dropout)

    def forward(
        self, h: dict[str, Float[Tensor, "_ M d"]], edges: ModalEdges
    ) -> tuple[dict[str, Tensor], InterModalAttention | None]:
        """h^(k) [n_t, M, d] of each type out of h^(k−1), and the attention unless there are no edges."""
        moved, attention = {t: torch.zeros_like(x) for t, x in h.items()}, None
        if edges.weight.numel():
            g, *s = self._scores(h, edges)
            attention = self._attention(g, s[0] if s else None, edges, sum(map(len, h.values())))
            share = attention.final * edges.weight[:, None, None]  # [e, I, heads]
            for i, part in enumerate(edges.by_relation(share)):
                source, _, destination = self.schema.relations[i]
                messages = self._messages(i, edges, len(h[destination]))
                moved[destination] = moved[destination] + _spared(messages, edges, h[source], part)
        updated = {}
        for node_type, x in h.items():
            added = self.output[key_of(node_type)](torch.sigmoid(moved[node_type]))
            updated[node_type] = self.dropout(added) + x  # (11)
        return updated, attention

    def _scores(self, h: dict[str, Tensor], edges: ModalEdges) -> tuple[Tensor, ...]:
        """Of all edges g (2) [e, M, heads] and, unless no λ is wanted, s (4) [e, M, I, heads]."""
        query = {t: self.query[key_of(t)](x) for t, x in h.items()}
        each = [
            _spared(self._similarities(i, edges), edges, h[source], query[destination])
            for i, (source, _, destination) in enumerate(self.schema.relations)
        ]
        return tuple(torch.cat(parts) for parts in zip(*each, strict=True))

    def _similarities(self, relation: int, edges: ModalEdges) -> Callable[..., tuple[Tensor, ...]]:
        """(h of the sources [n, M, d], their queries [n', M, d]) -> g and s of one relation's edges."""
        source, destination = edges.ends[relation]
        kinds = 1 if self.influence in ("own", "mean") else 2

        def found(x: Tensor, query: Tensor) -> tuple[Tensor, ...]:
            keys = self._mapped(x, relation, slice(0, kinds)).index_select(0, source)
            key, *modal = keys.unflatten(2, (kinds, self.heads, self.depth)).unbind(2)
            at = query.index_select(0, destination).unflatten(2, (self.heads, self.depth))
            at = at / math.sqrt(self.depth)
            g = (key * at).sum(-1)
            if self.influence == "influenced":
                return g, torch.einsum("emhd,eihd->emih", modal[0], at)
            return g, *((k * at).sum(-1).unsqueeze(2) for k in modal)

        return found

    def _messages(self, relation: int, edges: ModalEdges, count: int) -> Callable[..., Tensor]:
        """(h of the sources [n, M, d], shares [e, I, heads]) -> (10) [count, M, d] of one relation."""
        source, destination = edges.ends[relation]

        def found(x: Tensor, share: Tensor) -> Tensor:
            value = self._mapped(x, relation, slice(2, 3)).index_select(0, source)
            value = value.unflatten(2, (self.heads, self.depth)) * share.unsqueeze(3)
            message = value.flatten(1)  # [e, M d]
            to = destination.unsqueeze(1).expand_as(message)
            total = message.new_zeros(count, message.size(1)).scatter_add(0, to, message)
            return total.view(count, *x.shape[1:])

        return found

    def _mapped(self, x: Float[Tensor, "n M d"], relation: int, which: slice) -> Tensor:
        """Of a relation's sources, side by side, the chosen of: key under W^NODE, key under W^MODAL, value
        under W^MSG.

        The relation's maps are multiplied into the type's linear functions first, which leaves one
        product with x.
        """
        linear = self.source[key_of(self.schema.relations[relation][0])]
        assert isinstance(linear, nn.Linear)
        # Rows of l^K and l^M, with their bias as one more column: [2, heads, depth, d + 1].
        both = torch.cat([linear.weight, linear.bias.unsqueeze(1)], dim=1)
        key, value = both.view(2, self.heads, self.depth, -1)
        chosen = torch.stack([key, key, value][which])
        joined = torch.einsum("phdk,phde->phek", chosen, self.maps[relation, which])
        joined = joined.flatten(0, 2)  # [· d, d + 1]
        return nn.functional.linear(x, joined[:, :-1], joined[:, -1])

    def _attention(
        self,
        g: Float[Tensor, "e M heads"],
        s: Float[Tensor, "e M I heads"] | None,
        edges: ModalEdges,
        count: int,
    ) -> InterModalAttention:
        """(3)–(9) of all edges among `count` nodes."""
        weight, index = edges.weight, edges.destination
        node = edge_softmax(g, weight, index, count)  # (3)
        modal, nested = None, node  # [e, M, heads]: I is M.
        if self.influence == "mean":
            nested = node.mean(dim=1, keepdim=True)
        if s is not None:
            if self.influence == "node":
                s = _mean_at_node(s, weight, index, count)
            modal = s.softmax(dim=1)  # (5)
            # Above 1 only where less than one edge meets at a node: see `models.hgnn_ima.model`.
            mixed = (modal * node.clamp_max(1).unsqueeze(2)).sum(1)
            nested = edge_softmax(mixed, weight, index, count)  # (6)
        if self.alignment == "off":
            return InterModalAttention(node, modal, nested, None, nested)
        sign = 1.0 if self.alignment == "printed" else -1.0
        aligned = edge_softmax(sign * _spread(g), weight, index, count)  # (8)
        both = nested.clamp_max(1) * aligned.clamp_max(1).unsqueeze(1)
        final = edge_softmax(both, weight, index, count)  # (9)
        return InterModalAttention(node, modal, nested, aligned, final)


def _spread(g: Float[Tensor, "e M heads"]) -> Float[Tensor, "e heads"]:
    """Σ |g^{m₁} − g^{m₂}| over ordered pairs of modalities."""
    total = torch.zeros_like(g[:, 0])
    for first in range(g.size(1)):
        for second in range(first):
            total = total + 2 * (g[:, first] - g[:, second]).abs()
    return total


def _mean_at_node(
    values: Float[Tensor, " e *k"],
    weight: Float[Tensor, " e"],
    index: Int[Tensor, " e"],
    count: int,
) -> Float[Tensor, " e *k"]:
    """For each edge the mean over all edges of its node, weights as multiplicities."""
    flat = values.flatten(1)
    total = flat.new_zeros(count, flat.size(1)).index_add(0, index, flat * weight.unsqueeze(1))
    mass = weight.new_zeros(count).index_add(0, index, weight)
    return (total / mass.unsqueeze(1)).index_select(0, index).view_as(values)


def _spared(function: Callable[..., T], edges: ModalEdges, *tensors: Tensor) -> T:
    """`function` of `tensors`; in a large graph its intermediate results are not kept for the gradient."""
    if torch.is_grad_enabled() and len(edges.weight) > KEPT:
        return checkpoint(function, *tensors, use_reentrant=False, preserve_rng_state=False)
    return function(*tensors)
