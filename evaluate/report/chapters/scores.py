"""How much of the whole graph's scores is kept, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluate.report.content import Chapter
from evaluate.report.figures.costs import Point, against
from evaluate.report.figures.matrix import heat_map
from evaluate.report.gather import Section
from evaluate.report.method_summary import MethodSummary, common_models, method_summaries, models
from evaluate.report.tables import Table
from evaluate.report.words import listed, percent
from evaluate.results.table import (
    HEADERS,
    Line,
    cells,
    readable_bytes,
    seconds,
    summarise,
    trainings,
)

MISSING = "–"


def kept(section: Section) -> Chapter:
    """Retention of every method with every model, as a map and as tables."""
    found, names = method_summaries(section.rows), models(section.rows)
    if not found:
        return Chapter("kept", "How much is kept")
    small = [s for s in found if not s.whole]
    matrix = [[s.lines[m].retention if m in s.lines else None for m in names] for s in small]
    figures = ()
    if any(v is not None for row in matrix for v in row):
        title = f"Retention on {section.title}"
        labels = [s.label for s in small]
        figures = (
            heat_map(f"{section.slug}-retention", title, labels, names, matrix, section.title),
        )
    return Chapter(
        "kept",
        "How much is kept",
        said=(
            "Each model (a column) was trained on each graph (a row) and tested on the whole graph's test "
            "nodes. Retention is its micro-F1 ÷ that of the same model trained on the whole graph.",
        ),
        notes=tuple(filter(None, [_mixed(section)])),
        figures=figures,
        tables=tuple(
            filter(
                None,
                [
                    _retention(section, small, names, "retention", "Retention", ""),
                    _scores(section, found, names),
                    _retention(
                        section,
                        small,
                        names,
                        "corrected",
                        "Retention above chance",
                        "(score − majority) ÷ (whole − majority): 0 for a model that always answers the most "
                        "frequent training class.",
                    ),
                ],
            )
        ),
        details=(
            Table(
                f"{section.slug}-lines",
                f"Every model on every graph, {section.title}",
                HEADERS,
                tuple(cells(line) for line in summarise(section.rows)),
                left=2,
                note="Mean ± standard deviation over seeds, in points.",
            ),
        ),
    )


def costs(section: Section) -> Chapter:
    """Scores against bytes and seconds, and after how many trainings condensing has paid off."""
    found = method_summaries(section.rows)
    if not found:
        return Chapter("costs", "What it costs")
    shared = common_models(found)
    # Runs put together may share no model; every method then stands for those that it has.
    shown = [(s, shared or list(s.lines)) for s in found]
    # What an imported graph took to condense is unknown, so against seconds it has no place.
    figures = tuple(
        against(
            f"{section.slug}-{name}",
            title,
            [p for s, names in shown if not math.isnan((p := _point(s, names, name)).cost)],
            axis,
            tick,
            section.title,
        )
        for name, title, axis, tick in (
            ("bytes", "Micro-F1 against bytes", "bytes of the graph trained on", _bytes_tick()),
            (
                "seconds",
                "Micro-F1 against seconds",
                "seconds to condense and to train one model",
                _seconds_tick(),
            ),
        )
    )
    over = ", ".join(shared) if shared else "those that each graph was evaluated with"
    return Chapter(
        "costs",
        "What it costs",
        figures=figures,
        caption=f"Marks: mean over the models ({over}); lines: from the worst to the best of them. The "
        "star and the dashed line are the whole graph.",
        tables=tuple(filter(None, [_break_even(section, found), _sizes(section, found)])),
    )


def _mixed(section: Section) -> str:
    """Which means are over trainings with different settings; empty if none is."""
    found: dict[tuple[str, str, float], set[str]] = {}
    for row in section.rows:
        found.setdefault((row.model, row.method, row.ratio), set()).add(row.settings)
    on: dict[str, dict[str, None]] = {}
    for (model, method, _), settings in found.items():
        if len(settings) > 1:
            on.setdefault(model, {})[method] = None
    if not on:
        return ""
    named = listed([f"{model} (on {listed(list(methods))})" for model, methods in on.items()])
    return (
        f"These means mix trainings with different settings, which came from several runs: {named}. The "
        "settings are listed at the end of the section; report the runs apart, or evaluate again into one "
        "folder."
    )


def _retention(
    section: Section,
    small: Sequence[MethodSummary],
    names: Sequence[str],
    which: str,
    title: str,
    note: str,
) -> Table | None:
    rows = []
    for summary in small:
        values = [getattr(summary.lines[m], which) if m in summary.lines else None for m in names]
        known = [v for v in values if v is not None]
        if known:
            mean = percent(sum(known) / len(known) / 100) + (
                "" if len(known) == len(names) else "*"
            )
            said = [MISSING if v is None else percent(v / 100) for v in values]
            rows.append((summary.label, *said, mean))
    if not rows:
        return None
    star = " * over the models that there are." if any(r[-1].endswith("*") for r in rows) else ""
    return Table(
        f"{section.slug}-{which}-matrix",
        f"{title}, {section.title}",
        ("trained on", *names, "mean"),
        tuple(rows),
        note=(note + star).strip(),
    )


def _scores(section: Section, found: Sequence[MethodSummary], names: Sequence[str]) -> Table:
    def said(line: Line | None) -> str:
        return MISSING if line is None else f"{line.micro[0]:.1f} ± {line.micro[1]:.1f}"

    return Table(
        f"{section.slug}-micro-f1",
        f"Micro-F1 in points, {section.title}",
        ("trained on", *names),
        tuple((s.label, *(said(s.lines.get(m)) for m in names)) for s in found),
        note="Mean ± standard deviation over seeds of condensing and training.",
    )


def _break_even(section: Section, found: Sequence[MethodSummary]) -> Table | None:
    names = models(section.rows)
    rows = []
    for s in found:
        values = [s.lines[m].break_even if m in s.lines else None for m in names]
        if any(v is not None for v in values):
            rows.append((s.label, *(MISSING if v is None else trainings(v) for v in values)))
    if not rows:
        return None
    return Table(
        f"{section.slug}-break-even",
        f"Trainings after which condensing has paid off, {section.title}",
        ("condensed by", *names),
        tuple(rows),
        note="Condensing seconds ÷ (seconds to train on the whole graph − on the condensed one); never where "
        "training on the condensed graph is not cheaper.",
    )


def _sizes(section: Section, found: Sequence[MethodSummary]) -> Table:
    whole = next((s for s in found if s.whole), None)
    rows = []
    for s in found:
        line = s.one
        share = MISSING if whole is None else percent(line.bytes / whole.one.bytes, 2)
        rows.append((
            s.label, f"{line.nodes:,.0f}", f"{line.edges:,.0f}", readable_bytes(line.bytes), share,
            MISSING if s.whole else seconds(line.condense_seconds),
        ))  # fmt: skip
    return Table(
        f"{section.slug}-sizes",
        f"Size and condensing time, {section.title}",
        ("graph", "nodes", "edges", "bytes", "of the whole", "condense s"),
        tuple(rows),
        note="Uncompressed arrays in float32 and int32, edges and weights included; each feature matrix in "
        "the smaller of its dense and its sparse form.",
    )


def _point(summary: MethodSummary, names: Sequence[str], cost: str) -> Point:
    lines = [summary.lines[m] for m in names]
    scores = [line.micro[0] for line in lines]
    if cost == "bytes":
        value = summary.one.bytes
    else:
        value = sum(line.train_seconds for line in lines) / len(lines)
        value += summary.one.condense_seconds
    mean = sum(scores) / len(scores)
    return Point(summary.label, max(value, 1e-9), mean, min(scores), max(scores), summary.whole)


def _bytes_tick():
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda x, _=None: readable_bytes(x))


def _seconds_tick():
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda x, _=None: f"{x:.3g} s")
