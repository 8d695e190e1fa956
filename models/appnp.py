"""APPNP (Klicpera, Bojchevski & Günnemann, ICLR 2019), on the union of the meta-paths back to the target."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.fusion import Drop, EarlyFusion, TypeInputs, type_inputs
from models.propagation.union import UnionOperator
from models.schema import GraphSchema


@dataclass(frozen=True)
class APPNPSettings:
    """Settings of `APPNP`; `hidden`, `steps`, `teleport` and `dropout` are the paper's (section 5).

    Attributes:
        hidden: width of the hidden layer.
        steps: K, power iterations.
        teleport: α, the share of its own prediction that each step gives back to a node.
        dropout: share of hidden units dropped while training.
        input_dropout: share of features dropped in each training step.
        dropped: whole feature columns, or single entries.
        hops: the longest meta-path in the union.
    """

    hidden: int = 64
    steps: int = 10
    teleport: float = 0.1
    dropout: float = 0.5
    input_dropout: float = 0.8
    dropped: Drop = "columns"
    hops: int = 4


TRAINING = {"weight_decay": 0.05}  # As of GCN.
SPACE = {
    "hidden": (64, 256),
    "teleport": (0.05, 0.1, 0.2),
    "dropout": (0.3, 0.5, 0.7),
    "input_dropout": (0.5, 0.8, 0.9),
}

Inputs = tuple[TypeInputs, int, UnionOperator, Tensor]


class APPNP(nn.Module):
    """Z⁽⁰⁾ = H = relu(fusion(x)) W + b, Z⁽ᵏ⁺¹⁾ = (1 − α) S Z⁽ᵏ⁾ + α H (4); logits Z⁽ᴷ⁾.

    S from `UnionOperator`, target features only. Early fusion, missing modalities as in `EarlyFusion`. No
    normalisation layer, hence no shifting statistics. As in GCN a self-loop has weight one, so the total
    weight of a node's edges matters. The paper also drops entries of S in each step; ours does not,
    since products of adjacencies are never formed. PyG's `APPNP` needs them formed.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: APPNPSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        self.fusion = EarlyFusion(
            modalities, settings.hidden, settings.input_dropout, settings.dropped
        )
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the operator, since every step spreads further, and the rows."""
        target = self.schema.target
        operator = UnionOperator(graph, self.schema, self.settings.hops, rows.device)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), operator, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, operator, rows = inputs
        target, teleport = self.schema.target, self.settings.teleport
        hidden = torch.relu(self.fusion(features, {target: count})[target])
        h = z = self.head(self.dropout(hidden))  # [n, C]
        for _ in range(self.settings.steps):
            z = (1 - teleport) * (operator @ z) + teleport * h
        return z[rows]
