"""How much of the whole graph's scores each method keeps, by model."""

from __future__ import annotations

from collections.abc import Sequence

from evaluate.report.content import Chapter
from evaluate.report.figures.matrix import heat_map
from evaluate.report.formatting import counted, listed, percent
from evaluate.report.method_summary import MethodSummary, method_summaries, models
from evaluate.report.runs import DatasetRuns
from evaluate.report.tables import MISSING, Table
from evaluate.results.rising_mark import RISING, marked, note_for
from evaluate.results.rows import WHOLE, Row
from evaluate.results.table import HEADERS, Line, cells, score_text, summarise

RISING_COLUMNS = f"{RISING} On the whole graph, this model was still rising when training ended."


def chapter(runs: DatasetRuns) -> Chapter:
    """Retention of every method with every model, as a heat map and as tables."""
    heading = "How much is kept"
    summaries, names = method_summaries(runs.rows), models(runs.rows)
    if not summaries:
        return Chapter(heading)
    condensed = [s for s in summaries if not s.whole]
    retention = [_values(s, names, "retention") for s in condensed]
    figures, caption = (), ""
    if any(value is not None for values in retention for value in values):
        labels = [s.label for s in condensed]
        rising = {m for s in condensed for m in s.whole_rising(names)}
        columns = [marked(m, m in rising) for m in names]
        caption = RISING_COLUMNS if rising else ""
        figures = (
            heat_map(
                f"{runs.slug}-retention", f"Retention on {runs.title}", labels, columns, retention,
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
        warnings=tuple(filter(None, [warn(runs.rows) for warn in WARNINGS])),
        figures=figures,
        caption=caption,
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


def _rising(rows: Sequence[Row]) -> str:
    """Which models were still rising when a training on the whole graph ended; empty if none was."""
    whole = [row for row in rows if row.trained_on == WHOLE]
    parts = []
    for model in models(whole):
        of_model = [bool(row.rising) for row in whole if row.model == model]
        if any(of_model):
            parts.append(f"{model} ({sum(of_model)} of {counted(len(of_model), 'training')})")
    if not parts:
        return ""
    return (
        "The validation score was still rising when training on the whole graph ended, so that retention may "
        f"be too high: {listed(parts)}; evaluate with more --epochs."
    )


WARNINGS = (_mixed_settings, _mixed_labels, _rising)
"""Functions of the rows; each returns a sentence, or an empty text."""


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
            rising = summary.whole_rising(names)
            mean = marked(percent(sum(known) / len(known) / 100) + star, bool(rising))
            texts = [
                MISSING if v is None else marked(percent(v / 100), m in rising)
                for m, v in zip(names, values, strict=True)
            ]
            rows.append((summary.label, *texts, mean))
    if not rows:
        return None
    star = "* over the models trained on this graph." if any("*" in r[-1] for r in rows) else ""
    return Table(
        f"{runs.slug}-{which}-matrix",
        f"{title}, {runs.title}",
        ("trained on", *names, "mean"),
        tuple(rows),
        note=" ".join(filter(None, (note, star, note_for(rows)))),
    )


def _scores(runs: DatasetRuns, summaries: Sequence[MethodSummary], names: Sequence[str]) -> Table:
    def cell(line: Line | None) -> str:
        return MISSING if line is None else score_text(line)

    rows = tuple((s.label, *(cell(s.lines.get(m)) for m in names)) for s in summaries)
    note = "Mean ± standard deviation over the seeds of condensing and training."
    return Table(
        f"{runs.slug}-micro-f1",
        f"Micro-F1 in points, {runs.title}",
        ("trained on", *names),
        rows,
        note=f"{note} {note_for(rows)}".strip(),
    )


def _lines(runs: DatasetRuns) -> Table:
    rows = tuple(cells(line) for line in summarise(runs.rows))
    return Table(
        f"{runs.slug}-lines",
        f"Every model on every graph, {runs.title}",
        HEADERS,
        rows,
        left=2,
        note=f"Mean ± standard deviation over seeds, in points. {note_for(rows)}".strip(),
    )
