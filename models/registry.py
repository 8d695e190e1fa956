"""The models known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from models import (
    appnp,
    chebnet,
    gat,
    gcn,
    graphsage,
    han,
    hetgnn,
    hgt,
    mhgat,
    mlp,
    mmgcn,
    sehgnn,
    sgc,
    xgea,
)
from models.classifier import cross_entropy
from models.hero import settings as hero_settings
from models.hero.model import HERO
from models.hero.settings import HEROSettings, LateHEROSettings
from models.hetcrf import settings as hetcrf_settings
from models.hetcrf.model import HetCRF
from models.hetcrf.model import loss as hetcrf_loss
from models.hetcrf.settings import HetCRFSettings
from models.hgnn_ima import model as hgnn_ima
from models.schema import GraphSchema
from models.self_supervised import loss_beside_probe
from models.shgp import settings as shgp_settings
from models.shgp.model import SHGP


@dataclass(frozen=True)
class ModelEntry:
    """How to build a model.

    Attributes:
        build: (schema, settings) -> module that is a `NodeClassifier`.
        settings: its dataclass of settings; the defaults are the model's own.
        space: setting -> values that tuning may try.
        loss: (model, inputs, labels, weights) -> what training minimises; see `cross_entropy`.
        uses_edges: whether the graph's edges reach the logits.
        training: learning rate and weight decay where the trainer's own do not suit the model.
        given: settings that a user chose; the others have the model's defaults, or are tuned.
    """

    build: Callable[[GraphSchema, Any], Any]
    settings: type
    space: Mapping[str, tuple[Any, ...]]
    loss: Callable[[Any, Any, Tensor, Tensor], Tensor] = cross_entropy
    uses_edges: bool = True
    training: Mapping[str, float] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    def choose_settings(self, **values: Any) -> Any:
        """Settings of these values, those that were given, and the defaults, in this order."""
        return self.settings(**{**self.given, **values})


MODELS: dict[str, ModelEntry] = {
    "mlp": ModelEntry(mlp.MLP, mlp.MLPSettings, mlp.SPACE, uses_edges=False),
    "sgc": ModelEntry(sgc.SGC, sgc.SGCSettings, sgc.SPACE),
    "gcn": ModelEntry(gcn.GCN, gcn.GCNSettings, gcn.SPACE, training=gcn.TRAINING),
    "graphsage": ModelEntry(
        graphsage.GraphSAGE,
        graphsage.GraphSAGESettings,
        graphsage.SPACE,
        training=graphsage.TRAINING,
    ),
    "gat": ModelEntry(gat.GAT, gat.GATSettings, gat.SPACE, training=gat.TRAINING),
    "appnp": ModelEntry(appnp.APPNP, appnp.APPNPSettings, appnp.SPACE, training=appnp.TRAINING),
    "chebnet": ModelEntry(
        chebnet.ChebNet, chebnet.ChebNetSettings, chebnet.SPACE, training=chebnet.TRAINING
    ),
    "hgt": ModelEntry(hgt.HGT, hgt.HGTSettings, hgt.SPACE),
    "hgt_late": ModelEntry(hgt.HGT, hgt.LateHGTSettings, hgt.SPACE),
    "han": ModelEntry(han.HAN, han.HANSettings, han.SPACE, training=han.TRAINING),
    "han_late": ModelEntry(han.HAN, han.LateHANSettings, han.SPACE, training=han.TRAINING),
    "sehgnn": ModelEntry(
        sehgnn.SeHGNN, sehgnn.SeHGNNSettings, sehgnn.SPACE, training=sehgnn.TRAINING
    ),
    "sehgnn_late": ModelEntry(
        sehgnn.SeHGNN, sehgnn.LateSeHGNNSettings, sehgnn.SPACE, training=sehgnn.TRAINING
    ),
    "hetgnn": ModelEntry(hetgnn.HetGNN, hetgnn.HetGNNSettings, hetgnn.SPACE),
    "mhgat": ModelEntry(mhgat.MHGAT, mhgat.MHGATSettings, mhgat.SPACE, training=mhgat.TRAINING),
    "mmgcn": ModelEntry(mmgcn.MMGCN, mmgcn.MMGCNSettings, mmgcn.SPACE),
    "xgea": ModelEntry(xgea.XGEA, xgea.XGEASettings, xgea.SPACE),
    "hgnn_ima": ModelEntry(
        hgnn_ima.HGNNIMA,
        hgnn_ima.HGNNIMASettings,
        hgnn_ima.SPACE,
        hgnn_ima.loss,
        training=hgnn_ima.TRAINING,
    ),
    "shgp": ModelEntry(
        SHGP,
        shgp_settings.SHGPSettings,
        shgp_settings.SPACE,
        loss_beside_probe,
        training=shgp_settings.TRAINING,
    ),
    "shgp_late": ModelEntry(
        SHGP,
        shgp_settings.LateSHGPSettings,
        shgp_settings.SPACE,
        loss_beside_probe,
        training=shgp_settings.TRAINING,
    ),
    "hero": ModelEntry(
        HERO,
        HEROSettings,
        hero_settings.SPACE,
        loss_beside_probe,
        training=hero_settings.TRAINING,
    ),
    "hero_late": ModelEntry(
        HERO,
        LateHEROSettings,
        hero_settings.SPACE,
        loss_beside_probe,
        training=hero_settings.TRAINING,
    ),
    "hetcrf": ModelEntry(
        HetCRF,
        HetCRFSettings,
        hetcrf_settings.SPACE,
        hetcrf_loss,
        training=hetcrf_settings.TRAINING,
    ),
}
