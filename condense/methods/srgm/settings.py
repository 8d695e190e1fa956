"""Settings of SR-GM; `condense.methods.srgm.method` explains the method."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.clustering.settings import Space, SpreadChoice, TeacherKind, refuse_idle_pseudo_labels
from condense.config import HIGHEST_LR, STRICT

HIDDEN = 64


@dataclass(frozen=True, config=STRICT)
class SRGMSettings:
    """Settings of SR-GM.

    Attributes:
        epochs: draw this many relays, one after another, and train each on the condensed graph.
        outer: update the condensed graph this many times for each relay.
        inner: train the relay for this many steps after each update of the condensed graph.
        relay: use a "linear" relay over meta-path features, or a "two-layer" one with a hidden layer of
            ReLU units.
        hidden: number of hidden units of a two-layer relay. Our choice; the paper's relay, a GCN, has 256.
        hops: length of the relay's longest meta-path, in relations.
        rank: reduce each modality to at most this many coordinates; fewer remain where there are many
            meta-paths. See `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
        decouple: project out conflicts between modalities in the "field" inside R (as in the paper; needs
            damping > 0), in the "update" of the features, in the "parameters" gradients before matching,
            or nowhere ("off").
        damping: weight λ of R; 0 switches R off. 0.1 is a fair weight where R is "relative".
        energy: measure R "relative" to the field's squared norm (ours), by the paper's "absolute" formula,
            or as in the "authors" code: self-loops in the Laplacian and a field that is not
            differentiated.
        frames: compare gradients of different modalities along "shared" directions found by canonical
            correlation, or along the features' own ("identity"), for modalities encoded in one aligned
            space such as CLIP's.
        frame_width: number d of shared directions.
        space: form the initial clusters of target nodes by their "own" features, meta-path-"propagated"
            features, or "both".
        labels: cluster and match all target nodes, by their "pseudo"-labels outside the training set, or
            only the "labelled" ones (the training nodes).
        teacher: predict the pseudo-labels from meta-path features, with a "ridge" regression or a "network"
            of one hidden layer; "auto" takes the network where training nodes outnumber its inputs.
        smooth: smooth the predictions over the graph first, as far as that raises the accuracy on
            validation nodes.
        pool: keep at most this many whole-graph nodes of each class in memory for matching.
        batch: match at most this many of these nodes of each class in each step.
        lr_features: learning rate of Adam for the features, which have unit scale.
        lr_edges: learning rate of Adam for the log-weights of the edges.
        lr_relay: learning rate of Adam for the relay.
        check_every: validate once in this many updates of the condensed graph.
        spread: keep how the clusters' members and their neighbours spread around the means, from which a
            graph is drawn for each epoch of a training ("on"), or do not ("off"), or let three small models
            choose on validation nodes ("auto"); for many nodes and many labels. See `condense.data.spread`.
    """

    epochs: int = Field(default=20, ge=0)
    outer: int = Field(default=10, ge=1)
    inner: int = Field(default=3, ge=0)
    relay: Literal["linear", "two-layer"] = "linear"
    hidden: int = Field(default=HIDDEN, ge=1)
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)
    decouple: Literal["field", "update", "parameters", "off"] = "update"
    damping: float = Field(default=0, ge=0)
    energy: Literal["relative", "absolute", "authors"] = "relative"
    frames: Literal["shared", "identity"] = "shared"
    frame_width: int = Field(default=32, ge=1)
    space: Space = "both"
    labels: Literal["pseudo", "labelled"] = "pseudo"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    pool: int = Field(default=1024, ge=1)
    batch: int = Field(default=256, ge=1)
    lr_features: float = Field(default=0.001, gt=0, le=HIGHEST_LR)
    lr_edges: float = Field(default=0.01, gt=0, le=HIGHEST_LR)
    lr_relay: float = Field(default=0.003, gt=0, le=HIGHEST_LR)
    check_every: int = Field(default=20, ge=1)
    spread: SpreadChoice = "off"

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        for name, idle in (("decouple", "field"), ("energy", "authors"), ("energy", "absolute")):
            if self.damping == 0 and getattr(self, name) == idle:
                raise ValueError(
                    f"{name} (got {idle!r}) acts only inside R, which damping 0 switches off; "
                    "add --damping 0.1"
                )
        if self.relay == "linear" and self.hidden != HIDDEN:
            raise ValueError(
                f"hidden (got {self.hidden}) has no effect: relay (got 'linear') has no hidden layer; "
                "add --relay two-layer"
            )
        refuse_idle_pseudo_labels(self)
