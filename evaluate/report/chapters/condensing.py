"""How the condensed graphs came about: their sizes, the stages' costs, and what was watched."""

from __future__ import annotations

from collections.abc import Sequence

from condense.data.condensed import Provenance
from condense.data.graph import num_bytes, num_target
from condense.inspecting.describe import warnings
from evaluate.report.content import Chapter
from evaluate.report.figures.curves import Curve, curves
from evaluate.report.gather import GraphFile, Section
from evaluate.report.tables import Table
from evaluate.report.words import percent
from evaluate.results.table import UNKNOWN, readable_bytes, seconds

MOST_CURVES = 6


def condensing(section: Section) -> Chapter:
    """Curves of the runs that have a history, and a table of all of them."""
    graphs = section.graphs
    watched = [g for g in graphs if g.condensed.provenance.history]
    shown = watched[:MOST_CURVES]
    figures = (
        tuple(curves(section.slug, [_curve(g, shown) for g in shown], section.title))
        if shown
        else ()
    )
    notes = [f"{g.path.name}: {said}." for g in graphs for said in warnings(g.condensed)]
    notes += [
        f"{run_label(g, graphs)}: the start is what was kept, since no step did better on validation nodes."
        for g in watched
        if g.condensed.provenance.measures.get("best_step") == 0
    ]
    if len(watched) > len(shown):
        notes.append(f"Curves of the first {len(shown)} of {len(watched)} runs are drawn.")
    caption = ""
    if figures:
        caption = (
            "What the condenser logged. The dot marks the state that was kept, the best on validation nodes. "
            "A conflict rate says something only beside the rate of randomly rotated modalities (dashed)."
        )
    return Chapter(
        "condensing",
        "How it was condensed",
        notes=tuple(notes),
        figures=figures,
        caption=caption,
        tables=(_graphs(section),) if graphs else (),
        details=(_stages(section),) if graphs else (),
    )


def run_label(graph: GraphFile, among: Sequence[GraphFile]) -> str:
    """The method; the seed where several runs have one, and the ratio where they differ in it."""
    same = [g for g in among if g.label == graph.label]
    p = graph.condensed.provenance
    label = graph.label
    if len({g.condensed.provenance.ratio for g in same}) > 1:
        label += f" at {percent(p.ratio, 2)}"
    if len({g.condensed.provenance.seed for g in same}) > 1:
        label += f", seed {p.seed}"
    return label


def _curve(graph: GraphFile, among: Sequence[GraphFile]) -> Curve:
    p = graph.condensed.provenance
    history, measures = p.history, p.measures
    if "start_val_score" in measures and "val_score" in history[0] and history[0].get("step"):
        history = [{"step": 0.0, "val_score": measures["start_val_score"]}, *history]
    marks = {}
    if "best_step" in measures and "best_val_score" in measures:
        marks = {"val_score": (measures["best_step"], measures["best_val_score"])}
    return Curve(run_label(graph, among), history, marks)


def _graphs(section: Section) -> Table:
    rows = []
    for g in section.graphs:
        graph, p = g.condensed.graph, g.condensed.provenance
        rows.append((
            g.path.name, g.label, str(p.seed), f"{num_target(graph):,}",
            percent(p.ratio, 2), percent(p.ratio_train, 2),
            f"{sum(int(graph[t].num_nodes) for t in graph.node_types):,}",
            f"{sum(graph[r].edge_index.size(1) for r in graph.edge_types):,}",
            readable_bytes(num_bytes(graph)), seconds(p.condense_seconds),
            _peak(p), p.device,
        ))  # fmt: skip
    target = section.graphs[0].condensed.graph.target
    return Table(
        f"{section.slug}-condensed",
        f"Condensed graphs, {section.title}",
        ("file", "method", "seed", f"{target} nodes", "of all", "of training", "nodes", "edges",
         "bytes", "seconds", "peak MiB", "device"),
        tuple(rows),
        left=2,
        note=f"Nodes of all types together; both ratios are of {target} nodes.",
    )  # fmt: skip


def _stages(section: Section) -> Table:
    rows = [
        (run_label(g, section.graphs), s["name"], f"{s['seconds']:.2f}", f"{s['peak_bytes'] / 2**20:,.0f}")
        for g in section.graphs
        for s in g.condensed.provenance.stages
    ]  # fmt: skip
    return Table(
        f"{section.slug}-stages",
        f"Stages of condensing, {section.title}",
        ("run", "stage", "seconds", "peak MiB"),
        tuple(rows),
        left=2,
    )


def _peak(made: Provenance) -> str:
    """The greatest memory of all stages in MiB; graphs that were imported have none on record."""
    peaks = [stage["peak_bytes"] for stage in made.stages]
    return f"{max(peaks) / 2**20:,.0f}" if peaks else UNKNOWN
