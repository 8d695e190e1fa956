"""Architecture searches: their results, and whether cheap trainings rank as the whole graph does."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from evaluate.report.content import Chapter
from evaluate.report.figures.search import agreement
from evaluate.report.figures.style import ReportFigure
from evaluate.report.runs import DatasetRuns
from evaluate.report.search_folder import CHEAP_TRAININGS, Estimate, SearchFolder, is_number
from evaluate.report.tables import MISSING, Table
from evaluate.results.rows import Row

MOST_TRIALS = 15
TRIAL_COLUMNS = ("trial", "model", "settings", "score", "epochs", "train_seconds", "status")


def chapter(runs: DatasetRuns) -> Chapter:
    """Every search of the data set: sentences, scatter plots, and tables of agreement, top and trials."""
    figures: list[ReportFigure] = []
    tables: list[Table] = []
    details: list[Table] = []
    paragraphs = []
    for i, search in enumerate(runs.searches):
        slug = f"{runs.slug}-search" + (f"-{i}" if len(runs.searches) > 1 else "")
        title, prefix = f"{search.path.name}, {runs.title}", runs.prefix_of(search)
        figures += _scatters(slug, search, prefix, runs.title)
        tables += filter(None, [_agreement(slug, title, search), _top(slug, title, search)])
        details += filter(None, [_trials(slug, title, search)])
        paragraphs += [prefix + sentence for sentence in _sentences(search)]
    caption = (
        "One marker for each architecture: its validation score after the cheap training (across) and after "
        "training on the whole graph (up)."
    )
    return Chapter(
        "Architecture search",
        paragraphs=tuple(paragraphs),
        figures=tuple(figures),
        caption=caption if figures else "",
        tables=tuple(tables),
        details=tuple(details),
    )


def _scatters(slug: str, search: SearchFolder, prefix: str, corner: str) -> list[ReportFigure]:
    figures = []
    for kind, name in CHEAP_TRAININGS.items():
        names, cheap, whole = search.pairs(kind)
        if not names:
            continue
        tau = search.kendall(kind)
        subject = name if prefix else name.capitalize()
        figures.append(
            agreement(
                f"{slug}-{kind}", f"{prefix}{subject} against whole graph, validation micro-F1", names,
                cheap, whole, "τ unknown" if tau is None else f"τ = {tau}", name, corner,
            )
        )  # fmt: skip
    return figures


def _sentences(search: SearchFolder) -> list[str]:
    verification, sentences = search.verification, []
    scores = [float(row["score"]) for row in search.trials if is_number(row["score"])]
    if scores:
        spent = search.record.get("search_seconds")
        within = "" if spent is None else f" in {spent:,.0f} s"
        sentences.append(
            f"{len(scores)} trials were scored{within}; the best has a validation micro-F1 of "
            f"{100 * max(scores):.1f}."
        )
    spread = verification.get("spread")
    if isinstance(spread, Mapping) and None not in (spread.get("low"), spread.get("high")):
        sentences.append(
            f"On the whole graph the architectures' validation micro-F1 lies between {spread['low']:.1f} and "
            f"{spread['high']:.1f}. Nothing can rank those that are nearly tied there."
        )
    every, measured = verification.get("architectures"), verification.get("measured")
    if every and measured and measured < every:
        sentences.append(
            f"{measured} of {every} architectures were trained on the whole graph; the seconds of the others "
            "are extrapolated."
        )
    return sentences


def _agreement(slug: str, title: str, search: SearchFolder) -> Table | None:
    rows = []
    for kind, name in CHEAP_TRAININGS.items():
        quality, count = search.quality(kind), len(search.pairs(kind)[0])
        if not quality and not count:
            continue
        rows.append((
            name,
            str(count) if count else MISSING,
            str(search.kendall(kind) or MISSING),
            str(Estimate.of(quality.get("spearman")) or MISSING),
            *(_tenth(quality.get(field)) for field in ("regret", "regret_top")),
            *(_tenth(quality.get(field), "×") for field in ("speed_up", "speed_up_top", "speed_up_training")),
        ))  # fmt: skip
    if not rows:
        return None
    counts = {k for kind in CHEAP_TRAININGS if (k := search.quality(kind).get("top")) is not None}
    top = f"top {counts.pop()}" if len(counts) == 1 else "the top"
    return Table(
        f"{slug}-agreement",
        f"Agreement with the whole graph: {title}",
        ("cheap training on", "architectures", "Kendall τ", "Spearman ρ", "regret", f"regret of {top}",
         "speed-up", f"with {top}", "of training"),
        tuple(rows),
        note="In brackets: 95 % bootstrap intervals. Regret: points of test micro-F1 lost by taking the "
        f"architecture that the cheap training ranks first; of {top}: by taking the one with the best "
        "validation score on the whole graph. Speed-up counts condensing, training and validation; with "
        f"{top}: also training these on the whole graph; of training: without validation on either side.",
    )  # fmt: skip


def _tenth(value: float | None, unit: str = "") -> str:
    """The value to a tenth, or the mark for a missing one."""
    return MISSING if value is None else f"{value:.1f}{unit}"


def _top(slug: str, title: str, search: SearchFolder) -> Table | None:
    """The architectures retrained on the whole graph: mean ± standard deviation over seeds."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in search.top:
        groups.setdefault((row.model, row.settings), []).append(row)
    rows = [
        (
            str(rank), model, settings, _spread([r.val_micro_f1 for r in group]),
            _spread([r.micro_f1 for r in group]), _spread([r.macro_f1 for r in group]),
            f"{statistics.fmean(r.train_seconds for r in group):.2f}",
        )
        for rank, ((model, settings), group) in enumerate(groups.items(), 1)
    ]  # fmt: skip
    if not rows:
        return None
    return Table(
        f"{slug}-top",
        f"Top architectures, retrained on the whole graph: {title}",
        ("rank", "model", "settings", "validation micro-F1", "test micro-F1", "test macro-F1", "train s"),
        tuple(rows),
        left=3,
        note="In the order of the search, which used no test score.",
    )  # fmt: skip


def _trials(slug: str, title: str, search: SearchFolder) -> Table | None:
    scored = [row for row in search.trials if is_number(row["score"])]
    best = sorted(scored, key=lambda row: -float(row["score"]))[:MOST_TRIALS]
    if not best:
        return None
    columns = [name for name in TRIAL_COLUMNS if name in best[0]]
    return Table(
        f"{slug}-trials",
        f"Best {len(best)} of {len(search.trials)} trials: {title}",
        tuple(name.replace("_", " ") for name in columns),
        tuple(tuple(_trial_cell(name, row[name]) for name in columns) for row in best),
        left=3,
        note="score: best micro-F1 on the whole graph's validation nodes of the model trained on the "
        "condensed graph.",
    )


def _trial_cell(name: str, text: str) -> str:
    if name == "score":
        return f"{100 * float(text):.1f}"
    return f"{float(text):.2f}" if name == "train_seconds" and text else text


def _spread(values: Sequence[float]) -> str:
    mean = f"{100 * statistics.fmean(values):.1f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * statistics.stdev(values):.1f}"
