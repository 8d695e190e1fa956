"""The chapter that draws condensed graphs: of one with a spread, what an epoch of a training sees."""

from __future__ import annotations

from pathlib import Path

from condense.data.condensed import CondensedGraph
from evaluate.report.chapters.condensed_graphs import chapter
from evaluate.report.runs import DatasetRuns, GraphFile
from tests.support.graphs import PROVENANCE
from tests.support.spreads import graph_with_spread


def shown(graph):
    runs = DatasetRuns("small", "simulated", "transductive")
    runs.graphs.append(GraphFile(Path("a.h5"), CondensedGraph(graph, PROVENANCE)))
    return chapter(runs)


def test_a_draw_is_shown() -> None:
    plain = graph_with_spread(6)
    del plain._global_store["spread"]
    (first, *_), (second, *_) = shown(plain).figures, shown(graph_with_spread(6)).figures
    assert first.title.startswith("The graph condensed by")
    assert second.title.startswith("A draw from the graph condensed by")
    assert "author" in second.alt
    assert any(
        "what an epoch of a training sees" in note for note in shown(graph_with_spread(6)).notes
    )
