"""The models known by name; each is registered here and nowhere else.

The rows name models by strings, so the command line can complete and check names before torch is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from models.lazy import imported

if TYPE_CHECKING:
    from torch import Tensor

    from models.schema import GraphSchema


@dataclass(frozen=True)
class ModelEntry:
    """A row of the registry: where a model is, and what the tables in the docs say of it.

    The settings class has two constants beside it in its module: SPACE (see `space`) and, where the model
    needs it, TRAINING (see `training`).

    Attributes:
        model_at: "module:class" of the model.
        settings_at: "module:class" of its settings; by default the model's module and name + "Settings".
        loss_at: "module:function" of its loss.
        uses_edges: whether the graph's edges reach the logits.
        summary: what the model is, in a line.
        missing: what stands in for a missing modality.
        edge_weights: how the model reads edge weights.
        reference: the paper, or a dash.
        given: settings that a user chose; the others have the model's defaults, or are tuned.
    """

    model_at: str
    settings_at: str = ""
    loss_at: str = "models.classifier:cross_entropy"
    uses_edges: bool = True
    summary: str = ""
    missing: str = ""
    edge_weights: str = ""
    reference: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def build(self) -> Callable[[GraphSchema, Any], Any]:
        """(schema, settings) -> module that is a `NodeClassifier`."""
        return imported(self.model_at)

    @cached_property
    def settings(self) -> type:
        """The dataclass of settings; its defaults are the model's own."""
        return imported(self._settings_at)

    @cached_property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """Setting -> values that tuning may try; settings that were given are not tuned."""
        space = self._beside_settings().SPACE
        return {key: values for key, values in space.items() if key not in self.given}

    @cached_property
    def training(self) -> Mapping[str, float]:
        """Learning rate and weight decay where the trainer's own do not suit the model."""
        return getattr(self._beside_settings(), "TRAINING", {})

    @cached_property
    def loss(self) -> Callable[[Any, Any, Tensor, Tensor], Tensor]:
        """(model, inputs, labels, weights) -> what training minimises; see `cross_entropy`."""
        return imported(self.loss_at)

    def choose_settings(self, **values: Any) -> Any:
        """Settings of these values, then those that were given, then the defaults."""
        return self.settings(**{**self.given, **values})

    @property
    def _settings_at(self) -> str:
        return self.settings_at or f"{self.model_at}Settings"

    def _beside_settings(self) -> Any:
        return importlib.import_module(self._settings_at.partition(":")[0])


MODELS: dict[str, ModelEntry] = {
    "mlp": ModelEntry(
        "models.mlp:MLP",
        uses_edges=False,
        summary="the node's own features",
        missing="a learnt vector",
        edge_weights="unused",
        reference="–",
    ),
    "sgc": ModelEntry(
        "models.sgc:SGC",
        summary="one linear layer on all meta-paths' features",
        missing="zero, the mean",
        edge_weights="averaged",
        reference="Wu et al., *Simplifying graph convolutional networks*, ICML 2019",
    ),
    "gcn": ModelEntry(
        "models.gcn:GCN",
        summary="GCN on the union of the meta-paths back to the target type",
        missing="a learnt vector",
        edge_weights="summed, beside a self-loop of 1",
        reference="Kipf & Welling, ICLR 2017",
    ),
    "graphsage": ModelEntry(
        "models.graphsage:GraphSAGE",
        summary="GraphSAGE on that union: the mean of neighbours beside the node itself",
        missing="a learnt vector",
        edge_weights="averaged",
        reference="Hamilton, Ying & Leskovec, NeurIPS 2017",
    ),
    "gat": ModelEntry(
        "models.gat:GAT",
        summary="GAT on that union, at most `neighbours` strongest of each node",
        missing="a learnt vector",
        edge_weights="parallel edges in the attention",
        reference="Veličković et al., ICLR 2018",
    ),
    "appnp": ModelEntry(
        "models.appnp:APPNP",
        summary="APPNP on that union: predict, then propagate",
        missing="a learnt vector",
        edge_weights="summed, beside a self-loop of 1",
        reference="Klicpera, Bojchevski & Günnemann, ICLR 2019",
    ),
    "chebnet": ModelEntry(
        "models.chebnet:ChebNet",
        summary="ChebNet on that union, no self-loops",
        missing="a learnt vector",
        edge_weights="summed, then normalised",
        reference="Defferrard, Bresson & Vandergheynst, NeurIPS 2016",
    ),
    "hgt": ModelEntry(
        "models.hgt:HGT",
        summary="Heterogeneous Graph Transformer, PyG's layer",
        missing="a learnt vector",
        edge_weights="parallel edges in the attention",
        reference="Hu et al., WWW 2020",
    ),
    "hgt_late": ModelEntry(
        "models.hgt:HGT",
        settings_at="models.hgt:LateHGTSettings",
        summary="an HGT for each modality, their embeddings blended by attention",
        missing="as `hgt`, in its copy",
        edge_weights="as `hgt`",
        reference="as `hgt`; blended as HGNN-IMA and MHGAT do",
    ),
    "han": ModelEntry(
        "models.han:HAN",
        summary="HAN: attention along each meta-path back to the target type, then across them",
        missing="a learnt vector",
        edge_weights="parallel edges in the attention",
        reference="Wang et al., WWW 2019",
    ),
    "han_late": ModelEntry(
        "models.han:HAN",
        settings_at="models.han:LateHANSettings",
        summary="a HAN for each modality",
        missing="as `han`, in its copy",
        edge_weights="as `han`",
        reference="as `han`",
    ),
    "sehgnn": ModelEntry(
        "models.sehgnn:SeHGNN",
        summary="SeHGNN: a transformer over all meta-paths' features",
        missing="a learnt vector",
        edge_weights="averaged",
        reference="Yang et al., AAAI 2023",
    ),
    "sehgnn_late": ModelEntry(
        "models.sehgnn:SeHGNN",
        settings_at="models.sehgnn:LateSeHGNNSettings",
        summary="a SeHGNN for each modality",
        missing="as `sehgnn`, in its copy",
        edge_weights="as `sehgnn`",
        reference="as `sehgnn`",
    ),
    "hetgnn": ModelEntry(
        "models.hetgnn:HetGNN",
        summary="HetGNN: the most visited neighbours of each type through Bi-LSTMs, "
        "then attention across types",
        missing="left out",
        edge_weights="multiplicities in the walks that find neighbours",
        reference="Zhang et al., KDD 2019",
    ),
    "mhgat": ModelEntry(
        "models.mhgat:MHGAT",
        summary="MHGAT: by relation, then across relations, then across modalities",
        missing="a learnt vector",
        edge_weights="summed",
        reference="Jia et al., Neural Comput. Appl. 2023",
    ),
    "mmgcn": ModelEntry(
        "models.mmgcn:MMGCN",
        summary="MMGCN: a graph convolution for each modality, their embeddings averaged",
        missing="a learnt vector",
        edge_weights="averaged",
        reference="Wei et al., ACM MM 2019",
    ),
    "xgea": ModelEntry(
        "models.xgea:XGEA",
        summary="XGEA's mutual encoders: each modality propagates with attention that "
        "another guides",
        missing="a learnt vector",
        edge_weights="parallel edges in the attention",
        reference="Xu et al., ACM MM 2023",
    ),
    "hgnn_ima": ModelEntry(
        "models.hgnn_ima.model:HGNNIMA",
        loss_at="models.hgnn_ima.model:loss",
        summary="HGNN-IMA: inter-modal attention in the propagation",
        missing="mean of the node's other modalities",
        edge_weights="parallel edges in every softmax",
        reference="Li et al., IJCAI 2025, arXiv 2505.07895",
    ),
    "shgp": ModelEntry(
        "models.shgp.model:SHGP",
        settings_at="models.shgp.settings:SHGPSettings",
        loss_at="models.self_supervised:loss_beside_probe",
        summary="SHGP: learns pseudo-labels that its own attention propagates, without "
        "labels, a linear probe beside it",
        missing="a learnt vector",
        edge_weights="averaged",
        reference="Yang et al., NeurIPS 2022, arXiv 2210.10462",
    ),
    "shgp_late": ModelEntry(
        "models.shgp.model:SHGP",
        settings_at="models.shgp.settings:LateSHGPSettings",
        loss_at="models.self_supervised:loss_beside_probe",
        summary="an SHGP for each modality, their embeddings side by side",
        missing="as `shgp`, in its copy",
        edge_weights="as `shgp`",
        reference="as `shgp`",
    ),
    "hero": ModelEntry(
        "models.hero.model:HERO",
        settings_at="models.hero.settings:HEROSettings",
        loss_at="models.self_supervised:loss_beside_probe",
        summary="HERO: neighbours' averages and nodes of like features as two views "
        "that agree without labels, a linear probe beside them",
        missing="a learnt vector; zeros in the distances",
        edge_weights="averaged",
        reference="Mo et al., ICLR 2024",
    ),
    "hero_late": ModelEntry(
        "models.hero.model:HERO",
        settings_at="models.hero.settings:LateHEROSettings",
        loss_at="models.self_supervised:loss_beside_probe",
        summary="a HERO for each modality, their embeddings side by side",
        missing="as `hero`, in its copy",
        edge_weights="as `hero`",
        reference="as `hero`",
    ),
    "hetcrf": ModelEntry(
        "models.hetcrf.model:HetCRF",
        settings_at="models.hetcrf.settings:HetCRFSettings",
        loss_at="models.hetcrf.model:loss",
        summary="HetCRF: reconstruction and contrast without labels, a linear probe beside them",
        missing="a learnt vector",
        edge_weights="averaged along random walks",
        reference="Lin et al., arXiv 2506.06682",
    ),
}


def model_table() -> str:
    """The table of all models in docs/models.md, in Markdown."""
    lines = [
        "| `--models` | what | missing modality | edge weights | reference |",
        "|---|---|---|---|---|",
    ]
    for name, row in MODELS.items():
        cells = (f"`{name}`", row.summary, row.missing, row.edge_weights, row.reference)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
