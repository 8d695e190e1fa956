"""What the comparison of all condensers shows, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

from benchmarks.equal_bytes.comparison import TITLES, Comparison
from benchmarks.equal_bytes.table import scores
from benchmarks.field.standing import (
    METHODS,
    SHARES,
    Standing,
    in_rows,
    models_of,
    record,
)
from evaluate.results.rows import WHOLE

NOT_MEASURED = "–"


Known = Mapping[tuple[str, str], Standing]
"""(Data set, method) -> where it stands, see `benchmarks.field.standing.standings`."""


def kept_table(known: Known) -> str:
    """Method × data set -> what is kept of the whole graph's micro-F1, in percent; the best in bold."""
    best = {
        dataset: max((one.kept for (d, _), one in known.items() if d == dataset), default=0.0)
        for dataset in SHARES
    }

    def cell(one: Standing) -> str:
        text = f"{one.kept:.1f}"
        return f"**{text}**" if one.kept == best[one.dataset] else text

    return _by_set(known, "kept, %", cell, mean=lambda one: one.kept)


def seconds_table(known: Known) -> str:
    """Method × data set -> seconds of condensing."""
    return _by_set(known, "seconds", lambda one: f"{one.seconds:.0f}")


def record_table(known: Known) -> str:
    """Wins, ties and losses of every method against all others, the most successful first."""
    tallies = record(known)
    lines = [["method", "wins – ties – losses", "won, of decided"], ["---", "---:", "---:"]]

    def won(method: str) -> float:
        decided = tallies[method].wins + tallies[method].losses
        return tallies[method].wins / decided if decided else 0.5

    for method in sorted(tallies, key=won, reverse=True):
        lines.append([f"`{method}`", str(tallies[method]), f"{100 * won(method):.0f} %"])
    return _markdown(lines)


def scores_table(known: Known, dataset: str) -> str:
    """Micro-F1 in points of every method with every model on one data set, and why others are left out."""
    comparison, models = Comparison(dataset, SHARES[dataset], usual=True), models_of(dataset)
    lines = [
        ["micro-F1", "nodes", "kB", *models, "kept, %", "seconds"],
        ["---", *["---:"] * (len(models) + 4)],
    ]
    whole = comparison.kept(WHOLE, models)
    lines.append(["whole graph", "", "", *(scores(whole[m]) for m in models), "", ""])
    for method in METHODS:
        rows = comparison.kept(in_rows(dataset, method), models)
        found = [row for m in models for row in rows[m]]
        if not found:
            continue
        one = known.get((dataset, method))
        lines.append(
            [
                f"`{in_rows(dataset, method)}`",
                f"{found[0].nodes:,}",
                f"{found[0].bytes / 1000:,.0f}",
                *(scores(rows[m]) for m in models),
                f"{one.kept:.1f}" if one else NOT_MEASURED,
                f"{found[0].condense_seconds:.0f}",
            ]
        )
    missing = [(m, comparison.reason(in_rows(dataset, m))) for m in METHODS]
    notes = [f"- `{method}` is left out: {reason}" for method, reason in missing if reason]
    return "\n\n".join([_markdown(lines), *(["\n".join(notes)] if notes else [])])


def _by_set(
    known: Known,
    title: str,
    cell: Callable[[Standing], str],
    mean: Callable[[Standing], float] | None = None,
) -> str:
    """A line a method, a column a data set; methods that are measured on all sets get a mean."""
    sets = [dataset for dataset in SHARES if any(d == dataset for d, _ in known)]
    lines = [
        [title, *(TITLES[dataset] for dataset in sets), *(["mean"] if mean else [])],
        ["---", *["---:"] * (len(sets) + bool(mean))],
    ]
    for method in METHODS:
        mine = [known.get((dataset, method)) for dataset in sets]
        there = [one for one in mine if one is not None]
        if not there:
            continue
        line = [f"`{method}`", *(cell(one) if one else NOT_MEASURED for one in mine)]
        if mean:
            complete = len(there) == len(sets)
            line.append(f"{statistics.fmean(map(mean, there)):.1f}" if complete else NOT_MEASURED)
        lines.append(line)
    return _markdown(lines)


def _markdown(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
