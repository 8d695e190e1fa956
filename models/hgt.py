"""HGT: Heterogeneous Graph Transformer (Hu et al., WWW 2020), PyG's layer with edge weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn import HGTConv
from torch_geometric.typing import EdgeType
from torch_geometric.utils import softmax

from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.keys import key_of
from models.layers.late_fusion import Fusion, fused
from models.propagation.sparse import edge_weights
from models.schema import GraphSchema


@dataclass(frozen=True)
class HGTSettings:
    """Settings of `HGT`.

    Attributes:
        hidden: width of all embeddings; a multiple of `heads`.
        heads: attention heads.
        layers: rounds of message passing.
        dropout: share of units dropped at the input of each layer while training.
        input_dropout: share of feature columns dropped in each training step.
        fusion: of the modalities, before the propagation or after it; see `models.layers.late_fusion`.
    """

    hidden: int = 64
    heads: int = 4
    layers: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8
    fusion: Fusion = "early"


@dataclass(frozen=True)
class LateHGTSettings(HGTSettings):
    """Settings of `HGT` that fuses late."""

    fusion: Fusion = "late"


SPACE = {"layers": (1, 2), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


class WeightedHGTConv(HGTConv):
    """PyG's `HGTConv` whose attention counts an edge of weight w as w parallel edges.

    α_e = w_e exp(g_e) / Σ_{e'} w_{e'} exp(g_{e'}), that is, the softmax of g + log w. The relations'
    key and value maps are applied in one batched product each: PyG's `HeteroLinear` slices its input
    once a relation and head, and each slice's backward fills a matrix of full size.
    """

    _log_weight: Tensor

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        x_dict: dict[str, Tensor],
        edge_index_dict: dict[EdgeType, Tensor],
        weights: dict[EdgeType, Tensor],
    ) -> dict[str, Tensor]:
        """As `HGTConv.forward`; a type that receives no relation keeps its embedding."""
        # HGTConv concatenates the relations in this order and offers no argument for the weights.
        self._log_weight = torch.cat([weights[r] for r in edge_index_dict]).log().unsqueeze(1)
        moved = super().forward(x_dict, edge_index_dict)
        kept: dict[str, Tensor] = dict(x_dict)
        kept.update({t: x for t, x in moved.items() if x is not None})
        return kept

    def _construct_src_node_feat(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        k_dict: dict[str, Tensor],
        v_dict: dict[str, Tensor],
        edge_index_dict: dict[EdgeType, Tensor],
    ) -> tuple[Tensor, Tensor, dict[EdgeType, int]]:
        """Keys and values [Σ_r n_src, heads, depth] under each relation's maps, and where each starts."""
        depth = self.out_channels // self.heads
        # As PyG numbers them: head-major, relations in the order of the metadata.
        key_map = self.k_rel.weight.view(self.heads, len(self.edge_types), depth, depth)
        value_map = self.v_rel.weight.view(self.heads, len(self.edge_types), depth, depth)
        keys, values, start, first = [], [], {}, 0
        for relation in edge_index_dict:
            number, source = self.edge_types_map[relation], relation[0]
            start[relation] = first
            first += k_dict[source].size(0)
            keys.append(torch.einsum("nhd,hde->nhe", k_dict[source], key_map[:, number]))
            values.append(torch.einsum("nhd,hde->nhe", v_dict[source], value_map[:, number]))
        return torch.cat(keys), torch.cat(values), start

    def message(
        self,
        k_j: Tensor,
        q_i: Tensor,
        v_j: Tensor,
        edge_attr: Tensor,
        index: Tensor,
        ptr: Tensor | None,
        size_i: int | None,
    ) -> Tensor:
        """The message of each edge, [e, width]; `edge_attr` is the relation's prior [e, heads]."""
        score = (q_i * k_j).sum(dim=-1) * edge_attr / math.sqrt(q_i.size(-1))  # [e, heads]
        alpha = softmax(score + self._log_weight, index, ptr, size_i)
        return (v_j * alpha.unsqueeze(-1)).flatten(1)  # [e, width]


class HGTRounds(nn.Module):
    """Rounds of `WeightedHGTConv`; none if the schema has no relations.

    Args:
        schema: its types and relations.
        width: width of the embeddings, before and after; a multiple of `heads`.
        heads: attention heads.
        layers: number of rounds.
        dropout: share of units dropped at the input of each round while training.
    """

    def __init__(
        self, schema: GraphSchema, width: int, heads: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        # PyG names parameters after types and relations as they are, relations joined by "__".
        self.types = {t: key_of(t) for t in schema.node_types}
        self.relations = {r: _keys(r) for r in schema.relations}
        metadata = (list(self.types.values()), list(self.relations.values()))
        self.convs = nn.ModuleList(
            WeightedHGTConv(width, width, metadata, heads)
            for _ in range(layers if schema.relations else 0)
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, h: dict[str, Tensor], edges: dict[EdgeType, Tensor], weights: dict[EdgeType, Tensor]
    ) -> dict[str, Tensor]:
        """Embeddings [n_t, width] by type."""
        if not self.convs:
            return h
        keyed = {self.types[t]: x for t, x in h.items()}
        edges = {self.relations[r]: index for r, index in edges.items()}
        weights = {self.relations[r]: weight for r, weight in weights.items()}
        for conv in self.convs:
            keyed = conv({t: self.dropout(x) for t, x in keyed.items()}, edges, weights)
        return {t: keyed[self.types[t]] for t in h}


def _keys(relation: EdgeType) -> EdgeType:
    source, name, destination = map(key_of, relation)
    return source, name, destination


Inputs = tuple[TypeInputs, dict[str, int], dict[EdgeType, Tensor], dict[EdgeType, Tensor], Tensor]


class HGTEncoder(nn.Module):
    """`EarlyFusion` of the schema's modalities, then `HGTRounds`."""

    def __init__(self, schema: GraphSchema, settings: HGTSettings) -> None:
        super().__init__()
        self.target = schema.target
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        self.rounds = HGTRounds(
            schema, settings.hidden, settings.heads, settings.layers, settings.dropout
        )

    def forward(
        self,
        features: TypeInputs,
        sizes: dict[str, int],
        edges: dict[EdgeType, Tensor],
        weights: dict[EdgeType, Tensor],
        rows: Tensor,
    ) -> Float[Tensor, "rows d"]:
        """Embeddings of the target nodes `rows`."""
        h = {t: torch.relu(x) for t, x in self.fusion(features, sizes).items()}
        return self.rounds(h, edges, weights)[self.target][rows]


class HGT(nn.Module):
    """`HGTEncoder`, or one a modality (late fusion), and a linear head on the target type.

    Missing modalities as in `EarlyFusion`. No normalisation layer, hence no shifting statistics;
    a node without in-edges keeps what the layer's gated skip connection leaves of it.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HGTSettings) -> None:
        super().__init__()
        self.schema = schema
        self.encoder = fused(
            settings.fusion, schema, settings.hidden, lambda part: HGTEncoder(part, settings)
        )
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All nodes and edges, since messages may come from anywhere, and the rows to classify."""
        edges = {r: graph[r].edge_index for r in self.schema.relations}
        weights = {r: edge_weights(graph, r) for r in self.schema.relations}
        sizes = {t: int(graph[t].num_nodes) for t in self.schema.node_types}
        return type_inputs(graph, self.schema), sizes, edges, weights, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.dropout(self.encoder(*inputs)))
