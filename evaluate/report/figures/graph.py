"""A drawing of a condensed graph."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from evaluate.report.drawn_graph import DrawnGraph
from evaluate.report.figures.style import (
    CLASSES,
    MARKERS,
    MUTED,
    PAPER,
    RELATIONS,
    ReportFigure,
    class_colour,
    dots,
    key,
    panel,
    styled,
)
from evaluate.report.graph_layout import layout

AS_PIXELS = (
    400  # More edges than these are drawn as pixels: as vectors they would make a larger file.
)
NODE_AREA = 9000.0  # Square points of all markers together, unless they reach their smallest or largest size.
LONGEST_OF_THREE = (
    36  # Characters of a label; beside longer ones the legend has no room for a third column.
)


def draw_graph(name: str, title: str, graph: DrawnGraph, corner: str = "") -> ReportFigure:
    """Nodes with a shape for each type and a colour for each class; edges with a colour for each relation.

    Args:
        name: of the figure's files.
        title: in words.
        graph: the graph.
        corner: see `panel`.
    """
    count = len(graph.type_of)
    at = layout(
        count, graph.edges, graph.weights, np.lexsort((graph.classes, graph.type_of)).tolist()
    )
    with styled():
        height = 5 * float(np.clip(np.ptp(at[:, 1]) / max(np.ptp(at[:, 0]), 1e-9), 0.25, 1.1))
        figure, axes = panel(5, height + 1.2, corner)
        _edges(axes, graph, at)
        area = float(np.clip(NODE_AREA / count, 9, 90))
        for number, shape in _shapes(graph):
            for c in np.unique(graph.classes[graph.type_of == number]):
                own = (graph.type_of == number) & (graph.classes == c)
                dots(
                    axes, at[own], area * graph.sizes[own] * (1 if c >= 0 else 0.6), marker=shape,
                    color=class_colour(int(c)) if c >= 0 else MUTED, edgecolors=PAPER,
                    linewidths=0.7, zorder=3,
                )  # fmt: skip
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.margins(0.02)
        handles = _legend(graph)
        longest = max((len(str(handle.get_label())) for handle in handles), default=0)
        figure.legend(
            handles=handles, loc="outside lower left", ncols=3 if longest <= LONGEST_OF_THREE else 2,
            fontsize=7.5, handletextpad=0.4, columnspacing=1.2,
        )  # fmt: skip
    return ReportFigure(name, title, _alt(title, graph), figure, "large")


def _edges(axes: Axes, graph: DrawnGraph, at: np.ndarray) -> None:
    """Draw lines, wider and more opaque with their weight within each relation."""
    many = len(graph.weights) > AS_PIXELS
    faint = 0.9 if not many else 0.5
    for number in range(len(graph.relations)):
        own = graph.relation_of == number
        if not own.any():
            continue
        share = np.sqrt(graph.weights[own] / graph.weights[own].max())
        lines = LineCollection(
            list(at[graph.edges[:, own].T]), colors=RELATIONS[number % len(RELATIONS)],
            linewidths=0.4 + 1.4 * share, alpha=faint * (0.35 + 0.65 * share), zorder=1, rasterized=many,
        )  # fmt: skip
        axes.add_collection(lines)


def _shapes(graph: DrawnGraph) -> list[tuple[int, str]]:
    """Number and marker of each type; the target, whose nodes have classes, gets the circle."""
    order = sorted(
        range(len(graph.types)), key=lambda t: not (graph.classes[graph.type_of == t] >= 0).any()
    )
    return [(number, MARKERS[i % len(MARKERS)]) for i, number in enumerate(order)]


def _legend(graph: DrawnGraph) -> list[Line2D]:
    classes = [int(c) for c in np.unique(graph.classes) if c >= 0]
    handles = [
        key(shape, MUTED, f"{graph.types[number]} ({int((graph.type_of == number).sum())})")
        for number, shape in _shapes(graph)
    ]
    handles += [
        Line2D(
            [], [], color=RELATIONS[i % len(RELATIONS)], linewidth=1.6, label=f"{name} ({int(n)})"
        )
        for i, name in enumerate(graph.relations)
        if (n := (graph.relation_of == i).sum())
    ]
    if len(classes) <= len(CLASSES):
        handles += [key("o", class_colour(c), f"class {c}") for c in classes]
    return handles


def _alt(title: str, graph: DrawnGraph) -> str:
    nodes = ", ".join(
        f"{int((graph.type_of == i).sum())} {name}" for i, name in enumerate(graph.types)
    )
    edges = ", ".join(
        f"{int((graph.relation_of == i).sum())} {name}" for i, name in enumerate(graph.relations)
    )
    return f"{title}. Nodes: {nodes}. Edges: {edges or 'none'}."
