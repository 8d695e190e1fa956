"""The whole graph behind a section, where its files are there."""

from __future__ import annotations

from pathlib import Path

from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.errors import UserError
from evaluate.grid.training_graphs import whole_graph
from evaluate.report.gather import Section


def find_whole(
    section: Section, root: Path, whole: Path | None = None
) -> tuple[MultimodalGraph | None, str]:
    """The graph, its test labels hidden, or None and why.

    Args:
        section: with condensed graphs, which know what they were made from.
        root: folder of the known data sets' files.
        whole: file of the whole graph, in place of the one that a condensed file names.
    """
    if not section.graphs:
        return None, "no condensed graph's file is among the runs"
    first = section.graphs[0]
    try:
        return hide_test_labels(whole_graph(first.path, first.condensed, root, whole)), ""
    except UserError as error:
        return None, str(error)
