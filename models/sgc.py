"""SGC on meta-path-propagated features (Wu et al., ICML 2019; SeHGNN's meta-paths)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.metapaths import blocks, path_features
from models.schema import GraphSchema


@dataclass(frozen=True)
class SGCSettings:
    """Settings of `SGC`.

    Attributes:
        hops: the longest meta-path.
        dropout: share of input features dropped while training.
    """

    hops: int = 2
    dropout: float = 0.0


SPACE = {"hops": (1, 2), "dropout": (0.0, 0.3, 0.5)}


class SGC(nn.Module):
    """logits = Σ_{p,m} Z_{p,m} W_{p,m} + b, with Z_{p,m} = Â_p Xᵐ over all meta-paths p.

    Early fusion; a missing modality, and a node without neighbours on a path, contribute zero.
    Edge weights act as multiplicities in Â. No normalisation layer, hence no shifting statistics.
    """

    by_rows = True

    def __init__(self, schema: GraphSchema, settings: SGCSettings) -> None:
        super().__init__()
        self.schema = schema
        self.hops = settings.hops
        self.dropout = nn.Dropout(settings.dropout)
        widths = [
            schema.modalities[path[-1][0] if path else schema.target][modality]
            for path, modality in blocks(schema, settings.hops)
        ]
        # Zero, since an untouched random W_{p,m} would add noise where training sees no such path.
        self.weight = nn.ParameterList(torch.zeros(d, schema.num_classes) for d in widths)
        self.bias = nn.Parameter(torch.zeros(schema.num_classes))

    def prepare(self, graph: HeteroData, rows: Tensor) -> list[Tensor]:
        """Z_{p,m} of the given rows, in the order of `blocks`."""
        return list(path_features(graph, self.schema, self.hops, rows).values())

    def forward(self, inputs: list[Tensor]) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        logits = self.bias.expand(inputs[0].size(0), -1)
        for z, weight in zip(inputs, self.weight, strict=True):
            logits = logits + self.dropout(z) @ weight
        return logits
