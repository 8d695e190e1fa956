"""SeHGNN: Simple and Efficient Heterogeneous Graph Neural Network (Yang et al., AAAI 2023).

Its three steps, by their equations in OpenHGNN's documentation and the authors' public code (we could not
see the paper's own numbering), and where we leave it:

- Simplified neighbour aggregation: X^P = Â_{r₁} ⋯ Â_{r_k} X for all meta-paths up to a length, by
  `path_features`, once. The mean is by edge multiplicity.
- Multi-layer feature projection: H′^P = MLP_P(X^P), of two layers with layer norm, PReLU and dropout, as in
  the authors' code. Where a meta-path ends at a type with several modalities, its first layer is one linear
  function a modality, added up (`EarlyFusion`).
- Transformer-based semantic fusion, for each node among its meta-paths: α = softmax_j(q_i · k_j),
  h_i = β Σ_j α_ij v_j + h′_i, and all h_i side by side into the classifying MLP. The authors' code divides
  q · k by the root of the key's width, and starts β at zero; so do we.

Left out: the *labels* of training nodes, propagated along meta-paths as further inputs. A model that reads
them reads the whole graph's training labels when it is tested, also one that was to learn from a condensed
graph alone, which would compare unlike things; and no model here reads labels in `prepare`, which is how we
know that none sees those of validation or test nodes. Left out as well: the batch norm after the classifying
MLP's layers, whose statistics would shift between condensed and whole graphs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs
from models.layers.keys import escaped
from models.layers.late_fusion import Fusion, fused
from models.propagation.metapaths import MetaPath, PathFeatures, blocks, endpoint, path_features
from models.schema import GraphSchema, present


@dataclass(frozen=True)
class SeHGNNSettings:
    """Settings of `SeHGNN`; dropout is that of the authors' code.

    Attributes:
        hidden: d, width of all embeddings, a multiple of 4; 512 in the authors' code, 64 as other models.
        dropout: share of hidden units dropped while training.
        input_dropout: share of feature columns dropped in each training step, by meta-path and modality;
            the authors drop a tenth of the projected inputs.
        hops: the longest meta-path; 2 or 4 in the authors' commands, by data set.
        fusion: of the modalities, on each meta-path or at the end; see `models.layers.late_fusion`.
    """

    hidden: int = 64
    dropout: float = 0.5
    input_dropout: float = 0.5
    hops: int = 2
    fusion: Fusion = "early"


@dataclass(frozen=True)
class LateSeHGNNSettings(SeHGNNSettings):
    """Settings of `SeHGNN` that fuses late."""

    fusion: Fusion = "late"


TRAINING = {"lr": 0.001, "weight_decay": 0.0}  # The authors' code.
SPACE = {"hops": (1, 2), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


class SeHGNNEncoder(nn.Module):
    """Projection by meta-path, attention among meta-paths, and one linear function of all.

    Args:
        schema: with the modalities that this encoder reads.
        settings: the model's.
        read: the (meta-path, modality) pairs of the whole model; those of other modalities are not read.
    """

    def __init__(
        self,
        schema: GraphSchema,
        settings: SeHGNNSettings,
        read: tuple[tuple[MetaPath, str], ...],
    ) -> None:
        super().__init__()
        d = settings.hidden
        widths: dict[str, dict[str, int]] = {}
        for path, modality in read:
            own = schema.modalities[endpoint(path, schema.target)]
            if modality in own:
                widths.setdefault(name_of(path), {})[modality] = own[modality]
        self.paths = tuple(widths)
        count = len(self.paths)
        self.first = EarlyFusion(widths, d, settings.input_dropout)
        self.second = nn.Parameter(torch.empty(count, d, d).uniform_(-(d**-0.5), d**-0.5))
        self.second_bias = nn.Parameter(torch.zeros(count, d))
        self.after = nn.ModuleList(
            nn.Sequential(nn.LayerNorm([count, d]), nn.PReLU(), Dropout(settings.dropout))
            for _ in range(2)
        )
        self.query, self.key = nn.Linear(d, d // 4), nn.Linear(d, d // 4)
        self.value = nn.Linear(d, d)
        self.beta = nn.Parameter(torch.zeros(()))
        self.join = nn.Linear(count * d, d)

    def forward(self, features: TypeInputs, rows: Tensor) -> Float[Tensor, "rows d"]:
        """Embeddings of the target nodes `rows`, whose features by meta-path and modality are given."""
        inputs = {p: features[p] for p in self.paths}
        h = torch.stack(list(self.first(inputs, dict.fromkeys(inputs, len(rows))).values()), dim=1)
        h = self.after[0](h)  # [rows, P, d]
        h = torch.einsum("npd,pde->npe", h, self.second) + self.second_bias
        return self.join(self.semantic_fusion(self.after[1](h)).flatten(1))

    def semantic_fusion(self, h: Float[Tensor, "rows P d"]) -> Float[Tensor, "rows P d"]:
        """β softmax(Q Kᵀ / √(d/4)) V + H′, node by node."""
        q, k = self.query(h), self.key(h)  # [rows, P, d / 4]
        share = (q @ k.mT / math.sqrt(q.size(2))).softmax(dim=2)  # [rows, P, P]
        return self.beta * (share @ self.value(h)) + h


class SeHGNN(nn.Module):
    """`SeHGNNEncoder`, or one a modality (late fusion), and an MLP.

    A target node's own missing modality is as in `EarlyFusion`; along longer meta-paths it is zero, the
    mean, as is what a node without such neighbours receives. Layer norms are over each node's own units,
    so no statistics shift. Types without any modality take part as places on the way only.
    """

    by_rows = True

    def __init__(self, schema: GraphSchema, settings: SeHGNNSettings) -> None:
        super().__init__()
        self.schema, self.path_hops = schema, settings.hops
        d = settings.hidden
        read = blocks(schema, settings.hops)
        self.encoder = fused(
            settings.fusion, schema, d, lambda part: SeHGNNEncoder(part, settings, read)
        )
        self.head = nn.Sequential(
            nn.PReLU(),
            Dropout(settings.dropout),
            nn.Linear(d, d),
            nn.PReLU(),
            Dropout(settings.dropout),
            nn.Linear(d, schema.num_classes),
        )

    def prepare(self, graph: HeteroData, rows: Tensor) -> tuple[TypeInputs, Tensor]:
        """X^P of the given rows by meta-path and modality, each with who has it; and the rows."""
        store = graph[self.schema.target]
        has = {m: present(store, m)[rows] for m in self.schema.modalities[self.schema.target]}
        by_path, _ = self.from_paths(path_features(graph, self.schema, self.path_hops, rows), has)
        return by_path, rows

    def from_paths(
        self, features: PathFeatures, has: Mapping[str, Tensor]
    ) -> tuple[TypeInputs, Tensor]:
        """See `PathClassifier`."""
        by_path: TypeInputs = {}
        z = next(iter(features.values()))
        everyone = torch.ones(len(z), dtype=torch.bool, device=z.device)
        for path, modality in blocks(self.schema, self.path_hops):
            own = everyone if path else has[modality]
            by_path.setdefault(name_of(path), {})[modality] = (features[path, modality], own)
        return by_path, torch.arange(len(z), device=z.device)

    def forward(self, inputs: tuple[TypeInputs, Tensor]) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.encoder(*inputs))


def name_of(path: MetaPath) -> str:
    """A name for a meta-path, as `EarlyFusion` wants for its parameters; no other path has it."""
    return " ".join("|".join(escaped(part, "% |") for part in relation) for relation in path)
