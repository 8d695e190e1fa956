"""Embeddings from the modalities of each node type: one a modality, or one a node (early fusion)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.keys import key_of
from models.schema import GraphSchema, features, present

Present = tuple[Tensor, Tensor]
TypeInputs = dict[str, dict[str, Present]]
Drop = Literal["columns", "entries"]


def type_inputs(graph: HeteroData, schema: GraphSchema, rows: Tensor | None = None) -> TypeInputs:
    """Features [n, width] and presence [n] by node type and modality; `rows` picks target nodes."""
    inputs: TypeInputs = {}
    for node_type, modalities in schema.modalities.items():
        store = graph[node_type]
        pick = rows if node_type == schema.target else None
        inputs[node_type] = {}
        for modality in modalities:
            x, has = features(store, modality), present(store, modality)
            inputs[node_type][modality] = (x, has) if pick is None else (x[pick], has[pick])
    return inputs


class EarlyFusion(nn.Module):
    """h = Σ_m has_m ⊙ (xᵐ Wᵐ) + (1 − has_m) ⊙ vᵐ + b, separately for each node type.

    It equals one linear layer on the concatenated modalities and missing-indicators. vᵐ stands in
    for a missing modality; it starts at zero, which on centred features is the mean.

    Args:
        modalities: node type -> modality -> width.
        width: d, of the embedding.
        dropout: share of features dropped in each training step.
        dropped: whole feature columns, for all nodes at once, which regularises without touching a
            feature matrix; or single entries, each node's by themselves, as the papers of GCN, GAT and
            APPNP have it.
    """

    def __init__(
        self,
        modalities: dict[str, dict[str, int]],
        width: int,
        dropout: float = 0.0,
        dropped: Drop = "columns",
    ) -> None:
        super().__init__()
        self.width, self.dropped = width, dropped
        self.dropout = Dropout(dropout)
        self.weight = nn.ParameterDict()
        self.missing = nn.ParameterDict()
        self.bias = nn.ParameterDict()
        for node_type, widths in modalities.items():
            self.bias[key_of(node_type)] = nn.Parameter(torch.zeros(width))
            for modality, d in widths.items():
                key = key_of(node_type, modality)
                self.weight[key] = _weight(width, d)
                self.missing[key] = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: TypeInputs, sizes: dict[str, int]) -> dict[str, Tensor]:
        """Embeddings [n_t, width] by node type; `sizes` gives n_t, also of types without features."""
        fused = {}
        for node_type, modalities in inputs.items():
            h = self.bias[key_of(node_type)].expand(sizes[node_type], self.width)
            for modality, (x, has) in modalities.items():
                key = key_of(node_type, modality)
                weight = self.weight[key]
                if self.dropped == "entries":
                    x = self.dropout(x)
                else:
                    weight = _drop_columns(weight, self.dropout)
                own = nn.functional.linear(x, weight)  # [n_t, width]
                h = h + torch.where(has.unsqueeze(1), own, self.missing[key])
            fused[node_type] = h
        return fused


class ModalityEncoders(nn.Module):
    """hᵐ = xᵐ Wᵐ + bᵐ, separately for each node type and modality.

    Args:
        modalities: node type -> modality -> width.
        width: d, of the embeddings.
        dropout: share of feature columns dropped in each training step, for all nodes at once.
    """

    def __init__(
        self, modalities: dict[str, dict[str, int]], width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.weight = nn.ParameterDict()
        self.bias = nn.ParameterDict()
        for node_type, widths in modalities.items():
            for modality, d in widths.items():
                key = key_of(node_type, modality)
                self.weight[key] = _weight(width, d)
                self.bias[key] = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: TypeInputs) -> dict[str, dict[str, Tensor]]:
        """Embeddings [n_t, width] by node type and modality; of nodes that lack it, only bᵐ."""
        mapped: dict[str, dict[str, Tensor]] = {}
        for node_type, modalities in inputs.items():
            mapped[node_type] = {}
            for modality, (x, _) in modalities.items():
                key = key_of(node_type, modality)
                weight = _drop_columns(self.weight[key], self.dropout)
                mapped[node_type][modality] = nn.functional.linear(x, weight, self.bias[key])
        return mapped


def _weight(width: int, d: int) -> nn.Parameter:
    """[width, d], as nn.Linear initialises: uniform in ±1/√d."""
    return nn.Parameter(torch.empty(width, d).uniform_(-(d**-0.5), d**-0.5))


def _drop_columns(weight: Tensor, dropout: Dropout) -> Tensor:
    """`weight` [width, d] with some feature columns at zero while training."""
    if not dropout.training or dropout.p == 0:
        return weight
    return weight * dropout(torch.ones_like(weight[0]))
