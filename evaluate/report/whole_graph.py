"""The whole graph behind condensed graphs, if its files can be found."""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.data.inductive import training_part
from condense.data.reduction import SparseReduction
from condense.errors import UserError
from evaluate.grid.training_graphs import whole_graph
from evaluate.report.runs import DatasetRuns


def load_whole_graph(
    runs: DatasetRuns, root: Path, whole: Path | None = None
) -> tuple[MultimodalGraph | None, str]:
    """The graph with hidden test labels and dense features and an empty reason, or None and the reason.

    Args:
        runs: the provenance of their condensed graphs names the whole graph.
        root: folder of the known data sets' files.
        whole: the whole graph's file, instead of the one in the provenance.
    """
    if not runs.graphs:
        return None, "no condensed graph's file is among the runs"
    first = runs.graphs[0]
    try:
        hidden = hide_test_labels(whole_graph(first.path, first.condensed, root, whole))
        seen = training_part(hidden, first.condensed.provenance.setting).graph
        return SparseReduction.fit(seen).apply(hidden), ""
    except UserError as error:
        return None, str(error)
