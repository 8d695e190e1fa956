"""Settings of SR-GM; what they mean in the method is said in `condense.methods.srgm.method`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.clustering.settings import Space, TeacherKind, refuse_idle_pseudo_labels
from condense.config import STRICT

HIGHEST_LR = 1e30  # Far above it Adam's first step is no float32 any more.
HIDDEN = 64


@dataclass(frozen=True, config=STRICT)
class SRGMSettings:
    """Settings of SR-GM.

    Attributes:
        epochs: relays drawn, each trained on the condensed graph from its own start.
        outer: updates of the condensed graph for each relay.
        inner: updates of the relay after each of these.
        relay: "linear" over meta-path features, or "two-layer": with a hidden layer of relu units.
        hidden: units of this layer; a linear relay has none. Our choice; the paper's relay, a GCN, has 256.
        hops: the longest meta-path of the relay.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
        decouple: where conflicting modalities are projected: in the "field" inside R (the paper; without R
            it acts on nothing), in the "update" of the features, in the "parameters" gradients before
            matching, or "off".
        damping: λ; 0 switches R off. 0.1 is a fair weight where R is "relative".
        energy: "relative" to the field's size (ours); "absolute", the paper's formula; or "authors", as in
            their code: self-loops in the Laplacian and a field that is not differentiated.
        frames: how gradients of unlike modalities are compared: "shared" directions found by canonical
            correlation, or "identity" for modalities of one aligned space such as CLIP.
        frame_width: d of the shared directions.
        space: start from clusters of target nodes in their "own" features, in meta-path-"propagated" ones,
            or in "both".
        labels: start from, and match, nodes with "pseudo"-labels as well, or those "labelled" alone.
        teacher: who guesses the pseudo-labels from meta-path features: a "ridge" regression, a "network"
            with one hidden layer, or "auto", the network where there are more labels than inputs.
        smooth: spread its guesses over the graph before they are taken, as far as that does better on
            validation nodes.
        pool: whole-graph nodes a class that are kept at hand for matching.
        batch: of these, how many a class in each step.
        lr_features: Adam's step on the features, which have unit scale.
        lr_edges: Adam's step on the edges' log-weights.
        lr_relay: Adam's step on the relay.
        check_every: outer steps between validations.
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

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        for name, idle in (("decouple", "field"), ("energy", "authors"), ("energy", "absolute")):
            if self.damping == 0 and getattr(self, name) == idle:
                raise ValueError(
                    f"{name} (got {idle!r}) acts inside R alone, which damping 0 switches off; "
                    "add --damping 0.1"
                )
        if self.relay == "linear" and self.hidden != HIDDEN:
            raise ValueError(
                f"hidden (got {self.hidden}) is the width of a layer that relay (got 'linear') does not "
                "have; add --relay two-layer"
            )
        refuse_idle_pseudo_labels(self)
