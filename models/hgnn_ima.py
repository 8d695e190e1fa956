"""HGNN-IMA: heterogeneous graph network with inter-modal attention (Li et al., IJCAI 2025).

Numbers in brackets are the paper's equations (arXiv 2505.07895). Where its text leaves room:

- Heads: as in HGT. Dot products are divided by √depth, which the paper leaves out and HGT has.
- N_i: all in-neighbours of i, under all relations together, as printed.
- (8): printed, disagreeing neighbours gain; the sentence around it says that agreeing ones do. The
  default follows the sentence; `alignment="printed"` the formula.
- (6), (9): softmax of probabilities, as printed. They lie in [0, 1], so no two weights of one node
  differ by more than a factor e; `models.attention.relative_entropy` shows how even they are. Where
  weights are so small that less than one edge meets at a node, a probability per parallel edge
  exceeds 1; it enters these exponentials as 1, so that the factor e holds on condensed graphs too.
- (7): the printed sum over edges outgrows the cross-entropy with the graph; ours is the mean. It counts
  what the neighbour itself lacks, where the paper knows only types that lack a modality.
- (1): one linear function a type and modality, since widths differ.
- A modality that a node lacks: the mean of those that it has, after encoding, which of two modalities
  is a copy of the other's embedding; a node without any gets a learnt vector of its type.
- (16): with the minus sign of a cross-entropy, which the print lacks; averages in place of sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.attention import edge_softmax
from models.fusion import ModalityEncoders, TypeInputs, key_of, type_inputs
from models.schema import GraphSchema
from models.sparse import edge_weights


@dataclass(frozen=True)
class HGNNIMASettings:
    """Settings of `HGNNIMA`; the first four defaults are the paper's (section 5.3).

    The paper trains for at most 300 epochs with a patience of 50; here epochs are those of all models.

    Attributes:
        hidden: d, width of all embeddings; a multiple of `heads`.
        heads: attention heads.
        layers: K, rounds of propagation.
        dropout: share of units dropped from what each layer adds, while training.
        input_dropout: share of feature columns dropped in each training step; not in the paper.
        alignment: which neighbours (8) favours: "consistent" ones, or, as "printed", inconsistent ones.
    """

    hidden: int = 64
    heads: int = 8
    layers: int = 3
    dropout: float = 0.6
    input_dropout: float = 0.5
    alignment: Literal["consistent", "printed"] = "consistent"


TRAINING = {"lr": 0.001}  # The paper's.
SPACE = {"layers": (1, 2, 3), "dropout": (0.3, 0.6), "input_dropout": (0.5, 0.8, 0.9)}


@dataclass(frozen=True)
class Edges:
    """All relations' edges as one list; an edge of weight w means w parallel edges.

    Attributes:
        mapped: row of the source among the nodes that each relation maps, relation after relation.
        destination: row of the destination among the nodes of all types.
        weight: w.
        lacks: which modalities the source lacks.
    """

    mapped: Int[Tensor, " e"]
    destination: Int[Tensor, " e"]
    weight: Float[Tensor, " e"]
    lacks: Bool[Tensor, "e M"]


@dataclass(frozen=True)
class Attention:
    """One layer's attention, per parallel edge and head.

    Attributes:
        node: α of each modality (3).
        modal: λ (5), which sums to one over modalities.
        nested: β (6).
        aligned: β̄ (8).
        final: β̃ (9), the weights of the propagation.
    """

    node: Float[Tensor, "e M heads"]
    modal: Float[Tensor, "e M heads"]
    nested: Float[Tensor, "e heads"]
    aligned: Float[Tensor, "e heads"]
    final: Float[Tensor, "e heads"]


@dataclass(frozen=True)
class Inputs:
    """A graph, prepared.

    Attributes:
        features: by node type and modality.
        has: node type -> which of all modalities each node has.
        edges: of all relations.
        rows: target nodes to classify.
    """

    features: TypeInputs
    has: dict[str, Bool[Tensor, "n M"]]
    edges: Edges
    rows: Tensor


class InterModalConv(nn.Module):
    """One round of propagation, (2)–(11); maps are shared by all modalities."""

    def __init__(self, schema: GraphSchema, settings: HGNNIMASettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        width, heads = settings.hidden, settings.heads
        depth = width // heads
        types = schema.node_types
        # l^Q, l^A, and l^K and l^M side by side.
        self.query = nn.ModuleDict({key_of(t): nn.Linear(width, width) for t in types})
        self.output = nn.ModuleDict({key_of(t): nn.Linear(width, width) for t in types})
        self.source = nn.ModuleDict({key_of(t): nn.Linear(width, 2 * width) for t in types})
        # W^NODE, W^MODAL and W^MSG of each relation and head.
        maps = torch.empty(len(schema.relations), 3, heads, depth, depth)
        bound = math.sqrt(3.0 / depth)  # Keeps the variance of what is mapped.
        self.maps = nn.Parameter(maps.uniform_(-bound, bound))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self, h: dict[str, Tensor], edges: Edges
    ) -> tuple[dict[str, Tensor], Attention | None]:
        """h^(k) [n_t, M, d] of each type out of h^(k−1), and the attention unless there are no edges."""
        moved, attention = None, None
        if edges.weight.numel():
            moved, attention = self._receive(h, edges)
        found, first = {}, 0
        for node_type, x in h.items():
            own = slice(first, first + x.size(0))
            first += x.size(0)
            gathered = torch.zeros_like(x) if moved is None else moved[own].view_as(x)
            added = self.output[key_of(node_type)](torch.sigmoid(gathered))
            found[node_type] = self.dropout(added) + x  # (11)
        return found, attention

    def _receive(self, h: dict[str, Tensor], edges: Edges) -> tuple[Tensor, Attention]:
        """(2)–(10): h̃ [n, M · d] of all nodes, and the attention of every edge."""
        heads, depth = self.settings.heads, self.settings.hidden // self.settings.heads
        query = torch.cat([self.query[key_of(t)](x) for t, x in h.items()])  # [n, M, d]
        mapped = torch.cat(
            [self._mapped(h[r[0]], r[0], i) for i, r in enumerate(self.schema.relations)]
        )
        # One gather of all three parts of a source, [e, M, 3, heads, depth].
        parts = mapped.index_select(0, edges.mapped).unflatten(2, (3, heads, depth))
        key, modal_key, value = parts.unbind(2)
        at = query.index_select(0, edges.destination).unflatten(2, (heads, depth))
        g = (key * at).sum(-1) / math.sqrt(depth)  # (2)
        s = (modal_key * at).sum(-1) / math.sqrt(depth)  # (4)
        attention = self._attention(g, s, edges, query.size(0))
        share = (attention.final * edges.weight.unsqueeze(1))[:, None, :, None]  # [e, 1, heads, 1]
        message = (value * share).flatten(1)  # [e, M d]
        to = edges.destination.unsqueeze(1).expand_as(message)
        return message.new_zeros(query.size(0), message.size(1)).scatter_add(
            0, to, message
        ), attention

    def _mapped(self, x: Float[Tensor, "n M d"], source: str, relation: int) -> Tensor:
        """Key under W^NODE, key under W^MODAL, value under W^MSG of a relation's sources, [n, M, 3 d].

        The relation's maps are multiplied into the type's linear functions first, which leaves one
        product with x.
        """
        linear, maps = self.source[key_of(source)], self.maps[relation]
        assert isinstance(linear, nn.Linear)
        heads, depth = maps.size(1), maps.size(2)
        # Rows of l^K and l^M, with their bias as one more column: [2, heads, depth, d + 1].
        both = torch.cat([linear.weight, linear.bias.unsqueeze(1)], dim=1)
        key, value = both.view(2, heads, depth, -1)
        joined = torch.einsum("phdk,phde->phek", torch.stack([key, key, value]), maps)
        joined = joined.flatten(0, 2)  # [3 d, d + 1]
        return nn.functional.linear(x, joined[:, :-1], joined[:, -1])

    def _attention(
        self,
        g: Float[Tensor, "e M heads"],
        s: Float[Tensor, "e M heads"],
        edges: Edges,
        count: int,
    ) -> Attention:
        weight, index = edges.weight, edges.destination
        node = edge_softmax(g, weight, index, count)  # (3)
        modal = s.softmax(dim=1)  # (5)
        # Above 1 only where less than one edge meets at a node: see the top of this file.
        mixed = (modal * node.clamp_max(1)).sum(1)
        nested = edge_softmax(mixed, weight, index, count)  # (6)
        # Each unordered pair stands twice in the sum over m₁ and m₂.
        spread = (g.unsqueeze(1) - g.unsqueeze(2)).abs().sum(dim=(1, 2))  # [e, heads]
        sign = 1.0 if self.settings.alignment == "printed" else -1.0
        aligned = edge_softmax(sign * spread, weight, index, count)  # (8)
        both = nested.clamp_max(1) * aligned.clamp_max(1)
        final = edge_softmax(both, weight, index, count)  # (9)
        return Attention(node, modal, nested, aligned, final)


class HGNNIMA(nn.Module):
    """Encoders (1), K rounds of propagation, fusion by modality attention (12)–(15).

    No normalisation layer, hence no shifting statistics. Unlike in a mean over neighbours, the total
    weight of a node's edges matters: (6) and (9) take the exponential of what (3) shares out.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HGNNIMASettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        width = settings.hidden
        self.modalities = tuple(dict.fromkeys(m for t in schema.modalities.values() for m in t))
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.encode = ModalityEncoders(modalities, width, settings.input_dropout)
        self.bare = nn.ParameterDict(
            {key_of(t): nn.Parameter(torch.zeros(width)) for t in schema.node_types}
        )
        self.convs = nn.ModuleList(InterModalConv(schema, settings) for _ in range(settings.layers))
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.head = nn.Linear(width, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All nodes and edges, since messages may come from anywhere, and the rows to classify."""
        features, has = type_inputs(graph, self.schema), {}
        for node_type in self.schema.node_types:
            none = torch.zeros(
                int(graph[node_type].num_nodes), dtype=torch.bool, device=rows.device
            )
            own = features[node_type]
            columns = [own[m][1] if m in own else none for m in self.modalities]
            has[node_type] = torch.stack(columns, dim=1)
        return Inputs(features, has, self._edges(graph, has, rows.device), rows)

    def _edges(self, graph: HeteroData, has: dict[str, Tensor], device: torch.device) -> Edges:
        start, first = {}, 0
        for node_type, present in has.items():
            start[node_type], first = first, first + present.size(0)
        none = torch.zeros(0, dtype=torch.long, device=device)
        mapped, destination, first = [none], [none], 0
        weight = [torch.zeros(0, device=device)]
        lacks = [torch.zeros(0, len(self.modalities), dtype=torch.bool, device=device)]
        for relation in self.schema.relations:
            source, _, sink = relation
            src, dst = graph[relation].edge_index
            mapped.append(src + first)
            first += has[source].size(0)
            destination.append(dst + start[sink])
            weight.append(edge_weights(graph, relation))
            lacks.append(~has[source][src])
        return Edges(torch.cat(mapped), torch.cat(destination), torch.cat(weight), torch.cat(lacks))

    def _encode(self, inputs: Inputs) -> dict[str, Float[Tensor, "n M d"]]:
        """(1), and stand-ins for what a node lacks."""
        found = {}
        for node_type, encoded in self.encode(inputs.features).items():
            bare, has = self.bare[key_of(node_type)], inputs.has[node_type].unsqueeze(2)
            zero = bare.new_zeros(has.size(0), self.settings.hidden)
            h = torch.stack([encoded.get(m, zero) for m in self.modalities], dim=1)  # [n, M, d]
            count = has.sum(dim=1, keepdim=True)  # [n, 1, 1]
            mean = (h * has).sum(dim=1, keepdim=True) / count.clamp_min(1)
            found[node_type] = torch.where(has, h, torch.where(count > 0, mean, bare))
        return found

    def propagate(self, inputs: Inputs) -> tuple[Float[Tensor, "rows M d"], list[Attention]]:
        """h^(K) of the prepared rows, and each layer's attention (none without edges)."""
        h, attentions = self._encode(inputs), []
        for conv in self.convs:
            h, attention = conv(h, inputs.edges)
            if attention is not None:
                attentions.append(attention)
        return h[self.schema.target][inputs.rows], attentions

    def fuse(self, h: Float[Tensor, "rows M d"]) -> Float[Tensor, "rows d"]:
        """Z (12)–(14)."""
        return (self.score(h).softmax(dim=1) * h).sum(dim=1)

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows (15)."""
        return self.head(self.fuse(self.propagate(inputs)[0]))


def loss(
    model: HGNNIMA, inputs: Inputs, labels: Tensor, weight: Float[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """L_cro + L_att (7), (16), (17), averages in place of sums.

    The fused and each modality's logits come from one head; `weight` sums to one over the rows.
    """
    h, attentions = model.propagate(inputs)
    outputs = [model.head(model.fuse(h)), *model.head(h).unbind(1)]
    fit = torch.stack(
        [(nn.functional.cross_entropy(x, labels, reduction="none") * weight).sum() for x in outputs]
    )
    return fit.mean() + attention_loss(attentions, inputs.edges, len(model.modalities))


def attention_loss(attentions: list[Attention], edges: Edges, modalities: int) -> Float[Tensor, ""]:
    """(7) per edge: mean over layers, heads and edges of λ on modalities that the source lacks ÷ |M|."""
    if not attentions:
        return edges.weight.new_zeros(())
    spent = [
        (a.modal.mean(dim=2) * edges.lacks).sum(dim=1) @ edges.weight / edges.weight.sum()
        for a in attentions
    ]
    return torch.stack(spent).mean() / modalities
