"""What condensed graphs cost in bytes and seconds, and when condensing pays off."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluate.report.content import Chapter
from evaluate.report.figures.costs import Point, score_against_cost
from evaluate.report.figures.style import ReportFigure
from evaluate.report.formatting import percent
from evaluate.report.method_summary import (
    MethodSummary,
    common_models,
    method_summaries,
    models,
    whole_summary,
)
from evaluate.report.runs import DatasetRuns
from evaluate.report.tables import MISSING, Table
from evaluate.results.table import readable_bytes, seconds, trainings


def chapter(runs: DatasetRuns) -> Chapter:
    """Scores against bytes and seconds, break-even, and sizes."""
    heading = "What it costs"
    summaries = method_summaries(runs.rows)
    if not summaries:
        return Chapter(heading)
    shared = common_models(summaries)
    over = ", ".join(shared) if shared else "those that each graph was evaluated with"
    return Chapter(
        heading,
        figures=_figures(runs, summaries, shared),
        caption=f"Markers: mean over the models ({over}). Lines: from the worst to the best model. The star "
        "and the dashed line are the whole graph.",
        tables=tuple(filter(None, [_break_even(runs, summaries), _sizes(runs, summaries)])),
    )


def _figures(
    runs: DatasetRuns, summaries: Sequence[MethodSummary], shared: Sequence[str]
) -> tuple[ReportFigure, ...]:
    from matplotlib.ticker import FuncFormatter

    kinds = {
        "bytes": (
            "Micro-F1 against bytes",
            "bytes of the graph trained on",
            FuncFormatter(lambda x, _=None: readable_bytes(x)),
        ),
        "seconds": (
            "Micro-F1 against seconds",
            "seconds to condense and to train one model",
            FuncFormatter(lambda x, _=None: f"{x:.3g} s"),
        ),
    }
    figures = []
    for kind, (title, axis, tick) in kinds.items():
        # Without a shared model, each graph's point is over the models that it has.
        points = [_point(s, shared or list(s.lines), kind) for s in summaries]
        # The condensing time of an imported graph is unknown, so it has no place on the axis.
        known = [point for point in points if not math.isnan(point.cost)]
        name = f"{runs.slug}-{kind}"
        figures.append(score_against_cost(name, title, known, axis, tick, runs.title))
    return tuple(figures)


def _point(summary: MethodSummary, names: Sequence[str], kind: str) -> Point:
    lines = [summary.lines[m] for m in names]
    scores = [line.micro[0] for line in lines]
    if kind == "bytes":
        cost = summary.size.bytes
    else:
        cost = sum(line.train_seconds for line in lines) / len(lines)
        cost += summary.size.condense_seconds
    mean = sum(scores) / len(scores)
    return Point(summary.label, max(cost, 1e-9), mean, min(scores), max(scores), summary.whole)


def _break_even(runs: DatasetRuns, summaries: Sequence[MethodSummary]) -> Table | None:
    names = models(runs.rows)
    rows = []
    for s in summaries:
        values = [s.lines[m].break_even if m in s.lines else None for m in names]
        if any(v is not None for v in values):
            rows.append((s.label, *(MISSING if v is None else trainings(v) for v in values)))
    if not rows:
        return None
    return Table(
        f"{runs.slug}-break-even",
        f"Trainings after which condensing has paid off, {runs.title}",
        ("condensed by", *names),
        tuple(rows),
        note="Condensing seconds ÷ (seconds to train on the whole graph − on the condensed one); never where "
        "training on the condensed graph is not cheaper.",
    )


def _sizes(runs: DatasetRuns, summaries: Sequence[MethodSummary]) -> Table:
    whole = whole_summary(summaries)
    rows = []
    for s in summaries:
        line = s.size
        share = MISSING if whole is None else percent(line.bytes / whole.size.bytes, 2)
        rows.append((
            s.label, f"{line.nodes:,.0f}", f"{line.edges:,.0f}", readable_bytes(line.bytes), share,
            MISSING if s.whole else seconds(line.condense_seconds),
        ))  # fmt: skip
    return Table(
        f"{runs.slug}-sizes",
        f"Size and condensing time, {runs.title}",
        ("graph", "nodes", "edges", "bytes", "of the whole", "condense s"),
        tuple(rows),
        note="Uncompressed arrays in float32 and int32, edges and weights included; each feature matrix in "
        "the smaller of its dense and its sparse form.",
    )
