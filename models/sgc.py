"""SGC (Wu et al., ICML 2019), on meta-path-propagated features (SeHGNN's meta-paths) or as in its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.propagation.metapaths import PathFeatures, blocks, path_features
from models.propagation.union import UnionOperator
from models.schema import GraphSchema, features


@dataclass(frozen=True)
class SGCSettings:
    """Settings of `SGC`.

    Attributes:
        hops: the longest meta-path.
        steps: K of the paper: S^K X alone is read; 0 reads the features of every meta-path.
        dropout: share of input features dropped while training.
    """

    hops: int = 2
    steps: int = 0
    dropout: float = 0.0


SPACE = {"hops": (1, 2), "dropout": (0.0, 0.3, 0.5)}


class SGC(nn.Module):
    """logits = Σ_{p,m} Z_{p,m} W_{p,m} + b, with Z_{p,m} = Â_p Xᵐ over all meta-paths p.

    With `steps` K > 0 the paper's logits = Σ_m S^K Xᵐ W_m + b, with S from `UnionOperator` and the target's
    own modalities. Early fusion; a missing modality, and a node without neighbours on a path, contribute
    zero. Edge weights act as multiplicities in Â and S; in S, beside a self-loop of weight one, their total
    matters. No normalisation layer, hence no shifting statistics.
    """

    def __init__(self, schema: GraphSchema, settings: SGCSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        self.by_rows = settings.steps == 0
        self.path_hops = settings.hops
        self.dropout = Dropout(settings.dropout)
        widths = list(schema.modalities[schema.target].values())
        if settings.steps == 0:
            widths = [
                schema.modalities[path[-1][0] if path else schema.target][modality]
                for path, modality in blocks(schema, settings.hops)
            ]
        # Zero, since an untouched random W_{p,m} would add noise where training sees no such path.
        self.weight = nn.ParameterList(torch.zeros(d, schema.num_classes) for d in widths)
        self.bias = nn.Parameter(torch.zeros(schema.num_classes))

    def prepare(self, graph: HeteroData, rows: Tensor) -> list[Tensor]:
        """Z_{p,m} of the given rows, in the order of `blocks`; or S^K Xᵐ, modality by modality."""
        hops, target = self.settings.hops, self.schema.target
        if self.settings.steps == 0:
            return list(path_features(graph, self.schema, hops, rows).values())
        operator = UnionOperator(graph, self.schema, hops, rows.device)
        parts = []
        for modality in self.schema.modalities[target]:
            z = features(graph[target], modality)
            for _ in range(self.settings.steps):
                z = operator @ z
            parts.append(z[rows])
        return parts

    def from_paths(self, features: PathFeatures, has: Mapping[str, Tensor]) -> list[Tensor]:
        """See `PathClassifier`; not for the paper's S^K X."""
        return [features[key] for key in blocks(self.schema, self.path_hops)]

    def forward(self, inputs: list[Tensor]) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        logits = self.bias.expand(inputs[0].size(0), -1)
        for z, weight in zip(inputs, self.weight, strict=True):
            logits = logits + self.dropout(z) @ weight
        return logits
