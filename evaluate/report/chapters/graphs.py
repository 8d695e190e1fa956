"""What the condensed graphs look like, beside the whole one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from condense.data.graph import MultimodalGraph, num_target
from evaluate.report.chapters.condensing import run_label
from evaluate.report.content import Chapter
from evaluate.report.drawn_graph import DrawnGraph
from evaluate.report.figures.classes import balance
from evaluate.report.figures.drawing import drawing
from evaluate.report.figures.projection import projection
from evaluate.report.figures.style import Drawn
from evaluate.report.gather import GraphFile, Section
from evaluate.report.planes import planes
from evaluate.report.tables import Table
from evaluate.report.words import listed, percent, slug

MOST_GRAPHS = 3  # Drawn; a page that draws every seed shows the same thing many times.


def graphs(section: Section, whole: MultimodalGraph | None, absent: str) -> Chapter:
    """Drawings, features in the plane, classes.

    Args:
        section: with condensed graphs, or without.
        whole: the whole graph, test labels hidden, if its files are there.
        absent: why they are not.
    """
    if not section.graphs:
        return Chapter("graphs", "The condensed graph")
    shown = _one_each(section.graphs)[:MOST_GRAPHS]
    figures: list[Drawn] = []
    notes = []
    for i, graph in enumerate(shown):
        name = f"{section.slug}-{i}" if len(shown) > 1 else section.slug
        label = run_label(graph, section.graphs)
        drawn_graph = DrawnGraph.of(graph.condensed.graph)
        figures.append(
            drawing(f"{name}-graph", f"The graph condensed by {label}", drawn_graph, section.title)
        )
        if any(drawn_graph.left_out):
            nodes, edges = drawn_graph.left_out
            said = [f"{nodes:,} nodes, drawn at random,"] if nodes else []
            said += [f"the {edges:,} lightest edges"] if edges else []
            notes.append(f"{label}: the drawing leaves out {listed(said)}.")
        if whole is not None:
            for plane in planes(whole, graph.condensed.graph):
                figures.append(
                    projection(f"{name}-features-{slug(plane.modality)}", plane, section.title)
                )
    if whole is None:
        notes.append(
            "The whole graph could not be loaded, so that its features and classes are missing here: "
            f"{absent}."
        )
    if len(shown) < len(section.graphs):
        notes.append(
            f"{len(shown)} of {len(section.graphs)} condensed graphs are drawn, one of each kind."
        )
    counts = dict(_class_counts(section, shown, whole))
    title = f"Classes, {section.title}"
    figures.append(balance(f"{section.slug}-classes", title, counts, section.title))
    return Chapter(
        "graphs",
        "The condensed graph" if len(shown) == 1 else "The condensed graphs",
        notes=tuple(notes),
        figures=tuple(figures),
        caption="Marks grow with the number of nodes that a condensed node stands for, lines with the weight "
        "of an edge. Each plane is that of the whole graph's first two principal components; 2 % of its "
        "nodes may lie out of view. Of the whole graph's classes those of training nodes alone are counted.",
        tables=(_table(section, counts),),
    )


def _one_each(found: Sequence[GraphFile]) -> list[GraphFile]:
    """The first of each method and size."""
    kinds: dict[tuple[str, int], GraphFile] = {}
    for graph in found:
        kinds.setdefault((graph.label, num_target(graph.condensed.graph)), graph)
    return list(kinds.values())


def _class_counts(
    section: Section, shown: Sequence[GraphFile], whole: MultimodalGraph | None
) -> Iterator[tuple[str, list[int]]]:
    """Label -> nodes of each class: the whole graph's training nodes, then the condensed graphs."""
    if whole is not None:
        store = whole[whole.target]
        y = store.y[store.train_mask]
        counts = torch.bincount(y[y >= 0], minlength=whole.num_classes)
        yield f"whole, {int(counts.sum()):,} training nodes", counts.tolist()
    for graph in shown:
        small = graph.condensed.graph
        y = small[small.target].y
        counts = torch.bincount(y[y >= 0], minlength=small.num_classes)
        yield run_label(graph, section.graphs), counts.tolist()


def _table(section: Section, counts: dict[str, list[int]]) -> Table:
    classes = len(next(iter(counts.values())))
    rows = []
    for label, n in counts.items():
        said = [f"{k:,} ({percent(k / max(sum(n), 1))})" for k in n]
        rows.append((label, *said))
    return Table(
        f"{section.slug}-class-counts",
        f"Labelled nodes of each class, {section.title}",
        ("graph", *(f"class {c}" for c in range(classes))),
        tuple(rows),
    )
