"""How much of the whole graph's scores each method keeps, by model."""

from __future__ import annotations

from collections.abc import Sequence

from evaluate.report.content import Chapter
from evaluate.report.figures.matrix import heat_map
from evaluate.report.formatting import counted, listed, percent
from evaluate.report.method_summary import MethodSummary, method_summaries, models
from evaluate.report.runs import DatasetRuns
from evaluate.report.tables import MISSING, Table
from evaluate.results.rows import Row
from evaluate.results.table import HEADERS, Line, cells, summarise


def chapter(runs: DatasetRuns) -> Chapter:
    """Retention of every method with every model, as a heat map and as tables."""
    heading = "How much is kept"
    summaries, names = method_summaries(runs.rows), models(runs.rows)
    if not summaries:
        return Chapter(heading)
    condensed = [s for s in summaries if not s.whole]
    retention = [_values(s, names, "retention") for s in condensed]
    figures = ()
    if any(value is not None for values in retention for value in values):
        labels = [s.label for s in condensed]
        figures = (
            heat_map(
                f"{runs.slug}-retention", f"Retention on {runs.title}", labels, names, retention,
                runs.title,
            ),
        )  # fmt: skip
    tables = (
        _retention(runs, condensed, names, "retention", "Retention"),
        _scores(runs, summaries, names),
        _retention(
            runs, condensed, names, "corrected", "Retention above chance",
            "(score − majority) ÷ (whole − majority): 0 for a model that always predicts the most frequent "
            "training class.",
        ),
    )  # fmt: skip
    return Chapter(
        heading,
        paragraphs=(
            "Each model (a column) was trained on each graph (a row) and tested on the whole graph's test "
            "nodes. Retention is its micro-F1 ÷ that of the same model trained on the whole graph.",
        ),
        warnings=tuple(filter(None, [_mixed_settings(runs.rows), _mixed_labels(runs.rows)])),
        figures=figures,
        tables=tuple(filter(None, tables)),
        details=(_lines(runs),),
    )


def _mixed_settings(rows: Sequence[Row]) -> str:
    """Which means are over trainings with different settings; empty if none is."""
    settings_of: dict[tuple[str, str, float], set[str]] = {}
    for row in rows:
        settings_of.setdefault((row.model, row.method, row.ratio), set()).add(row.settings)
    mixed: dict[str, dict[str, None]] = {}
    for (model, method, _), settings in settings_of.items():
        if len(settings) > 1:
            mixed.setdefault(model, {})[method] = None
    if not mixed:
        return ""
    named = listed([f"{model} (on {listed(list(methods))})" for model, methods in mixed.items()])
    return (
        f"These means mix trainings with different settings, which came from several runs: {named}. "
        'The settings are listed under "Settings, seeds, versions"; report the runs separately, or evaluate '
        "again into one folder."
    )


def _mixed_labels(rows: Sequence[Row]) -> str:
    """How many rows were scored with other test labels than the last one; empty if none was."""
    known = [row.test_labels for row in rows if row.test_labels]
    other = sum(labels != known[-1] for labels in known)
    if not other:
        return ""
    verb = "was" if other == 1 else "were"
    return (
        f"{counted(other, 'training')} of {len(rows)} {verb} scored with other test labels than the last, "
        "or on other test nodes, so that their scores cannot be compared; evaluate again into one folder."
    )


def _values(summary: MethodSummary, names: Sequence[str], which: str) -> list[float | None]:
    return [getattr(summary.lines[m], which) if m in summary.lines else None for m in names]


def _retention(
    runs: DatasetRuns,
    condensed: Sequence[MethodSummary],
    names: Sequence[str],
    which: str,
    title: str,
    note: str = "",
) -> Table | None:
    rows = []
    for summary in condensed:
        values = _values(summary, names, which)
        known = [v for v in values if v is not None]
        if known:
            star = "" if len(known) == len(names) else "*"
            mean = percent(sum(known) / len(known) / 100) + star
            texts = [MISSING if v is None else percent(v / 100) for v in values]
            rows.append((summary.label, *texts, mean))
    if not rows:
        return None
    star = (
        " * over the models trained on this graph."
        if any(r[-1].endswith("*") for r in rows)
        else ""
    )
    return Table(
        f"{runs.slug}-{which}-matrix",
        f"{title}, {runs.title}",
        ("trained on", *names, "mean"),
        tuple(rows),
        note=(note + star).strip(),
    )


def _scores(runs: DatasetRuns, summaries: Sequence[MethodSummary], names: Sequence[str]) -> Table:
    def cell(line: Line | None) -> str:
        return MISSING if line is None else f"{line.micro[0]:.1f} ± {line.micro[1]:.1f}"

    return Table(
        f"{runs.slug}-micro-f1",
        f"Micro-F1 in points, {runs.title}",
        ("trained on", *names),
        tuple((s.label, *(cell(s.lines.get(m)) for m in names)) for s in summaries),
        note="Mean ± standard deviation over the seeds of condensing and training.",
    )


def _lines(runs: DatasetRuns) -> Table:
    return Table(
        f"{runs.slug}-lines",
        f"Every model on every graph, {runs.title}",
        HEADERS,
        tuple(cells(line) for line in summarise(runs.rows)),
        left=2,
        note="Mean ± standard deviation over seeds, in points.",
    )
