"""What the condensed graphs look like, beside the whole graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from condense.data.graph import MultimodalGraph, num_target
from evaluate.report.content import Chapter
from evaluate.report.drawn_graph import DrawnGraph
from evaluate.report.feature_projection import project_features
from evaluate.report.figures.classes import class_balance
from evaluate.report.figures.graph import draw_graph
from evaluate.report.figures.projection import draw_projection
from evaluate.report.figures.style import ReportFigure
from evaluate.report.formatting import exact_slug, listed, percent
from evaluate.report.runs import DatasetRuns, GraphFile, run_label
from evaluate.report.tables import Table

MOST_GRAPHS = 3  # A page that draws every seed shows much the same picture many times.


def chapter(runs: DatasetRuns) -> Chapter:
    """Drawings of the graphs, their features in the plane, and their classes."""
    if not runs.graphs:
        return Chapter("The condensed graph")
    shown = _one_each(runs.graphs)[:MOST_GRAPHS]
    figures: list[ReportFigure] = []
    notes, warnings = [], []
    for i, file in enumerate(shown):
        name = f"{runs.slug}-{i}" if len(shown) > 1 else runs.slug
        label = run_label(file, runs.graphs)
        graph = file.condensed.draw(torch.Generator().manual_seed(0))
        drawn, what = DrawnGraph.of(graph), "The graph"
        if graph is not file.condensed.graph:
            what = "A draw from the graph"
            notes.append(
                f"{label}: of a graph with a spread, what an epoch of a training sees is shown."
            )
        figures.append(
            draw_graph(f"{name}-graph", f"{what} condensed by {label}", drawn, runs.title)
        )
        if any(drawn.left_out):
            notes.append(f"{label}: {_left_out(*drawn.left_out)}")
        if runs.whole is not None:
            for projected in project_features(runs.whole, graph):
                file_name = f"{name}-features-{exact_slug(projected.modality)}"
                figures.append(draw_projection(file_name, projected, runs.title))
    if runs.whole is None:
        warnings.append(
            "The whole graph could not be loaded, so its features and classes are missing: "
            f"{runs.whole_missing}."
        )
    if len(shown) < len(runs.graphs):
        notes.append(
            f"{len(shown)} of {len(runs.graphs)} condensed graphs are drawn, one for each method and size."
        )
    counts = dict(_class_counts(runs, shown))
    title = f"Classes, {runs.title}"
    figures.append(class_balance(f"{runs.slug}-classes", title, counts, runs.title))
    return Chapter(
        "The condensed graph" if len(shown) == 1 else "The condensed graphs",
        notes=tuple(notes),
        warnings=tuple(warnings),
        figures=tuple(figures),
        caption="Markers grow with the number of nodes that a condensed node stands for, lines with the "
        "weight of an edge. Features are shown in the plane of the whole graph's first two principal "
        "components; 2 % of its nodes may lie out of view. Of the whole graph, only the classes of training "
        "nodes are counted.",
        tables=(_class_table(runs, counts),),
    )


def _one_each(graphs: Sequence[GraphFile]) -> list[GraphFile]:
    """The first graph of each method and size."""
    kinds: dict[tuple[str, int], GraphFile] = {}
    for file in graphs:
        kinds.setdefault((file.label, num_target(file.condensed.graph)), file)
    return list(kinds.values())


def _left_out(nodes: int, edges: int) -> str:
    parts = [f"{nodes:,} nodes, chosen at random,"] if nodes else []
    parts += [f"the {edges:,} lightest edges"] if edges else []
    return f"the drawing leaves out {listed(parts).removesuffix(',')}."


def _class_counts(runs: DatasetRuns, shown: Sequence[GraphFile]) -> Iterator[tuple[str, list[int]]]:
    """Label -> nodes of each class: the whole graph's training nodes, then the condensed graphs."""
    if runs.whole is not None:
        store = runs.whole[runs.whole.target]
        counts = _bincount(store.y[store.train_mask], runs.whole)
        yield f"whole, {sum(counts):,} training nodes", counts
    for file in shown:
        graph = file.condensed.graph
        yield run_label(file, runs.graphs), _bincount(graph[graph.target].y, graph)


def _bincount(y: torch.Tensor, graph: MultimodalGraph) -> list[int]:
    """Nodes of each class, without those that have no label."""
    return torch.bincount(y[y >= 0], minlength=graph.num_classes).tolist()


def _class_table(runs: DatasetRuns, counts: dict[str, list[int]]) -> Table:
    classes = len(next(iter(counts.values())))
    rows = [
        (label, *(f"{k:,} ({percent(k / max(sum(of_class), 1))})" for k in of_class))
        for label, of_class in counts.items()
    ]
    return Table(
        f"{runs.slug}-class-counts",
        f"Labelled nodes of each class, {runs.title}",
        ("graph", *(f"class {c}" for c in range(classes))),
        tuple(rows),
    )
