"""The whole graph and the condensed ones as models see them: test labels hidden, features scaled alike.

In the inductive setting a model sees test nodes only when it is tested: it trains on the sub-graph of the
training nodes (or on what was condensed from it), is validated where validation nodes join these, and is
tested on the whole graph. In the transductive setting all three are the whole graph.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data.features import FeatureScaler, Scaling, complete
from condense.data.fingerprint import Digest, fingerprint
from condense.data.graph import MultimodalGraph, display_name, hide_test_labels, num_bytes
from condense.data.inductive import Setting, training_part, validation_part
from condense.data.reduction import SparseReduction
from condense.errors import UserError
from evaluate.results.rows import WHOLE
from evaluate.training.train import Trained, TrainSettings, predict, train
from models.registry import ModelEntry
from models.schema import GraphSchema


@dataclass(frozen=True)
class EvaluationTask:
    """One whole graph on which models are judged.

    Attributes:
        raw: the graph as loaded, with test labels, which only `test_labels` reads; `check_testable` checks
            that they exist.
        whole: the graph with complete, scaled features and test labels −1.
        training: the graph on which models are trained for comparison with condensed graphs, likewise.
        validation: the graph whose validation nodes choose a model's state and settings, likewise.
        reduction: fitted on `training`; it reduces the whole graph's sparse features, as it did before the
            graph was condensed.
        scaler: fitted on `training`; it scales condensed graphs too.
        schema: the schema of `whole`.
        setting: "transductive" or "inductive".
        scaling: how features are scaled.
    """

    raw: MultimodalGraph
    whole: MultimodalGraph
    training: MultimodalGraph
    validation: MultimodalGraph
    reduction: SparseReduction
    scaler: FeatureScaler
    schema: GraphSchema
    setting: Setting
    scaling: Scaling = "standard"

    @classmethod
    def of(
        cls,
        raw: MultimodalGraph,
        device: torch.device | None = None,
        setting: Setting = "transductive",
        scaling: Scaling = "standard",
    ) -> EvaluationTask:
        """Prepare a checked whole graph; see `FeatureScaler` for `scaling`."""
        hidden = hide_test_labels(raw)
        seen = training_part(hidden, setting).graph
        reduction = SparseReduction.fit(seen)

        def prepared(graph: MultimodalGraph) -> MultimodalGraph:
            return complete(reduction.apply(graph)).to(device or "cpu")

        visible = prepared(hidden)
        parts = [visible, visible]
        if setting == "inductive":
            parts = [prepared(seen), prepared(validation_part(hidden, setting).graph)]
        scaler = FeatureScaler.fit(parts[0], scaling)
        whole = scaler.apply(visible)
        training, validation = (whole if p is visible else scaler.apply(p) for p in parts)
        schema = GraphSchema.of(whole)
        return cls(raw, whole, training, validation, reduction, scaler, schema, setting, scaling)

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        return self.whole[self.whole.target].y.device

    @property
    def fingerprint(self) -> str:
        """The fingerprint of `raw`, which ignores its test labels."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.raw)

    @property
    def test_digest(self) -> str:
        """A digest, 16 hexadecimal digits, of the test nodes and their classes.

        It identifies kept scores, which are of no use once a test label is corrected. Condensers and trainers
        never get it; `fingerprint`, which identifies a graph, leaves test labels out.

        Raises:
            UserError: some test nodes have no label.
        """
        return self._test_digest

    @cached_property
    def _test_digest(self) -> str:
        return labels_digest(self.test_rows(), self.test_labels())

    @property
    def title(self) -> str:
        """The whole graph's name, marked if simulated, and the setting of its test."""
        name = display_name(self.raw.name, self.raw.source)
        if self.setting == "transductive":
            return f"{name}: tested on the whole graph"
        return (
            f"{name}, inductive: tested on the whole graph; '{WHOLE}' is trained on the sub-graph of the "
            "training nodes"
        )

    def note(self, whole: bool) -> str:
        """See `Task.note`: all nodes are scored, and trainings read the whole graph."""
        return ""

    def bytes_of(self, graph: MultimodalGraph) -> int:
        """See `Task.bytes_of`."""
        return num_bytes(graph)

    def trained_whole(self) -> MultimodalGraph:
        """The graph `training` before scaling, in the data set's units."""
        return training_part(self.raw, self.setting).graph

    def admit(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """Scale a condensed graph to the models' units.

        Raises:
            UserError: its types, modalities, widths, relations or classes differ from the whole graph's.
        """
        return admitted(condensed, self.schema, self.scaler, self.device)

    def test_rows(self) -> Tensor:
        """The numbers of the test nodes."""
        return self.whole[self.whole.target].test_mask.nonzero().flatten()

    def check_testable(self) -> None:
        """Check, before long work, that all test nodes have labels; the labels are not used otherwise.

        Raises:
            UserError: some test nodes have no label.
        """
        store = self.raw[self.raw.target]
        bare = int((store.y[store.test_mask] < 0).sum())
        if bare:
            raise UserError(
                f"test_mask (got {bare} nodes without a label) cannot be scored; take them out of test_mask"
            )

    def test_labels(self) -> Tensor:
        """The true classes of the test nodes. Only this method reads them: no training and no selection does.

        Raises:
            UserError: some test nodes have no label.
        """
        self.check_testable()
        store = self.raw[self.raw.target]
        return store.y[store.test_mask]

    def majority(self) -> int:
        """The most frequent class among training nodes."""
        store = self.raw[self.raw.target]
        return int(torch.bincount(store.y[store.train_mask]).argmax())

    def train(
        self,
        entry: ModelEntry,
        model: Any,
        settings: Any,
        trained_on: MultimodalGraph,
        training: TrainSettings,
        seed: int,
    ) -> Trained:
        """See `Task.train`."""
        return train(
            model,
            trained_on,
            self.validation,
            training,
            entry.loss,
            seed=seed,
            uses_edges=entry.uses_edges,
        )

    def test_logits(
        self, entry: ModelEntry, model: Any, settings: Any, epoch: int
    ) -> Float[Tensor, "k C"]:
        """See `Task.test_logits`."""
        return predict(model, self.whole, self.test_rows(), epoch=epoch).cpu()


def admitted(
    condensed: MultimodalGraph, ours: GraphSchema, scaler: FeatureScaler, device: torch.device
) -> MultimodalGraph:
    """Scale a condensed graph to the models' units, on a device.

    Args:
        condensed: features in the data set's units.
        ours: schema of the whole graph.
        scaler: of the whole graph.
        device: where the result is.

    Raises:
        UserError: as of `EvaluationTask.admit`.
    """
    theirs = GraphSchema.of(condensed)
    for part in ("node_types", "relations", "target", "num_classes", "modalities"):
        expected, got = getattr(ours, part), getattr(theirs, part)
        if expected != got:
            raise UserError(
                f"condensed graph: {part} (got {got}) differ from the whole graph's {expected}; "
                "evaluate it on the graph that it was condensed from"
            )
    return scaler.apply(copy.copy(condensed).to(device))


def labels_digest(rows: Tensor, labels: Tensor) -> str:
    """16 hexadecimal digits of nodes and their classes."""
    digest = Digest()
    for name, values in (("rows", rows.cpu()), ("labels", labels.cpu())):
        digest.array(name, "int64", values.shape, [values.numpy()])
    return digest.hexdigest()[:16]
