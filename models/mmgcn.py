"""MMGCN: Multi-modal Graph Convolution Network (Wei et al., MM 2019), for classification.

A graph convolution a modality, in each of L layers for node i, from public summaries of the paper and the
authors' code (number in brackets where that code names the paper's equation):

    h_i = LeakyReLU(mean_{j ∈ N_i} W₁ x_j)                                (1)
    x̂_i = LeakyReLU(W₂ x_i) + id_i                                        (5)
    x_i ← LeakyReLU(W₃ [h_i ‖ x̂_i]), and at the end the mean over modalities.

What the paper has for recommendation and we cannot have, or read so:

- id_i, an embedding of each user's and item's own, is left out: the nodes of a condensed graph are not those
  of the whole one, so nothing that is learnt by node carries over. For the same reason a type without the
  modality (the paper's users) has one learnt vector, not one a node.
- The graph there is of users and items under one relation. Here N_i holds the in-neighbours of i under all
  relations together, an edge of weight w as w neighbours; W₁ … W₃ know neither type nor relation.
- The first linear function, from features to width d, is one a type, since widths differ by type. The public
  code scales its result to unit length; that has no gradient at a vector that starts at zero, and is left
  out.
- The paper sums over modalities, the public code averages, and the head absorbs the difference.
- LeakyReLU's slope is torch's default, 0.01, as in the public code. Dropout is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch_geometric.data import HeteroData

from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.late_fusion import LateFusion, mean
from models.propagation.merged import MERGED, merge
from models.propagation.sparse import SparseMap, mean_adjacency
from models.schema import GraphSchema


@dataclass(frozen=True)
class MMGCNSettings:
    """Settings of `MMGCN`.

    Attributes:
        hidden: d, width of all embeddings.
        layers: L; 3 in the public code.
        dropout: share of units dropped at the input of each layer while training.
        input_dropout: share of feature columns dropped in each training step.
    """

    hidden: int = 64
    layers: int = 3
    dropout: float = 0.5
    input_dropout: float = 0.8


SPACE = {"layers": (1, 2, 3), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}

Inputs = tuple[TypeInputs, dict[str, int], SparseMap, Tensor]


class MMGCNLayer(nn.Module):
    """(1), (5) and their combination."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.neighbours = nn.Linear(width, width, bias=False)
        self.own = nn.Linear(width, width)
        self.both = nn.Linear(2 * width, width)

    def forward(self, x: Float[Tensor, "n d"], average: SparseMap) -> Float[Tensor, "n d"]:
        """The nodes' embeddings out of the layer before."""
        h = leaky_relu(average @ self.neighbours(x))
        return leaky_relu(self.both(torch.cat([h, leaky_relu(self.own(x))], dim=1)))


class MMGCNEncoder(nn.Module):
    """The graph convolution of one modality, over the nodes of all types."""

    def __init__(self, schema: GraphSchema, settings: MMGCNSettings) -> None:
        super().__init__()
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        self.layers = nn.ModuleList(MMGCNLayer(settings.hidden) for _ in range(settings.layers))
        self.dropout = Dropout(settings.dropout)

    def forward(
        self, features: TypeInputs, sizes: dict[str, int], average: SparseMap, rows: Tensor
    ) -> Float[Tensor, "rows d"]:
        """Embeddings of `rows`, counted over the nodes of all types."""
        x = torch.cat(list(self.fusion(features, sizes).values()))  # [n, d]
        for layer in self.layers:
            x = layer(self.dropout(x), average)
        return x[rows]


class MMGCN(nn.Module):
    """`MMGCNEncoder` for each modality, their mean, and a linear head.

    Missing modalities as in `EarlyFusion`, within the modality's own convolution. No normalisation layer,
    hence no shifting statistics; a node without in-edges has h = 0 and goes by its own embedding.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: MMGCNSettings) -> None:
        super().__init__()
        self.schema = schema
        self.encoder = LateFusion(schema, lambda part: MMGCNEncoder(part, settings), mean)
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All nodes, the mean over their neighbours, and the rows counted over all types."""
        sizes = {t: int(graph[t].num_nodes) for t in self.schema.node_types}
        merged, start = merge(graph, self.schema, sizes, rows.device)
        average = SparseMap(mean_adjacency(merged, MERGED))
        return type_inputs(graph, self.schema), sizes, average, rows + start[self.schema.target]

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.dropout(self.encoder(*inputs)))
