"""SHGP: Self-supervised Heterogeneous Graph Pre-training Based on Structural Clustering (Yang et al., NeurIPS
2022, arXiv 2210.10462).

An encoder with attention across relations (encoder.py) learns to guess pseudo-labels by cross-entropy; these
are propagated by its own attention in turn (label_propagation.py). The equations are those of the authors'
public code. Where we leave it:

- Inputs: any modalities, missing ones too, which `EarlyFusion` maps to the width of the embeddings; the
  relation maps follow. The authors give every type one feature matrix; ours may have none, and start from a
  bias.
- One entry of the attention for each relation, where theirs has one for each source type; edge weights are
  multiplicities in Â_r.
- How many labels there are: an absolute number, at most, since models are built before any graph is seen;
  theirs is a share of the target nodes. See `label_count`.
- Isolated nodes, and labels that come and go: see label_propagation.py.
- All layers have one width, and dropout is one setting (theirs is .5 in both places); there is another one on
  the features.
- Embeddings are scaled to unit mean square before the probe, as HetCRF's are; the head that guesses
  pseudo-labels reads them unscaled, as theirs.

The last layer's attention of types other than the target carries labels but is on no path to the loss: it
stays as it was drawn, in the authors' code too.

Late fusion: an encoder for each modality with attention, pseudo-labels and loss of its own, and their
embeddings side by side. HGNN-IMA's paper does not say how it fuses SHGP late. An attention over modalities
would have to learn from labels, which never reach the encoder; a mean would add coordinates that have nothing
to do with each other, for every encoder learns labels that it drew itself. The copies share no parameter, so
that the sum of their losses trains each as if it were alone.

Pseudo-labels belong to the graph that is trained on; inputs prepared anew begin with new ones. As a
`NodeClassifier` the encoder learns without labels, beside a probe (`loss_beside_probe`); forward is not
detached. No normalisation layer, hence no shifting statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.fusion import TypeInputs, type_inputs
from models.layers.late_fusion import copies_of, fused, side_by_side
from models.schema import GraphSchema
from models.shgp.self_labelled import SelfLabelled
from models.shgp.settings import SHGPSettings
from models.shgp.structure import RelationStructure, structure_of


@dataclass(frozen=True)
class SHGPInputs:
    """A graph, prepared.

    Attributes:
        features: by node type and modality.
        structure: sizes and relations.
        rows: target nodes to classify.
    """

    features: TypeInputs
    structure: RelationStructure
    rows: Tensor


class SHGP(nn.Module):
    """`SelfLabelled`, or one a modality (late fusion), and a linear probe.

    Missing modalities as in `EarlyFusion`. Degenerate input: a node without neighbours has itself alone, and
    keeps the label that it drew; so does every node of a graph without edges, where labels are noise. In a
    graph of one dense component labels run together, and where one is left there is nothing to learn: a
    warning says so.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: SHGPSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        width = settings.hidden
        self.encoder = fused(
            settings.fusion, schema, width, lambda part: SelfLabelled(part, settings), side_by_side
        )
        self.head = nn.Linear(len(copies_of(self.encoder, {})) * width, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> SHGPInputs:
        """All nodes and edges, since messages may come from anywhere, and the rows to classify."""
        return SHGPInputs(type_inputs(graph, self.schema), structure_of(graph, self.schema), rows)

    def forward(self, inputs: SHGPInputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.embed(inputs)[inputs.rows])

    def embed(self, inputs: SHGPInputs) -> Float[Tensor, "n d"]:
        """The embeddings of all target nodes, those of several copies side by side."""
        return self.encoder(inputs.features, inputs.structure)

    def pretraining(self, inputs: SHGPInputs) -> tuple[Float[Tensor, ""], Float[Tensor, "n d"]]:
        """The sum of the copies' losses, and the detached embeddings."""
        losses, embeddings = [], []
        for copy, features in copies_of(self.encoder, inputs.features):
            loss, embedding = copy.learn(features, inputs.structure)
            losses.append(loss)
            embeddings.append(embedding.detach())
        return torch.stack(losses).sum(), torch.cat(embeddings, dim=1)
