"""Att-HGNN: a mean along each relation, and attention across relations.

For node i of type t, with `self` beside the relations r that lead into t from their source types s(r),

    z_self = x_t W_self,    z_r = Â_r x_{s(r)} W_r,    Â_r = D_r⁻¹ A_r,
    e_{i,*} = ELU(wᵀ [K z_{i,*} ‖ Q z_{i,self}]),    a_{i,*} = softmax over * of e_{i,*},
    h_i = Σ_* a_{i,*} z_{i,*} + b,

with ELU and dropout between layers and dropout on [· ‖ ·]; every type has maps of its own. As in the authors'
code, a relation in which a node has no neighbours takes its share of a and gives zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.typing import EdgeType

from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs
from models.layers.keys import key_of
from models.schema import GraphSchema
from models.shgp.settings import SHGPSettings
from models.shgp.structure import RelationStructure

GAIN = 1.414
"""Of Xavier's initialisation, the authors'; biases, which they draw as well, start at zero."""


@dataclass(frozen=True)
class AttendedEmbeddings:
    """The embeddings of a graph's target nodes, and the attention behind them.

    Attributes:
        embedding: the target nodes' embeddings.
        attention: a of each layer by node type, [n_t, 1 + R_t], `self` first.
    """

    embedding: Float[Tensor, "n d"]
    attention: tuple[dict[str, Tensor], ...]


class RelationAttention(nn.Module):
    """One layer of one node type.

    Args:
        node_type: t.
        relations: those that lead into t.
        width: width of the embeddings, before and after.
        depth: width of queries and keys.
        dropout: share of [K z ‖ Q z] dropped while training.
    """

    def __init__(
        self,
        node_type: str,
        relations: Sequence[EdgeType],
        width: int,
        depth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.node_type, self.relations = node_type, tuple(relations)
        self.own = linear(width, width)
        self.maps = nn.ModuleList(linear(width, width) for _ in self.relations)
        self.key, self.query = linear(width, depth), linear(width, depth)
        self.score = linear(2 * depth, 1)
        self.bias = nn.Parameter(torch.zeros(width))
        self.dropout = Dropout(dropout)

    def forward(
        self, x: dict[str, Tensor], structure: RelationStructure
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n parts"]]:
        """(h, a) of the type's nodes."""
        parts = [self.own(x[self.node_type])]
        for relation, map_of in zip(self.relations, self.maps, strict=True):
            parts.append(structure.means[relation] @ map_of(x[relation[0]]))
        z = torch.stack(parts, dim=1)  # [n, 1 + R, d]
        query = self.query(parts[0]).unsqueeze(1).expand(-1, len(parts), -1)
        pairs = self.dropout(torch.cat([self.key(z), query], dim=2))  # [n, 1 + R, 2 depth]
        share = nn.functional.elu(self.score(pairs)).softmax(dim=1)  # [n, 1 + R, 1]
        return (share * z).sum(dim=1) + self.bias, share.squeeze(2)


class Encoder(nn.Module):
    """`EarlyFusion` of the schema's modalities, then layers of `RelationAttention`."""

    def __init__(self, schema: GraphSchema, settings: SHGPSettings) -> None:
        super().__init__()
        self.target = schema.target
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        size = settings.hidden, settings.attention, settings.dropout
        into = schema.relations_into
        self.layers = nn.ModuleList(
            nn.ModuleDict({key_of(t): RelationAttention(t, into[t], *size) for t in into})
            for _ in range(settings.layers)
        )
        self.dropout = Dropout(settings.dropout)

    def forward(self, features: TypeInputs, structure: RelationStructure) -> AttendedEmbeddings:
        """Embeddings of the target nodes, and all attention."""
        x, attention = self.fusion(features, structure.sizes), []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, nn.ModuleDict)
            if number:
                x = {t: self.dropout(nn.functional.elu(h)) for t, h in x.items()}
            attended = {t: layer[key_of(t)](x, structure) for t in x}
            x = {t: h for t, (h, _) in attended.items()}
            attention.append({t: a for t, (_, a) in attended.items()})
        return AttendedEmbeddings(x[self.target], tuple(attention))


def linear(width: int, out: int) -> nn.Linear:
    """A linear map without bias, as the authors initialise it."""
    layer = nn.Linear(width, out, bias=False)
    nn.init.xavier_uniform_(layer.weight, gain=GAIN)
    return layer
