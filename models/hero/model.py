"""HERO: two views of each node, without labels (Mo et al., ICLR 2024).

"Self-Supervised Heterogeneous Graph Learning: a Homophily and Heterogeneity View", read from the authors'
public code (github.com/YujieMo/HERO), with the paper's numbers of equations where the code names them:

    x_t   features of every node, by type                                           (`EarlyFusion`)
    E     the target nodes after two rounds of averages over neighbours             (heterogeneous.py)
    H = x W + b,   Z = S H, each target node from those with like features          (self_expression.py)
    L = L_con + λ L_spe: what both views share, and what only one of them has       (losses.py)

The embedding of a node is E beside Z. Where we leave the code or choose, beyond what those files say:

- x is a linear function of the features to width d first: modalities, their widths and types are any.
  A node that lacks a modality has a learnt vector in its place; in the distances it has zeros, the mean.
  Distances are those of the features as given, where the authors make these zeros and ones.
- Both halves of the embedding have unit mean square at each node, as in HetCRF, so that neither outweighs
  the other in a linear probe; a half of zeros stays so.
- The projections that L reads stay as they are drawn, as in the code; `learnt_projections` trains them.
- Training ends by its epochs, not by the patience of its loss.

As a `NodeClassifier` the views learn by L alone: the registry's `loss` is `loss_beside_probe`. Forward is not
detached: trained by cross-entropy alone, the same model is an end-to-end network.

Late fusion: a copy of all this for each modality, with the sum of their losses. HGNN-IMA, which compares
with both fusions, does not say how it fuses without labels. Ours puts the copies' embeddings side by side: no
blend that labels alone could train, no sum over unrelated coordinates; the probe weighs the modalities. In
the copy of a modality that the target type lacks, target nodes are all alike: D̃ = 0, Z is the same for all,
and E says what their neighbours have.

No batch norm, hence no running statistics; those of self_expression.py are of the graph at hand. A type
without features sends nothing in the first round, as its vector starts at zero, where ReLU has no gradient.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.hero.heterogeneous import Averages, Heterogeneous
from models.hero.losses import Projections
from models.hero.self_expression import Distances, distances, self_expressed
from models.hero.settings import HEROSettings
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.layers.late_fusion import copies_of, fused, side_by_side
from models.propagation.sparse import SparseMap, mean_adjacency
from models.schema import GraphSchema
from models.self_supervised import unit_mean_square

Modalities = tuple[str, ...]


class HEROInputs(NamedTuple):
    """A graph, prepared.

    Attributes:
        features: by node type and modality.
        sizes: nodes of each type.
        averages: Â_r of each relation.
        apart: D̃ by those of the target type's modalities that it compares.
        rows: target nodes to classify.
    """

    features: TypeInputs
    sizes: dict[str, int]
    averages: Averages
    apart: dict[Modalities, Distances]
    rows: Tensor


class HEROEncoder(nn.Module):
    """Both views of the schema's modalities, and the loss between them."""

    def __init__(self, schema: GraphSchema, settings: HEROSettings) -> None:
        super().__init__()
        self.settings, self.target = settings, schema.target
        self.compared = tuple(schema.modalities[schema.target])
        width = settings.hidden
        modalities = {t: dict(m) for t, m in schema.modalities.items()}
        self.fusion = EarlyFusion(modalities, width, settings.input_dropout)
        self.heterogeneous = Heterogeneous(schema, width, settings.reads)
        self.own = nn.Linear(width, width)
        self.project = Projections(
            width,
            settings.common,
            settings.specific,
            settings.changed,
            settings.learnt_projections,
        )

    def forward(
        self,
        features: TypeInputs,
        sizes: dict[str, int],
        averages: Averages,
        apart: dict[Modalities, Distances],
        rows: Tensor,
    ) -> Float[Tensor, "rows _"]:
        """Embeddings of the target nodes `rows`, [rows, 2 d]."""
        return beside(*self.views(features, sizes, averages, apart))[rows]

    def views(
        self,
        features: TypeInputs,
        sizes: dict[str, int],
        averages: Averages,
        apart: dict[Modalities, Distances],
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
        """E and Z of all target nodes."""
        x = self.fusion(features, sizes)
        own, h = self.settings, self.own(x[self.target])
        z = self_expressed(h, apart[self.compared], own.alpha, own.beta)
        return self.heterogeneous(x, averages), z

    def loss(self, e: Float[Tensor, "n d"], z: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """L of the views."""
        own = self.settings
        return self.project(e, z, own.gamma, own.eta, own.specificity)


class HERO(nn.Module):
    """`HEROEncoder`, or one a modality (late fusion), and a linear probe.

    Degenerate input: a node without neighbours has v = 0; one target node alone, and all where they are
    alike, have D̃ = 0.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HEROSettings) -> None:
        super().__init__()
        self.schema = schema
        width = settings.hidden
        self.encoder = fused(
            settings.fusion, schema, width, lambda part: HEROEncoder(part, settings), side_by_side
        )
        self.head = nn.Linear(len(copies_of(self.encoder, {})) * 2 * width, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> HEROInputs:
        """All nodes, averages and distances, and the rows to classify."""
        schema = self.schema
        features = type_inputs(graph, schema)
        sizes = {t: int(graph[t].num_nodes) for t in schema.node_types}
        averages = {r: SparseMap(mean_adjacency(graph, r)) for r in schema.relations}
        apart = {}
        for encoder, _ in copies_of(self.encoder, features):
            own = [features[schema.target][m][0] for m in encoder.compared]
            nothing = torch.zeros(sizes[schema.target], 0, device=rows.device)
            apart[encoder.compared] = distances(torch.cat([nothing, *own], dim=1))
        return HEROInputs(features, sizes, averages, apart, rows)

    def forward(self, inputs: HEROInputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.encoder(*inputs))

    def embed(self, inputs: HEROInputs) -> Float[Tensor, "n d"]:
        """The embeddings of all target nodes."""
        everyone = torch.arange(inputs.sizes[self.schema.target], device=inputs.rows.device)
        return self.encoder(*inputs._replace(rows=everyone))

    def pretraining(self, inputs: HEROInputs) -> tuple[Float[Tensor, ""], Float[Tensor, "n d"]]:
        """The sum of the copies' L, which share no parameter, and the embeddings, detached."""
        losses, embeddings = [], []
        for encoder, features in copies_of(self.encoder, inputs.features):
            e, z = encoder.views(features, inputs.sizes, inputs.averages, inputs.apart)
            losses.append(encoder.loss(e, z))
            embeddings.append(beside(e, z).detach())
        return torch.stack(losses).sum(), torch.cat(embeddings, dim=1)


def beside(e: Float[Tensor, "n d"], z: Float[Tensor, "n d"]) -> Float[Tensor, "n _"]:
    """[E ‖ Z], each at unit mean square in every row."""
    return torch.cat([unit_mean_square(view) for view in (e, z)], dim=1)
