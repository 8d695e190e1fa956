"""An encoder that learns the labels that it propagates itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.layers.fusion import TypeInputs
from models.schema import GraphSchema
from models.self_supervised import unit_mean_square
from models.shgp.encoder import GAIN, AttendedEmbeddings, Encoder
from models.shgp.label_propagation import (
    Labels,
    attentive_sweep,
    drawn,
    label_count,
    plain_sweep,
    settled,
)
from models.shgp.settings import SHGPSettings
from models.shgp.structure import RelationStructure

RUN_TOGETHER = 0.8
"""Above this share of one label a warning is logged."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PseudoLabels:
    """The state of self-labelling.

    Attributes:
        structure: the graph that is trained on.
        count: K.
        steps: number of steps taken on it.
        labels: pseudo-labels of the last step.
    """

    structure: RelationStructure
    count: int
    steps: int
    labels: Labels


class SelfLabelled(nn.Module):
    """Att-HGNN, a head that guesses pseudo-labels, and the pseudo-labels of the graph that is trained on."""

    def __init__(self, schema: GraphSchema, settings: SHGPSettings) -> None:
        super().__init__()
        self.target, self.classes, self.settings = schema.target, schema.num_classes, settings
        self.encoder = Encoder(schema, settings)
        self.guess = nn.Linear(settings.hidden, settings.clusters)
        nn.init.xavier_uniform_(self.guess.weight, gain=GAIN)
        nn.init.zeros_(self.guess.bias)
        self.pseudo: PseudoLabels | None = None

    def forward(self, features: TypeInputs, structure: RelationStructure) -> Float[Tensor, "n d"]:
        """The embeddings of all target nodes, each of unit mean square."""
        return unit_mean_square(self.encoder(features, structure).embedding)

    def learn(
        self, features: TypeInputs, structure: RelationStructure
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "n d"]]:
        """Cross-entropy of the guessed pseudo-labels, and the embeddings [n, d] of unit mean square.

        Labels of nodes without in-edges carry no information; they are left out unless there are no others.
        """
        encoded = self.encoder(features, structure)
        self.pseudo = pseudo = self._next(encoded, structure)
        weight, bias = self.guess.weight[: pseudo.count], self.guess.bias[: pseudo.count]
        logits = nn.functional.linear(encoded.embedding, weight, bias)  # [n, K]
        rows = self._learnt_rows(structure)
        loss = nn.functional.cross_entropy(logits[rows], pseudo.labels[self.target][rows])
        return loss, unit_mean_square(encoded.embedding)

    def _learnt_rows(self, structure: RelationStructure) -> Tensor | slice:
        """The target nodes whose labels are learnt."""
        joined = structure.joined.get(self.target)
        return slice(None) if joined is None or not bool(joined.any()) else joined

    def __getstate__(self) -> dict[str, Any]:
        """The state without pseudo-labels, which belong to a graph: a copied or saved model starts anew."""
        return {**self.__dict__, "pseudo": None}

    @torch.no_grad()
    def _next(self, encoded: AttendedEmbeddings, structure: RelationStructure) -> PseudoLabels:
        """First labels that settle along edges; after `warm` steps, the last ones moved by attention."""
        own, last = self.settings, self.pseudo
        if last is None or last.structure is not structure:
            count = label_count(own.clusters, self.classes, structure.sizes[self.target])
            labels = drawn(structure.sizes, count, encoded.embedding.device)
            sweep = partial(plain_sweep, structure=structure)
            labels = settled(labels, self.target, sweep, own.sweeps)
            self._warn(labels[self.target][self._learnt_rows(structure)])
            return PseudoLabels(structure, count, 1, labels)
        if last.steps < own.warm:
            return replace(last, steps=last.steps + 1)
        sweep = partial(attentive_sweep, structure=structure, attention=encoded.attention)
        labels = settled(last.labels, self.target, sweep, own.sweeps)
        return replace(last, steps=last.steps + 1, labels=labels)

    def _warn(self, labels: Tensor) -> None:
        share = float(labels.bincount().max()) / len(labels)
        if share > RUN_TOGETHER and len(labels) > 1:
            _log.warning(
                "SHGP's first pseudo-labels have collapsed: %.0f %% of the target nodes share one, so little "
                "can be learnt from them; label propagation needs a graph that falls into clusters",
                100 * share,
            )
