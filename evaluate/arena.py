"""The whole graph and the condensed ones as models see them: labels hidden, features scaled alike."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from condense.data.features import FeatureScaler, complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.errors import UserError
from models.schema import GraphSchema


@dataclass(frozen=True)
class Arena:
    """One whole graph on which models are judged.

    Attributes:
        raw: as loaded, with test labels; only `test_labels` reads these.
        whole: features complete and scaled, test labels −1.
        scaler: fitted on the whole graph; condensed graphs pass through it too.
        schema: of `whole`.
    """

    raw: MultimodalGraph
    whole: MultimodalGraph
    scaler: FeatureScaler
    schema: GraphSchema

    @classmethod
    def of(cls, raw: MultimodalGraph, device: torch.device | None = None) -> Arena:
        """Prepare a checked whole graph."""
        visible = complete(hide_test_labels(raw)).to(device or "cpu")
        scaler = FeatureScaler.fit(visible)
        whole = scaler.apply(visible)
        return cls(raw, whole, scaler, GraphSchema.of(whole))

    def admit(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """A condensed graph in the models' units.

        Raises:
            UserError: its types, modalities, widths, relations or classes are not the whole graph's.
        """
        found = GraphSchema.of(condensed)
        for part in ("node_types", "relations", "target", "num_classes", "modalities"):
            ours, theirs = getattr(self.schema, part), getattr(found, part)
            if ours != theirs:
                raise UserError(
                    f"condensed graph: {part} (got {theirs}) differ from the whole graph's {ours}; "
                    "evaluate it on the graph that it was condensed from"
                )
        device = self.whole[self.whole.target].y.device
        return self.scaler.apply(copy.copy(condensed).to(device))

    def test_rows(self) -> Tensor:
        """The test nodes."""
        return self.whole[self.whole.target].test_mask.nonzero().flatten()

    def test_labels(self) -> Tensor:
        """Their true classes: the one place where they are read, after training and selection.

        Raises:
            UserError: some have no label.
        """
        store = self.raw[self.raw.target]
        truth = store.y[store.test_mask]
        if bool((truth < 0).any()):
            raise UserError(
                f"test_mask (got {int((truth < 0).sum())} nodes without a label) cannot be scored; "
                "take them out of test_mask"
            )
        return truth

    def majority(self) -> int:
        """The most frequent class among training nodes."""
        store = self.raw[self.raw.target]
        return int(torch.bincount(store.y[store.train_mask]).argmax())
