"""HAN: Heterogeneous Graph Attention Network (Wang et al., WWW 2019), with edge weights.

For target nodes i and meta-paths Φ, in every head (we could not read the paper's text, so nothing is
numbered: the equations are those of PyG's `HANConv` and of the authors' public code):

    projection      h_i = M x_i
    node level      α_ij = softmax_j LeakyReLU(a_Φ · [h_i ‖ h_j]),  z_i^Φ = σ(Σ_j α_ij h_j)
    semantic level  β = softmax_Φ(mean_i qᵀ tanh(W z_i^Φ + b)),  z_i = Σ_Φ β_Φ z_i^Φ  (heads side by side)

PyG's layer takes no edge weights; on unit weights ours gives its numbers. Where we leave these or choose:

- Meta-paths: all that lead back to the target type (`returning_paths`), where the authors choose some; in a
  graph of one type its relations. Only the target type's features are read, as there.
- Meta-path neighbours: the authors' graphs are of zeros and ones, a node among its own neighbours. Ours have
  weights, see `metapath_graph`, a bounded number of neighbours, and one edge from each node to itself beside
  the ways back that the path has.
- M: one linear function a modality, added up (`EarlyFusion`).
- σ is ELU, as in the authors' code; PyG has ReLU.
- The mean in β is over all target nodes of the graph at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.attention import SemanticAttention, additive_attention, mixed
from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.late_fusion import Fusion, fused
from models.propagation.metapath_graph import metapath_graph
from models.propagation.metapath_product import WeightedEdges
from models.propagation.metapaths import MetaPath, returning_paths
from models.schema import GraphSchema


@dataclass(frozen=True)
class HANSettings:
    """Settings of `HAN`; heads and dropout are those of PyG's example, their width of 8 and `semantic` those
    of the authors' code.

    Attributes:
        hidden: width of all embeddings; a multiple of `heads`.
        heads: K, of the node-level attention.
        semantic: width of q, the semantic-level attention vector.
        dropout: share of node-level attention weights dropped while training.
        input_dropout: share of feature columns dropped in each training step; ours.
        hops: the longest meta-path.
        neighbours: the most that a node has under one meta-path, itself aside; ours.
        fusion: of the modalities, before the propagation or after it; see `models.layers.late_fusion`.
    """

    hidden: int = 64
    heads: int = 8
    semantic: int = 128
    dropout: float = 0.6
    input_dropout: float = 0.8
    hops: int = 4
    neighbours: int = 64
    fusion: Fusion = "early"


@dataclass(frozen=True)
class LateHANSettings(HANSettings):
    """Settings of `HAN` that fuses late."""

    fusion: Fusion = "late"


TRAINING = {"lr": 0.005, "weight_decay": 0.001}  # PyG's example.
SPACE = {"heads": (4, 8), "dropout": (0.3, 0.6), "input_dropout": (0.5, 0.8, 0.9)}
SLOPE = 0.2  # Of the leaky ReLU, as in PyG.

Inputs = tuple[TypeInputs, int, list[WeightedEdges], Tensor]


class HANEncoder(nn.Module):
    """Attention among each meta-path's neighbours, then among meta-paths."""

    def __init__(self, schema: GraphSchema, settings: HANSettings) -> None:
        super().__init__()
        self.target, self.heads = schema.target, settings.heads
        width, depth = settings.hidden, settings.hidden // settings.heads
        own = {schema.target: dict(schema.modalities[schema.target])}
        self.project = EarlyFusion(own, width, settings.input_dropout)
        # a_Φ: the half that meets the neighbour, and the half that meets the node.
        paths = len(_paths(schema, settings))
        self.source = nn.Parameter(torch.empty(paths, settings.heads, depth))
        self.sink = nn.Parameter(torch.empty(paths, settings.heads, depth))
        for vector in (self.source, self.sink):
            nn.init.xavier_uniform_(vector)
        self.semantic = SemanticAttention(width, settings.semantic)
        self.dropout = Dropout(settings.dropout)

    def forward(
        self, features: TypeInputs, count: int, paths: list[WeightedEdges], rows: Tensor
    ) -> Float[Tensor, "rows d"]:
        """Embeddings of the target nodes `rows` out of `count`."""
        h = self.project(features, {self.target: count})[self.target]  # [n, d]
        h = h.unflatten(1, (self.heads, -1))  # [n, heads, depth]
        z = [nn.functional.elu(self.node_level(h, p, i)) for i, p in enumerate(paths)]
        return mixed(self.semantic(z), z)[rows]

    def node_level(
        self, h: Float[Tensor, "n heads depth"], path: WeightedEdges, number: int
    ) -> Float[Tensor, "n d"]:
        """Σ_j α_ij h_j in each head, side by side, without σ."""
        src, dst = path.index
        sends, receives = (h * self.source[number]).sum(2), (h * self.sink[number]).sum(2)
        share = additive_attention(sends, receives, src, dst, path.weight, SLOPE)  # [e, heads]
        share = self.dropout(share) * path.weight.unsqueeze(1)
        message = (h.index_select(0, src) * share.unsqueeze(2)).flatten(1)  # [e, d]
        return message.new_zeros(h.size(0), message.size(1)).index_add(0, dst, message)


class HAN(nn.Module):
    """`HANEncoder`, or one a modality of the target type (late fusion), and a linear head.

    Missing modalities as in `EarlyFusion`. No normalisation layer, hence no shifting statistics; a node's
    edge to itself has weight one, so the total weight of its other edges matters. A node without edges,
    and every node of a graph without meta-paths, attends to itself alone.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HANSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        read = {t: dict(m) if t == schema.target else {} for t, m in schema.modalities.items()}
        self.encoder = fused(
            settings.fusion,
            replace(schema, modalities=read),
            settings.hidden,
            lambda part: HANEncoder(part, settings),
        )
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and each meta-path's graph with an edge from each node to itself."""
        target = self.schema.target
        count = int(graph[target].num_nodes)
        loops = torch.arange(count, device=rows.device).expand(2, -1)
        one = torch.ones(count, device=rows.device)
        paths = []
        for path in _paths(self.schema, self.settings):
            index, weight = loops, one
            if path:
                joined = metapath_graph(graph, path, self.settings.neighbours)
                index = torch.cat([joined.index, loops], dim=1)
                weight = torch.cat([joined.weight, one])
            paths.append(WeightedEdges(index, weight))
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, count, paths, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.encoder(*inputs))


def _paths(schema: GraphSchema, settings: HANSettings) -> tuple[MetaPath, ...]:
    """The meta-paths; the empty one, from each node to itself, where no other leads back."""
    return returning_paths(schema.relations, schema.target, settings.hops) or ((),)
