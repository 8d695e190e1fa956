"""Condensed graphs that take a share of the whole graph's bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.equal_bytes.comparison import Comparison
from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, num_bytes
from condense.errors import UserError
from condense.io import load_condensed, save
from condense.methods.spec import parse
from condense.run import condense

LEAST, MOST = 0.97, 1.01
"""Of the bytes that each method has, how many it must take and may take."""
FIRST_GUESS, TRIALS = 1.8, 6
"""Condensation ratio ÷ share of the bytes that is tried where no row says one, and how many are tried."""


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
            UserError: no ratio takes as many bytes.
        """
        file = self._file(method, seed)
        if file.exists():
            return load_condensed(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        share = self.comparison.share
        ratio = self.comparison.ratio(method) or FIRST_GUESS * share
        for _ in range(TRIALS):
            small = _condense(self.comparison.dataset, method, ratio, graph, seed)
            taken = num_bytes(small.graph) / num_bytes(graph)
            seconds = small.provenance.condense_seconds
            print(
                f"{file.name}: ratio {ratio:g}, {taken:.3%} of the bytes, {seconds:.0f} s",
                flush=True,
            )
            if LEAST <= taken / share <= MOST:
                save(file, small)
                return load_condensed(file)
            ratio = float(f"{ratio * 0.99 * share / taken:.3g}")
        raise UserError(
            f"{self.comparison.dataset}: no ratio was found at which {method} takes {share:.1%} of the "
            "bytes; try other --shares"
        )

    def _file(self, method: str, seed: int) -> Path:
        one = self.comparison
        return self.folder / f"{one.dataset}-{one.share:g}-{method.replace(':', '-')}-seed{seed}.h5"


def _condense(
    dataset: str, method: str, ratio: float, graph: MultimodalGraph, seed: int
) -> CondensedGraph:
    kind, settings = parse(method)
    source = {"dataset": dataset, "source": graph.source, "modalities": None}
    budget = plan(graph, ratio)
    return condense(graph, budget, kind, settings, seed=seed, bits=8, dataset_settings=source)
