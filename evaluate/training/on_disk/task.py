"""A whole graph in a file on which models are judged, though it does not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.data.features import Scaling
from condense.data.graph import MultimodalGraph, display_name, num_bytes
from condense.data.inductive import Setting
from condense.errors import UserError
from condense.io.stored_graph import StoredGraph
from condense.io.test_labels import stored_test_labels
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.reading import read_graph, sorted_relations
from condense.out_of_core.room import Room
from condense.out_of_core.sizes import whole_bytes
from condense.out_of_core.workspace import Workspace
from condense.running.timing import OnStage, StageClock
from evaluate.training.finite import check_finite
from evaluate.training.model_spec import parse_model
from evaluate.training.on_disk.settings import Sampling
from evaluate.training.on_disk.sizes import disk_bytes
from evaluate.training.on_disk.steps import sampled_steps
from evaluate.training.on_disk.whole import WholeOnDisk, exact_logits
from evaluate.training.task import admitted, labels_digest
from evaluate.training.train import Trained, TrainSettings, Validation, steps_on, train_on_steps
from models.classifier import PathClassifier
from models.reach import REACH, Reach
from models.registry import MODELS, ModelEntry
from models.schema import GraphSchema

SAMPLE_SEED = 0
"""Of the nodes that are scored: the same for all models, graphs and runs."""
HIDDEN = 64
"""Width that is reckoned with for a model without a setting `hidden`."""


@dataclass(frozen=True)
class StoredTask:
    """One whole graph on disk; see `evaluate.training.tasks.Task`. Transductive, and on the CPU.

    Attributes:
        path: of the graph's file.
        raw: its outline: masks, known classes, and features and edges without values; test labels are −1.
        fingerprint: of the graph.
        whole: what is read of it.
        sampling: how it is sampled.
        val_nodes: the validation nodes that are scored, ascending.
        test_nodes: the test nodes that are scored, ascending.
        whole_bytes: its size.
    """

    path: Path
    raw: MultimodalGraph
    fingerprint: str
    whole: WholeOnDisk
    sampling: Sampling
    val_nodes: Int[Tensor, " v"]
    test_nodes: Int[Tensor, " t"]
    whole_bytes: int
    setting: Setting = "transductive"
    scaling: Scaling = "standard"

    @classmethod
    def of(
        cls,
        stored: StoredGraph,
        fingerprint: str,
        sampling: Sampling,
        memory: int,
        work: Path,
        on_stage: OnStage = lambda name: None,
    ) -> StoredTask:
        """Sort the graph's edges and measure its features, or find what an earlier run left.

        Args:
            stored: the graph, open.
            fingerprint: of it, as `StoredGraph.verify` gives it.
            sampling: see `Sampling`.
            memory: bound on the resident memory, in bytes.
            work: folder for what is sorted and propagated; it may hold an earlier run's, with other settings.
            on_stage: called with the name of each stage as it begins.

        Raises:
            FileError: the disk is full, or the graph is damaged.
            UserError: `work` holds something else.
        """
        sampling.check()
        room, clock = Room(memory), StageClock(on_stage=on_stage)
        workspace = Workspace(work, torch.Generator().manual_seed(0))
        val = some_of(stored.val_mask, sampling.val_nodes)
        test = some_of(stored.test_mask, sampling.test_nodes)
        used = torch.cat([stored.train_mask.nonzero().flatten(), val, test]).sort().values
        workspace.begin({"graph": fingerprint}, clock)
        workspace.check_free(disk_bytes(stored, len(used)))
        with clock.stage("sort"):
            relations = sorted_relations(stored, workspace, room)
        with clock.stage("read"):
            graph = read_graph(stored, relations, workspace, room)
        return cls(
            path=stored.path,
            raw=stored.outline,
            fingerprint=fingerprint,
            whole=WholeOnDisk(graph, stored.outline, used, workspace, f"{len(val)}-{len(test)}"),
            sampling=sampling,
            val_nodes=val,
            test_nodes=test,
            whole_bytes=whole_bytes(stored),
        )

    @property
    def graph(self) -> GraphOnDisk:
        """The whole graph."""
        return self.whole.graph

    @property
    def training(self) -> MultimodalGraph:
        """The outline: it stands for the whole graph."""
        return self.raw

    def trained_whole(self) -> MultimodalGraph:
        """See `EvaluationTask.trained_whole`: the outline."""
        return self.raw

    @property
    def schema(self) -> GraphSchema:
        """With completed features."""
        return self.graph.schema

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    @property
    def test_digest(self) -> str:
        """See `EvaluationTask.test_digest`; of the sampled test nodes."""
        return self._test_digest

    @cached_property
    def _test_digest(self) -> str:
        return labels_digest(self.test_nodes, self.test_labels())

    @property
    def title(self) -> str:
        """The graph's name, and what of it is scored."""
        store = self.raw[self.raw.target]
        every = int(store.test_mask.sum()), int(store.val_mask.sum())
        return (
            f"{display_name(self.raw.name, self.raw.source)}, on disk: tested on "
            f"{_of(self.test_nodes, every[0])} test nodes of the whole graph, validated on "
            f"{_of(self.val_nodes, every[1])} validation nodes; 'whole' is trained on sampled batches"
        )

    def note(self, whole: bool) -> str:
        """How many nodes are scored and, of trainings on the whole graph, what a step reads."""
        store = self.raw[self.raw.target]
        words = [
            f"tested={len(self.test_nodes)}/{int(store.test_mask.sum())}",
            f"validated={len(self.val_nodes)}/{int(store.val_mask.sum())}",
        ]
        return " ".join([*words, self.sampling.words()] if whole else words)

    def bytes_of(self, graph: MultimodalGraph) -> int:
        """See `Task.bytes_of`."""
        return self.whole_bytes if graph is self.raw else num_bytes(graph)

    def admit(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """See `EvaluationTask.admit`."""
        return admitted(condensed, self.schema, self.whole.scaler, self.device)

    def check_testable(self) -> None:
        """Check that the sampled test nodes have labels; the labels are not used otherwise."""
        self.test_labels()

    def test_labels(self) -> Tensor:
        """The true classes of the sampled test nodes. Only scores are computed from them."""
        return self._test_labels

    @cached_property
    def _test_labels(self) -> Tensor:
        return stored_test_labels(self.path, self.test_nodes)

    def majority(self) -> int:
        """The most frequent class among training nodes."""
        return int(torch.bincount(self.graph.y[self.graph.train_mask]).argmax())

    def train(
        self,
        entry: ModelEntry,
        model: Any,
        settings: Any,
        trained_on: MultimodalGraph,
        training: TrainSettings,
        seed: int,
    ) -> Trained:
        """See `Task.train`. On the whole graph, propagating the features that a model reads counts too."""
        scores, reach, hidden = self._logits(entry, model, settings)

        def at_hand() -> Validation:
            return Validation(self.graph.y[self.val_nodes], lambda: scores(self.val_nodes))

        if trained_on is not self.raw:
            steps = steps_on(model, trained_on, training, seed, entry.uses_edges)
            return train_on_steps(model, steps, at_hand, training, entry.loss)
        before = 0.0
        if isinstance(model, PathClassifier) and model.by_rows:
            before = self.whole.paths(model.path_hops).seconds
        steps = sampled_steps(self.whole, model, reach, hidden, self.sampling, seed)
        return train_on_steps(model, steps, at_hand, training, entry.loss, prepared=before)

    def test_logits(
        self, entry: ModelEntry, model: Any, settings: Any, epoch: int
    ) -> Float[Tensor, "k C"]:
        """See `Task.test_logits`."""
        logits = self._logits(entry, model, settings)[0](self.test_nodes)
        check_finite(logits, "predicted logits", epoch)
        return logits

    def _logits(
        self, entry: ModelEntry, model: Any, settings: Any
    ) -> tuple[Callable[[Tensor], Tensor], int, int]:
        """What scores nodes with a model, its reach, and the width of its embeddings."""
        reach = reach_of(entry, self.schema, settings)
        hidden = getattr(settings, "hidden", HIDDEN)
        return (
            lambda nodes: exact_logits(self.whole, model, nodes, reach, hidden),
            reach,
            hidden,
        )


def check_models(models: Iterable[str]) -> None:
    """Check, before long work, that models can be scored on a graph on disk.

    Args:
        models: as `parse_model` reads them.

    Raises:
        UserError: one reads all nodes.
    """
    for word in models:
        _reach(parse_model(word)[1])


def reach_of(entry: ModelEntry, schema: GraphSchema, settings: Any) -> int:
    """How far a model reaches.

    Raises:
        UserError: a model that reads all nodes.
    """
    return _reach(entry)(schema, settings)


def _reach(entry: ModelEntry) -> Reach:
    name = name_of(entry)
    if name not in REACH:
        raise UserError(
            f"models (got {name}) reads all nodes of a graph at once, which needs it in memory; take "
            f"{', '.join(REACH)}, or give more --memory"
        )
    return REACH[name]


def name_of(entry: ModelEntry) -> str:
    """The registered name of a model."""
    own = (entry.model_at, entry.settings_at)
    return next(n for n, each in MODELS.items() if (each.model_at, each.settings_at) == own)


def some_of(mask: Bool[Tensor, " n"], most: int) -> Int[Tensor, " k"]:
    """At most so many nodes of a mask, a uniform sample with the seed SAMPLE_SEED; ascending."""
    nodes = mask.nonzero().flatten()
    if len(nodes) <= most:
        return nodes
    generator = torch.Generator().manual_seed(SAMPLE_SEED)
    return nodes[torch.randperm(len(nodes), generator=generator)[:most]].sort().values


def _of(nodes: Tensor, every: int) -> str:
    """How many of how many."""
    return f"all {every:,}" if len(nodes) == every else f"a random {len(nodes):,} of {every:,}"
