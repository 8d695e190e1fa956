"""HetCRF: contrast and reconstruction on one encoder (Lin et al., arXiv 2506.06682).

We have read only a summary of the paper; each file of this package states how it reads its
part. A step of training runs the shared encoder twice:

    features and structure masked  -> z̃  -> x̂, ŷ  -> L_feature, L_structure        (generative.py)
    nothing masked                 -> z   -> schema view, fusion view -> L_contrast  (contrastive.py)

    L = w_feature L_feature + w_structure L_structure + w_contrast L_contrast

The embedding of a node is z beside its fusion view, each of unit mean square so that neither outweighs the
other; without a channel, its half is missing.

As a `NodeClassifier` the encoder learns by L alone: `loss` adds the cross-entropy of a linear probe on the
detached embedding, which is trained along and reaches the encoder by no gradient. Forward is not detached:
trained by cross-entropy alone, the same model is an end-to-end HAN.

Multimodal input: early fusion, missing modalities as in `EarlyFusion`; a modality that a masked node lacks is
not rebuilt. HAN reads the target type's features alone, the other encoders those of all types. No batch norm,
hence no shifting statistics; β is computed on the graph at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.choices import choose
from models.classifier import cross_entropy
from models.hetcrf.contrastive import Projector, SecondAggregation, info_nce
from models.hetcrf.encoder import PathEmbeddings, StackedHAN
from models.hetcrf.generative import (
    FeatureDecoder,
    FeatureMask,
    feature_error,
    structure_error,
)
from models.hetcrf.kmeans import Clusters, kmeans
from models.hetcrf.metapath_graph import metapath_graphs
from models.hetcrf.positives import Pairs, connected, deviated, pattern_of
from models.hetcrf.relational import PatternHGT, RGCNEncoder
from models.hetcrf.settings import HetCRFSettings
from models.hetcrf.structure import MessageStructure, Paths, dropped, relations_of
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema
from models.self_supervised import loss_beside_probe, probe_cross_entropy, unit_mean_square


@dataclass(frozen=True)
class HetCRFInputs:
    """A graph, prepared.

    Attributes:
        features: by node type and modality; for HAN of the target type alone.
        sizes: nodes of each of these types.
        graphs: meta-path graphs of the target type.
        structure: along what the encoder passes messages; `graphs` for HAN.
        joined: positive pairs by meta-paths.
        rows: target nodes to classify.
    """

    features: TypeInputs
    sizes: dict[str, int]
    graphs: Paths
    structure: MessageStructure
    joined: Pairs
    rows: Tensor


class HetCRF(nn.Module):
    """Fusion, shared encoder, both channels, and a linear probe.

    Degenerate input: a node without neighbours is its own only neighbour; without any meta-path back to the
    target type every node is; one node is its own positive and has no negative, so L_contrast is 0.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: HetCRFSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        width, heads = settings.hidden, settings.heads
        own = schema.target if settings.encoder == "han" else None
        self.modalities = {t: dict(m) for t, m in schema.modalities.items() if own in (None, t)}
        self.fusion = EarlyFusion(self.modalities, width, settings.input_dropout)
        paths = max(1, len(returning_paths(schema.relations, schema.target, settings.hops)))
        self.encoder = choose(ENCODERS, settings.encoder, "encoder")(schema, settings, paths)
        self.mask = FeatureMask(width, settings.feature_mask, settings.replaced, settings.kept)
        modalities = self.modalities[schema.target]
        self.decode = FeatureDecoder(modalities, width, heads, paths, settings.decoder)
        self.structure_map = nn.Linear(width, width, bias=False)
        self.second = SecondAggregation(width)
        self.project = Projector(width, settings.projected)
        halves = int(settings.generates) + int(settings.contrasts)
        self.head = nn.Linear(halves * width, schema.num_classes)
        # Of the graph that is trained on: steps so far, and what k-means found last.
        self.steps, self.clusters = 0, None

    def prepare(self, graph: HeteroData, rows: Tensor) -> HetCRFInputs:
        """All target nodes with their meta-path graphs and positives, and the rows to classify."""
        own = self.settings
        features = {
            t: x for t, x in type_inputs(graph, self.schema).items() if t in self.modalities
        }
        sizes = {t: int(graph[t].num_nodes) for t in self.modalities}
        graphs = metapath_graphs(graph, self.schema, own.hops, own.strongest, rows.device)
        structure = graphs if own.encoder == "han" else relations_of(graph, self.schema)
        return HetCRFInputs(
            features, sizes, graphs, structure, connected(graphs, own.positives), rows
        )

    def forward(self, inputs: HetCRFInputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.embed(inputs)[inputs.rows])

    def embed(self, inputs: HetCRFInputs) -> Float[Tensor, "n d"]:
        """The embeddings of all target nodes, z beside the fusion view."""
        encoded = self._encode(self._fused(inputs), inputs.structure, inputs.graphs)
        fusion = self.second.fusion(encoded, inputs.graphs) if self.settings.contrasts else None
        return self._halves(encoded.fused, fusion)

    def pretraining(self, inputs: HetCRFInputs) -> tuple[Float[Tensor, ""], Float[Tensor, "n d"]]:
        """L, and the embeddings of the pass in which nothing is masked, detached."""
        h = self._fused(inputs)
        encoded = self._encode(h, inputs.structure, inputs.graphs)
        total, fusion = encoded.fused.new_zeros(()), None
        if self.settings.generates:
            total = total + self._generate(h, inputs)
        if self.settings.contrasts:
            fusion = self.second.fusion(encoded, inputs.graphs)
            error = self._contrast(h, encoded, fusion, inputs)
            total = total + self.settings.contrast_weight * error
        self.steps += 1
        return total, self._halves(encoded.fused, fusion).detach()

    def _fused(self, inputs: HetCRFInputs) -> dict[str, Tensor]:
        fused = self.fusion(inputs.features, inputs.sizes)
        return {t: nn.functional.elu(x) for t, x in fused.items()}

    def _encode(
        self, h: dict[str, Tensor], structure: MessageStructure, graphs: Paths
    ) -> PathEmbeddings:
        if isinstance(structure, tuple):
            return self.encoder(h[self.schema.target], structure)
        z = self.encoder(h, structure)[self.schema.target]
        return PathEmbeddings(z, (z,) * len(graphs), z.new_full((len(graphs),), 1 / len(graphs)))

    def _halves(self, z: Float[Tensor, "n d"], fusion: Tensor | None) -> Float[Tensor, "n _"]:
        halves = [z] if self.settings.generates else []
        if fusion is not None:
            halves.append(fusion)
        return torch.cat([unit_mean_square(x) for x in halves], dim=1)

    def _generate(self, h: dict[str, Tensor], inputs: HetCRFInputs) -> Float[Tensor, ""]:
        own, target = self.settings, self.schema.target
        covered, masked = self.mask(h[target])
        part = dropped(inputs.structure, own.edge_mask)
        encoded = self._encode({**h, target: covered}, part, inputs.graphs)
        total = encoded.fused.new_zeros(())
        if own.feature_weight:
            graphs = part if isinstance(part, tuple) else inputs.graphs
            rebuilt = self.decode(encoded.fused, masked, graphs)
            error = feature_error(rebuilt, inputs.features[target], masked, own.feature_power)
            total = total + own.feature_weight * error
        if own.structure_weight:
            y = self.structure_map(encoded.fused)
            error = structure_error(y, inputs.graphs, own.structure_power)
            total = total + own.structure_weight * error
        return total

    def _contrast(
        self, h: dict[str, Tensor], encoded: PathEmbeddings, fusion: Tensor, inputs: HetCRFInputs
    ) -> Float[Tensor, ""]:
        own, graphs = self.settings, inputs.graphs
        if own.views == "embedding":
            views = self.second.schema(encoded.by_path, graphs), fusion
        else:
            target = self.schema.target
            covered = {**h, target: self.mask(h[target])[0]}
            part = dropped(inputs.structure, own.edge_mask)
            masked = self._encode(covered, inputs.structure, graphs)
            thinned = self._encode(h, part, graphs)
            views = self.second.fusion(masked, graphs), self.second.fusion(thinned, graphs)
        clusters = self._clusters(views[1].detach())
        pairs = [inputs.joined]
        if clusters is not None and own.deviated:
            pairs.append(deviated(clusters, own.deviated, own.central))
        positives = pattern_of(pairs, graphs[0].count)
        u, v = (self.project(view) for view in views)
        cluster = None if clusters is None else clusters.label
        return info_nce(u, v, positives, own.temperature, own.negatives, cluster)

    def _clusters(self, view: Float[Tensor, "n d"]) -> Clusters | None:
        """The last clusters, sought anew every `refresh` steps; None before the first, or if not needed."""
        own = self.settings
        if not own.deviated and own.negatives != "apart":
            return None
        if self.clusters is not None and len(self.clusters.label) != len(view):
            self.steps, self.clusters = 0, None  # Another graph.
        if self.steps and self.steps % own.refresh == 0:
            count = own.clusters or self.schema.num_classes
            self.clusters = kmeans(nn.functional.normalize(view), count)
        return self.clusters


def _han(schema: GraphSchema, own: HetCRFSettings, paths: int) -> nn.Module:
    return StackedHAN(own.hidden, own.heads, paths, own.layers, own.dropout)


def _hgt(schema: GraphSchema, own: HetCRFSettings, paths: int) -> nn.Module:
    return PatternHGT(schema, own.hidden, own.heads, own.layers, own.dropout)


def _rgcn(schema: GraphSchema, own: HetCRFSettings, paths: int) -> nn.Module:
    return RGCNEncoder(schema, own.hidden, own.layers, own.dropout)


ENCODERS: dict[str, Callable[[GraphSchema, HetCRFSettings, int], nn.Module]] = {
    "han": _han,
    "hgt": _hgt,
    "rgcn": _rgcn,
}


def loss(
    model: HetCRF, inputs: HetCRFInputs, labels: Tensor, weight: Float[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """L and the cross-entropy of the probe, `weight` over the rows; they share no parameter.

    What `learns_from` says leaves out the former, or lets the latter reach the encoder.
    """
    learns_from = model.settings.learns_from
    if learns_from == "labels":
        return cross_entropy(model, inputs, labels, weight)
    if learns_from == "nothing":
        with torch.no_grad():
            embedding = model.embed(inputs)
        return probe_cross_entropy(model, embedding, inputs.rows, labels, weight)
    return loss_beside_probe(model, inputs, labels, weight)
