"""Condensed graphs that take a share of the whole graph's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.equal_bytes.comparison import Comparison
from benchmarks.equal_bytes.limits import limited
from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, num_bytes
from condense.data.levels import Levels
from condense.errors import BudgetError, UserError
from condense.io import load_condensed, save
from condense.methods.spec import parse
from condense.run import condense
from models.schema import features, modality_names

LEAST, MOST = 0.97, 1.01
"""Of the bytes that each method has, how many it may take, and must, unless it takes all training nodes."""
FIRST_GUESS, TRIALS = 1.8, 12
"""Condensation ratio ÷ share of the bytes that is tried where no row says one, and how many are tried."""
SHORT = {"epochs": 0, "steps": 0, "experts": 1}
"""Settings with which methods end at their start, whose graph has as many nodes and edges."""
LEARNT_FROM_NODES = (
    "gcond", "gcondx", "doscond", "sgdd", "msgc", "gcdm", "gcdmx", "sfgc", "geom", "gcsntk",
)  # fmt: skip
"""Methods that learn the features of original nodes, which count as dense, whatever they were at first."""


@dataclass(frozen=True)
class Graphs:
    """The files of one comparison.

    Attributes:
        comparison: data set and share.
        folder: where they are.
    """

    comparison: Comparison
    folder: Path

    def condensed(self, method: str, graph: MultimodalGraph, seed: int) -> CondensedGraph:
        """A method's graph of one seed; condensed now if there is no file.

        Args:
            method: in short form.
            graph: the whole one.
            seed: of the condensing.

        Raises:
            UserError: the method does not take the data set, or no ratio takes as many bytes.
            OverLimitError: condensing takes too much, see `limited`.
        """
        file = self._file(method, seed)
        if file.exists():
            return load_condensed(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        share = self.comparison.share
        kind, wanted = parse(method)
        target, whole = graph[graph.target], num_bytes(graph)
        all_training = float(target.train_mask.sum()) / target.num_nodes
        short = {name: value for name, value in SHORT.items() if name in wanted}
        settings, ratio = wanted, self.comparison.ratio(method)
        if ratio is None:
            settings, ratio = wanted | short, FIRST_GUESS * share
        for _ in range(TRIALS):
            try:
                small = _condense(self.comparison.dataset, kind, settings, ratio, graph, seed)
            except BudgetError:
                if ratio <= all_training:
                    raise
                # There are no more training nodes to select: all of them it is, in fewer bytes.
                ratio = all_training
                continue
            count = dense_bytes if kind in LEARNT_FROM_NODES else num_bytes
            taken = count(small.graph) / whole
            seconds = small.provenance.condense_seconds
            print(
                f"{file.name}: ratio {ratio:g}, {taken:.3%} of the bytes, {seconds:.0f} s",
                flush=True,
            )
            least = 0.0 if ratio == all_training else LEAST
            if not least <= taken / share <= MOST:
                ratio = float(f"{ratio * 0.99 * share / taken:.3g}")
            elif settings != wanted:
                settings = wanted
            else:
                save(file, small)
                return load_condensed(file)
        raise UserError(
            f"{self.comparison.dataset}: no ratio was found at which {method} takes {share:.1%} of the "
            "bytes; try other --shares"
        )

    def _file(self, method: str, seed: int) -> Path:
        one = self.comparison
        return self.folder / f"{one.dataset}-{one.share:g}-{method.replace(':', '-')}-seed{seed}.h5"


def dense_bytes(graph: MultimodalGraph) -> int:
    """`num_bytes`, with all features dense."""
    total = num_bytes(graph)
    for node_type in graph.node_types:
        for modality in modality_names(graph[node_type]):
            x = features(graph[node_type], modality)
            csr = 8 * int(torch.count_nonzero(x)) + 4 * (len(x) + 1)
            total += max(0, min(Levels.nearest(x).num_bytes(), 4 * x.numel()) - csr)
    return total


def _condense(
    dataset: str,
    method: str,
    settings: Mapping[str, Any],
    ratio: float,
    graph: MultimodalGraph,
    seed: int,
) -> CondensedGraph:
    source = {"dataset": dataset, "source": graph.source, "modalities": None}
    budget = plan(graph, ratio)
    with limited():
        return condense(graph, budget, method, settings, seed=seed, bits=8, dataset_settings=source)
