"""HGNN-IMA: heterogeneous graph network with inter-modal attention (Li et al., IJCAI 2025).

Numbers in brackets are the paper's equations (arXiv 2505.07895). Where its text leaves room:

- Heads: as in HGT. Dot products are divided by √depth, which the paper leaves out and HGT has.
- N_i: all in-neighbours of i, under all relations together, as printed.
- (8): printed, disagreeing neighbours gain; the sentence around it says that agreeing ones do. The
  default follows the sentence; `alignment="printed"` the formula.
- (6), (9): softmax of probabilities, as printed. They lie in [0, 1], so no two weights of one node
  differ by more than a factor e; `models.layers.attention.relative_entropy` shows how even they are. Where
  weights are so small that less than one edge meets at a node, a probability per parallel edge
  exceeds 1; it enters these exponentials as 1, so that the factor e holds on condensed graphs too.
- (7): the printed sum over edges outgrows the cross-entropy with the graph; the default is the mean. It
  counts what the neighbour itself lacks, where the paper considers only types that lack a modality.
- (1): one linear function a type and modality, since widths differ.
- A modality that a node lacks: see `Missing`.
- The ablations of section 5.5 are in `ABLATIONS`; "+inf" and "-nei" are explained in
  `models.hgnn_ima.inter_modal.Influence`. Without λ, as in "-cross" and "-adapt", (7) has nothing to act on.
- (16): with the minus sign of a cross-entropy, which the print lacks; averages in place of sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.hgnn_ima.inter_modal import (
    Alignment,
    Influence,
    InterModalAttention,
    InterModalConv,
    ModalEdges,
)
from models.layers.fusion import ModalityEncoders, TypeInputs, type_inputs
from models.layers.keys import key_of
from models.propagation.sparse import edge_weights
from models.schema import GraphSchema

Missing = Literal["copy", "zeros", "learnt"]
"""The stand-in for the embedding of a modality that a node lacks.

copy: the mean of those that it has, which of two modalities is a copy of the other's, as the paper copies the
    text's; a node without any gets a learnt vector of its type.
zeros: nothing.
learnt: a vector of its type and modality.
"""


@dataclass(frozen=True)
class HGNNIMASettings:
    """Settings of `HGNNIMA`; the first four defaults are the paper's (section 5.3).

    The paper trains for at most 300 epochs with a patience of 50; here epochs are those of all models.

    Attributes:
        hidden: d, width of all embeddings; a multiple of `heads`.
        heads: attention heads.
        layers: K, rounds of propagation; 0 leaves the graph out.
        dropout: share of units dropped from what each layer adds, while training.
        input_dropout: share of feature columns dropped in each training step; not in the paper.
        alignment: which neighbours (8) favours.
        influence: how the modalities' attentions become one.
        missing: what stands for a modality that a node lacks.
        attention_loss: L_att (7) as its mean over edges; as printed, a sum over edges beside a sum over
            labelled nodes; or off (the ablation -L_att).
        individual_loss: whether (16) also fits each modality's own logits; else it is the ablation -L_ind.
    """

    hidden: int = 64
    heads: int = 8
    layers: int = 3
    dropout: float = 0.6
    input_dropout: float = 0.5
    alignment: Alignment = "consistent"
    influence: Influence = "nested"
    missing: Missing = "copy"
    attention_loss: Literal["mean", "printed", "off"] = "mean"
    individual_loss: bool = True


TRAINING = {"lr": 0.001}  # The paper's.
SPACE = {"layers": (1, 2, 3), "dropout": (0.3, 0.6), "input_dropout": (0.5, 0.8, 0.9)}
ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "-cross": {"influence": "own"},
    "-adapt": {"influence": "mean"},
    "+inf": {"influence": "influenced"},
    "-nei": {"influence": "node"},
    "-align": {"alignment": "off"},
    "-L_att": {"attention_loss": "off"},
    "-L_ind": {"individual_loss": False},
}
"""Settings of the paper's ablations (section 5.5), by the names of its table 4."""


@dataclass(frozen=True)
class HGNNIMAInputs:
    """A graph, prepared.

    Attributes:
        features: by node type and modality.
        has: node type -> which of all modalities each node has.
        edges: of all relations.
        rows: target nodes to classify.
    """

    features: TypeInputs
    has: dict[str, Bool[Tensor, "n M"]]
    edges: ModalEdges
    rows: Tensor


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
        # Of each type, or of each of its modalities; see `Missing`.
        names = self.modalities if settings.missing == "learnt" else ("",)
        stand_ins = [key_of(t, m) for t in schema.node_types for m in names]
        self.bare = nn.ParameterDict({k: nn.Parameter(torch.zeros(width)) for k in stand_ins})
        self.convs = nn.ModuleList(
            InterModalConv(
                schema,
                width,
                settings.heads,
                settings.dropout,
                settings.influence,
                settings.alignment,
            )
            for _ in range(settings.layers)
        )
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.head = nn.Linear(width, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> HGNNIMAInputs:
        """All nodes and edges, since messages may come from anywhere, and the rows to classify."""
        features, has = type_inputs(graph, self.schema), {}
        for node_type in self.schema.node_types:
            none = torch.zeros(
                int(graph[node_type].num_nodes), dtype=torch.bool, device=rows.device
            )
            own = features[node_type]
            columns = [own[m][1] if m in own else none for m in self.modalities]
            has[node_type] = torch.stack(columns, dim=1)
        return HGNNIMAInputs(features, has, self._edges(graph, has, rows.device), rows)

    def _edges(self, graph: HeteroData, has: dict[str, Tensor], device: torch.device) -> ModalEdges:
        start, first = {}, 0
        for node_type, present in has.items():
            start[node_type], first = first, first + present.size(0)
        ends, destination = [], [torch.zeros(0, dtype=torch.long, device=device)]
        weight = [torch.zeros(0, device=device)]
        lacks = [torch.zeros(0, len(self.modalities), dtype=torch.bool, device=device)]
        for relation in self.schema.relations:
            source, _, sink = relation
            src, dst = graph[relation].edge_index
            ends.append((src, dst))
            destination.append(dst + start[sink])
            weight.append(edge_weights(graph, relation))
            lacks.append(~has[source][src])
        return ModalEdges(tuple(ends), torch.cat(destination), torch.cat(weight), torch.cat(lacks))

    def _encode(self, inputs: HGNNIMAInputs) -> dict[str, Float[Tensor, "n M d"]]:
        """(1), and stand-ins for what a node lacks."""
        stacked = {}
        for node_type, encoded in self.encode(inputs.features).items():
            has = inputs.has[node_type].unsqueeze(2)  # [n, M, 1]
            zero = inputs.edges.weight.new_zeros(has.size(0), self.settings.hidden)
            h = torch.stack([encoded.get(m, zero) for m in self.modalities], dim=1)  # [n, M, d]
            stacked[node_type] = torch.where(has, h, self._stand_in(node_type, h, has))
        return stacked

    def _stand_in(self, node_type: str, h: Tensor, has: Tensor) -> Tensor:
        """Stand-ins for missing modalities, broadcastable to `h`; see `Missing`."""
        if self.settings.missing == "zeros":
            return torch.zeros_like(h)
        if self.settings.missing == "learnt":
            return torch.stack([self.bare[key_of(node_type, m)] for m in self.modalities])
        count = has.sum(dim=1, keepdim=True)  # [n, 1, 1]
        mean = (h * has).sum(dim=1, keepdim=True) / count.clamp_min(1)
        return torch.where(count > 0, mean, self.bare[key_of(node_type)])

    def propagate(
        self, inputs: HGNNIMAInputs
    ) -> tuple[Float[Tensor, "rows M d"], list[InterModalAttention]]:
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

    def forward(self, inputs: HGNNIMAInputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows (15)."""
        return self.head(self.fuse(self.propagate(inputs)[0]))


def loss(
    model: HGNNIMA, inputs: HGNNIMAInputs, labels: Tensor, weight: Float[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """L_cro + L_att (7), (16), (17), averages in place of sums.

    The fused and each modality's logits come from one head; `weight` sums to one over the rows.
    """
    h, attentions = model.propagate(inputs)
    outputs = [model.head(model.fuse(h))]
    if model.settings.individual_loss:
        outputs += model.head(h).unbind(1)
    fit = torch.stack(
        [(nn.functional.cross_entropy(x, labels, reduction="none") * weight).sum() for x in outputs]
    ).mean()
    if model.settings.attention_loss == "off":
        return fit
    spent = attention_loss(attentions, inputs.edges, len(model.modalities))
    if model.settings.attention_loss == "printed":
        # A sum, divided as the cross-entropy is, by the number of labelled nodes.
        spent = spent * inputs.edges.weight.sum() / len(labels)
    return fit + spent


def attention_loss(
    attentions: list[InterModalAttention], edges: ModalEdges, modalities: int
) -> Float[Tensor, ""]:
    """(7) per edge: mean over layers, heads and edges of λ on modalities that the source lacks ÷ |M|.

    Where λ differs by the influenced modality, the mean over these.
    """
    spent = [
        (a.modal.mean(dim=(2, 3)) * edges.lacks).sum(dim=1) @ edges.weight / edges.weight.sum()
        for a in attentions
        if a.modal is not None
    ]
    if not spent:
        return edges.weight.new_zeros(())
    return torch.stack(spent).mean() / modalities
