"""Late fusion: a copy of one encoder for each modality, and their embeddings blended at the end.

An encoder is a module that maps inputs by some key (a node type, a meta-path) and modality, and whatever
else it needs, to embeddings [rows, d]. It is built from a schema, so a schema with one modality gives a copy
for that modality alone. Late fusion models "learn node embeddings separately for each modality and blend them
only at the last layer", says HGNN-IMA's paper (section 1), but not how it blends those of its baselines.
Ours: `ModalityAttention`, as HGNN-IMA (12)-(14) and MHGAT do; `mean`, as MMGCN's public code; or, where no
label reaches the encoder, `side_by_side`.

A type without the modality has no features in its copy, and a node that lacks it is treated as the encoder
treats missing modalities; HGNN-IMA's authors put the text's features or zeros there. All copies take part at
every node: a copy's embedding of a node that lacks its modality comes from the node's neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.choices import choose
from models.layers.keys import key_of
from models.schema import GraphSchema

Fusion = Literal["early", "late"]
K = TypeVar("K")
V = TypeVar("V")
Build = Callable[[GraphSchema], nn.Module]
Blend = Callable[[Tensor], Tensor]  # [n, M, d] -> [n, d], or [n, M · d].


def modalities_of(schema: GraphSchema) -> tuple[str, ...]:
    """All modalities that some node type has, in the graph's order."""
    return tuple(dict.fromkeys(m for own in schema.modalities.values() for m in own))


def only(features: Mapping[K, Mapping[str, V]], modality: str) -> dict[K, dict[str, V]]:
    """The entries of one modality; keys without any stay, with an empty mapping."""
    return {key: {m: v for m, v in own.items() if m == modality} for key, own in features.items()}


def with_only(schema: GraphSchema, modality: str) -> GraphSchema:
    """`schema` as if there were no other modality."""
    return replace(schema, modalities=only(schema.modalities, modality))


class ModalityAttention(nn.Module):
    """z = Σ_m λ_m zᵐ with λ = softmax_m(qᵀ tanh(W zᵐ + b)); W, b and q are shared by the modalities."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False)
        )

    def forward(self, z: Float[Tensor, "n M d"]) -> Float[Tensor, "n d"]:
        """The modalities' embeddings of each node as one."""
        return (self.score(z).softmax(dim=1) * z).sum(dim=1)


def mean(z: Float[Tensor, "n M d"]) -> Float[Tensor, "n d"]:
    """The modalities' mean, Σ_m zᵐ / M."""
    return z.mean(dim=1)


def side_by_side(z: Float[Tensor, "n M d"]) -> Float[Tensor, "n _"]:
    """Z = [z¹ ‖ … ‖ zᴹ], without parameters."""
    return z.flatten(1)


class LateFusion(nn.Module):
    """blend over m of encoder_m(features of modality m).

    Args:
        schema: its modalities are those that have a copy each.
        build: makes the encoder of a schema.
        blend: makes one embedding of those of the modalities.
    """

    def __init__(self, schema: GraphSchema, build: Build, blend: Blend) -> None:
        super().__init__()
        self.modalities = modalities_of(schema)
        self.copies = nn.ModuleDict(
            {key_of(m): build(with_only(schema, m)) for m in self.modalities}
        )
        self.blend = blend

    def forward(self, features: Mapping[Any, Mapping[str, Any]], *rest: Any) -> Tensor:
        """Embeddings [rows, d], or as wide as `blend` makes them; `rest` goes to every copy.

        Args:
            features: by key and modality.
            rest: what else an encoder takes.
        """
        embeddings = [self.copies[key_of(m)](only(features, m), *rest) for m in self.modalities]
        return self.blend(torch.stack(embeddings, dim=1))


def copies_of(
    encoder: nn.Module, features: Mapping[Any, Mapping[str, Any]]
) -> list[tuple[Any, Mapping[Any, Mapping[str, Any]]]]:
    """Each copy of a late fusion with the features it reads; an encoder without copies counts as one."""
    if not isinstance(encoder, LateFusion):
        return [(encoder, features)]
    return [(encoder.copies[key_of(m)], only(features, m)) for m in encoder.modalities]


def fused(
    fusion: str, schema: GraphSchema, width: int, build: Build, blend: Blend | None = None
) -> nn.Module:
    """One encoder of all modalities ("early"), or a copy for each and their blend ("late").

    Args:
        fusion: a `Fusion`.
        schema: the graph's, or the part of its modalities that the encoder reads.
        width: d, of the embeddings.
        build: makes the encoder of a schema.
        blend: of the copies; `ModalityAttention` by default.

    Raises:
        UnknownChoiceError: another fusion.
    """
    return choose(_FUSIONS, fusion, "fusion")(schema, width, build, blend)


def _early(schema: GraphSchema, width: int, build: Build, blend: Blend | None) -> nn.Module:
    return build(schema)


def _late(schema: GraphSchema, width: int, build: Build, blend: Blend | None) -> nn.Module:
    return LateFusion(schema, build, ModalityAttention(width) if blend is None else blend)


_FUSIONS: dict[str, Callable[[GraphSchema, int, Build, Blend | None], nn.Module]] = {
    "early": _early,
    "late": _late,
}
