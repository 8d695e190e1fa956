"""GAT (Veličković et al., ICLR 2018), on the union of the meta-paths that lead back to the target type."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.attention import additive_attention
from models.layers.dropout import Dropout
from models.layers.fusion import Drop, EarlyFusion, TypeInputs, type_inputs
from models.propagation.metapath_product import WeightedEdges
from models.propagation.union_edges import union_edges
from models.schema import GraphSchema


@dataclass(frozen=True)
class GATSettings:
    """Settings of `GAT`; but for the last four they are the paper's for Cora (section 3.3).

    Attributes:
        hidden: width of each head of the hidden layers.
        heads: attention heads of the hidden layers.
        layers: rounds of attention.
        slope: of the leaky relu below zero.
        dropout: share of hidden units, and of attention weights, dropped while training.
        output_heads: attention heads of the last layer, whose logits are averaged.
        input_dropout: share of features dropped in each training step.
        dropped: whole feature columns, or single entries.
        neighbours: so many of the strongest union neighbours a node attends to; see `union_edges`.
        hops: the longest meta-path in the union.
    """

    hidden: int = 8
    heads: int = 8
    layers: int = 2
    slope: float = 0.2
    dropout: float = 0.6
    output_heads: int = 1
    input_dropout: float = 0.8
    dropped: Drop = "columns"
    neighbours: int = 64
    hops: int = 4


TRAINING = {"weight_decay": 0.05}  # As of GCN.
SPACE = {"hidden": (8, 32), "dropout": (0.3, 0.6), "input_dropout": (0.5, 0.8, 0.9)}

Inputs = tuple[TypeInputs, int, WeightedEdges, Tensor]


class GATAttention(nn.Module):
    """h′_i = Σ_j α_ij z_j of every head, α_ij = softmax_j leakyrelu(aᵀ[z_i ‖ z_j]) (3), z = h W.

    An edge of weight w takes part as w parallel edges: w e^x / Σ w e^x; see `additive_attention`. Dropout
    drops an edge with all its parallels.
    """

    def __init__(self, width: int, heads: int, settings: GATSettings) -> None:
        super().__init__()
        self.slope, self.dropout = settings.slope, Dropout(settings.dropout)
        # The two halves of a, Glorot & Bengio's draw as in the paper.
        self.sends = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, width)))
        self.receives = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, width)))

    def forward(
        self, z: Float[Tensor, "n heads width"], edges: WeightedEdges
    ) -> Float[Tensor, "n heads width"]:
        """h′ of all nodes."""
        sends, receives = (z * self.sends).sum(dim=2), (z * self.receives).sum(dim=2)  # [n, heads]
        share = additive_attention(
            sends, receives, edges.source, edges.destination, edges.weight, self.slope
        )
        share = self.dropout(share) * edges.weight.unsqueeze(1)
        message = z.index_select(0, edges.source) * share.unsqueeze(2)  # [e, heads, width]
        return torch.zeros_like(z).index_add(0, edges.destination, message)


class GAT(nn.Module):
    """Layers of `GATAttention` with elu between them, heads side by side (5); the last averages them (6).

    Attention runs over the entries of I + A (`union_edges`): a self-loop of weight one, beside which the
    total weight of a node's edges matters, as in GCN. Target features only; the fusion is the first
    layer's W. Early fusion, missing modalities as in `EarlyFusion`. No normalisation layer, hence no
    shifting statistics. Memory is that of one message a head and edge, at most `neighbours` + 1 a node.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: GATSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        last = settings.layers - 1
        self.shapes = [
            (settings.output_heads, schema.num_classes) if i == last
            else (settings.heads, settings.hidden)
            for i in range(settings.layers)
        ]  # fmt: skip
        widths = [heads * width for heads, width in self.shapes]
        self.fusion = EarlyFusion(modalities, widths[0], settings.input_dropout, settings.dropped)
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.attention = nn.ModuleList(
            GATAttention(width, heads, settings) for heads, width in self.shapes
        )
        self.dropout = Dropout(settings.dropout)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the edges among them, since every layer spreads further, and the rows."""
        target, settings = self.schema.target, self.settings
        edges = union_edges(graph, self.schema, settings.hops, settings.neighbours, rows.device)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), edges, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, edges, rows = inputs
        target = self.schema.target
        z = self.fusion(features, {target: count})[target]
        h = self.attention[0](z.unflatten(1, self.shapes[0]), edges)
        for i, linear in enumerate(self.linear, start=1):
            z = linear(self.dropout(nn.functional.elu(h.flatten(1))))
            h = self.attention[i](z.unflatten(1, self.shapes[i]), edges)
        return h.mean(dim=1)[rows]
