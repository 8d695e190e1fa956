"""How the graphs were condensed: what was logged, their sizes, and the cost of each stage."""

from __future__ import annotations

from collections.abc import Sequence

from condense.data.condensed import Provenance
from condense.data.graph import num_bytes, num_target
from condense.inspecting.describe import warnings
from evaluate.report.content import Chapter
from evaluate.report.figures.curves import Curve, curves
from evaluate.report.formatting import percent
from evaluate.report.runs import DatasetRuns, GraphFile, run_label
from evaluate.report.tables import Table
from evaluate.results.table import UNKNOWN, readable_bytes, seconds

MOST_CURVES = 6


def chapter(runs: DatasetRuns) -> Chapter:
    """Curves of the graphs with a history, and a table of all graphs."""
    graphs = runs.graphs
    logged = [g for g in graphs if g.condensed.provenance.history]
    shown = logged[:MOST_CURVES]
    figures = (
        tuple(curves(runs.slug, [_curve(g, shown) for g in shown], runs.title)) if shown else ()
    )
    notes = [f"{g.path.name}: {warning}." for g in graphs for warning in warnings(g.condensed)]
    notes += [
        f"{run_label(g, graphs)}: the initial graph was kept, because no step did better on validation nodes."
        for g in logged
        if g.condensed.provenance.measures.get("best_step") == 0
    ]
    if len(logged) > len(shown):
        notes.append(f"Curves of the first {len(shown)} of {len(logged)} runs are drawn.")
    caption = ""
    if figures:
        caption = (
            "What the condenser logged. The dot marks the state that was kept, the best on validation nodes. "
            "Compare the conflict rate with that of randomly rotated modalities (dashed)."
        )
    return Chapter(
        "How it was condensed",
        notes=tuple(notes),
        figures=figures,
        caption=caption,
        tables=(_graphs(runs),) if graphs else (),
        details=(_stages(runs),) if graphs else (),
    )


def _curve(graph: GraphFile, among: Sequence[GraphFile]) -> Curve:
    p = graph.condensed.provenance
    history = p.history
    measures = {k: v for k, v in p.measures.items() if isinstance(v, int | float)}
    if "start_val_score" in measures and "val_score" in history[0] and history[0].get("step"):
        history = [{"step": 0.0, "val_score": measures["start_val_score"]}, *history]
    marks = {}
    if "best_step" in measures and "best_val_score" in measures:
        marks = {"val_score": (measures["best_step"], measures["best_val_score"])}
    return Curve(run_label(graph, among), history, marks)


def _graphs(runs: DatasetRuns) -> Table:
    rows = []
    for g in runs.graphs:
        graph, p = g.condensed.graph, g.condensed.provenance
        rows.append((
            g.path.name, g.label, str(p.seed), f"{num_target(graph):,}",
            percent(p.ratio, 2), percent(p.ratio_train, 2),
            f"{sum(int(graph[t].num_nodes) for t in graph.node_types):,}",
            f"{sum(graph[r].edge_index.size(1) for r in graph.edge_types):,}",
            readable_bytes(num_bytes(graph)), seconds(p.condense_seconds),
            _peak(p), p.device,
        ))  # fmt: skip
    target = runs.graphs[0].condensed.graph.target
    return Table(
        f"{runs.slug}-condensed",
        f"Condensed graphs, {runs.title}",
        ("file", "method", "seed", f"{target} nodes", "of all", "of training", "nodes", "edges",
         "bytes", "seconds", "peak MiB", "device"),
        tuple(rows),
        left=2,
        note=f"Nodes are of all types together; both ratios are of {target} nodes.",
    )  # fmt: skip


def _stages(runs: DatasetRuns) -> Table:
    rows = [
        (run_label(g, runs.graphs), s["name"], f"{s['seconds']:.2f}", f"{s['peak_bytes'] / 2**20:,.0f}")
        for g in runs.graphs
        for s in g.condensed.provenance.stages
    ]  # fmt: skip
    return Table(
        f"{runs.slug}-stages",
        f"Stages of condensing, {runs.title}",
        ("run", "stage", "seconds", "peak MiB"),
        tuple(rows),
        left=2,
    )


def _peak(provenance: Provenance) -> str:
    """The largest memory of all stages in MiB; unknown for imported graphs."""
    peaks = [stage["peak_bytes"] for stage in provenance.stages]
    return f"{max(peaks) / 2**20:,.0f}" if peaks else UNKNOWN
