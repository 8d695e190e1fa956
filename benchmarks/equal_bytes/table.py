"""Comparisons as tables: scores, what is kept of the whole graph's, and how far one method is ahead."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.equal_bytes.comparison import (
    LARGE,
    METHODS,
    MODELS,
    MODELS_OF_MEANS,
    OURS,
    TITLES,
    Comparison,
)
from benchmarks.equal_bytes.settings import further_settings, settings_of
from evaluate.results.paired import PairedDifference
from evaluate.results.rising_mark import RISING
from evaluate.results.rows import WHOLE, Row

SPACE = "\N{NO-BREAK SPACE}"
HEADLINE = {
    "random": "random",
    "kmeans:labels=pseudo": "k\N{NON-BREAKING HYPHEN}means, guessed",
    "coarsening": "coarsening",
    "mixture:spread=off": "mixture, means alone",
    OURS: "**mixture, with spread**",
}
"""Method -> its column of the headline; OURS is the last."""
STARTS = {"srgm": "mixture:spread=off", "srgm:spread=on": "mixture:spread=on"}
"""Gradient matching -> the same clusters without it."""


def headline(page: str, share: float = 0.01) -> str:
    """One line per data set: what models trained on each method's graphs keep on the mean, as Markdown.

    Args:
        page: address of the page with all numbers.
        share: of the bytes.
    """
    columns = ("data set", *HEADLINE.values(), "worst – best model")
    lines = [columns, ("---", *["---:"] * (len(columns) - 1))]
    for dataset in LARGE:
        comparison = Comparison(dataset, share)
        kept = {m: comparison.retention(m, MODELS_OF_MEANS) for m in HEADLINE}
        means = [f"{statistics.fmean(kept[m].values()):.1f}" for m in HEADLINE]
        means[-1] = f"**{means[-1]}**"
        worst, best = min(kept[OURS].values()), max(kept[OURS].values())
        lines.append(
            (f"[{TITLES[dataset]}]({page})", *means, f"{worst:.0f}{SPACE}–{SPACE}{best:.0f}")
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(comparison: Comparison, models: Sequence[str]) -> str:
    """Micro-F1 in points and retention of every method, and how far OURS is ahead of each, as Markdown."""
    whole, ours = comparison.kept(WHOLE, models), comparison.kept(OURS, models)
    lines = [
        ["micro-F1", "nodes", "kB", "seeds", *models, "kept, mean", f"`{OURS}` ahead by"],
        ["---", *["---:"] * (len(models) + 5)],
        ["whole graph", "", "", "1", *(scores(whole[m]) for m in models), "", ""],
    ]
    for method in METHODS:
        mine = comparison.kept(method, models)
        known = [row for rows in mine.values() for row in rows]
        if not known:
            continue
        shares = comparison.retention(method, models)
        kept = f"{statistics.fmean(shares.values()):.1f} %" if len(shares) == len(models) else "–"
        counts = sorted({len(rows) for rows in mine.values() if rows})
        lines.append(
            [
                f"`{method}`",
                f"{known[0].nodes:,}",
                f"{known[0].bytes / 1000:,.0f}",
                "–".join(str(n) for n in dict.fromkeys((counts[0], counts[-1]))),
                *(scores(mine[m]) for m in models),
                kept,
                "" if method == OURS else _ahead(ours, mine, models),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def matching(share: float = 0.01) -> str:
    """What gradient matching adds to the clusters and the spread that it starts from, as Markdown.

    Args:
        share: of the bytes.
    """
    models = MODELS_OF_MEANS
    lines = [
        ["points of micro-F1", *(TITLES[dataset] for dataset in LARGE)],
        ["---", *["---:"] * len(LARGE)],
    ]
    for method, start in STARTS.items():
        cells = []
        for dataset in LARGE:
            comparison = Comparison(dataset, share)
            ours, theirs = comparison.kept(method, models), comparison.kept(start, models)
            cells.append(_ahead(ours, theirs, models))
        lines.append([f"`{method}` over `{start}`", *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def regularisation(share: float = 0.01) -> str:
    """What little regularisation is worth on the whole graph, on draws and on means, as Markdown.

    Args:
        share: of the bytes.
    """
    models = [m for m in MODELS if m != "sgc" and further_settings(OURS, m)]
    lines = [["micro-F1, usual → little", *models], ["---", *["---:"] * len(models)]]
    for dataset in LARGE:
        comparison = Comparison(dataset, share)
        for method in (WHOLE, OURS, STARTS["srgm"]):
            cells = []
            for model in models:
                usual = comparison.preferred(method, model, settings_of(method, model))
                little = comparison.preferred(method, model, further_settings(method, model))
                pair = f"{scores(usual[:1])} → {scores(little[:1])}"  # Of seed 0.
                cells.append(pair if usual and little else "–")
            name = "whole graph" if method == WHOLE else f"`{method}`"
            lines.append([f"{TITLES[dataset]}, {name}", *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def scores(rows: Sequence[Row]) -> str:
    """Mean and standard deviation in points; a mark where a training ended while it was rising."""
    if not rows:
        return "–"
    points = [100 * row.micro_f1 for row in rows]
    spread = f" ± {statistics.stdev(points):.1f}" if len(points) > 1 else ""
    return f"{statistics.fmean(points):.1f}{spread}{RISING if any(r.rising for r in rows) else ''}"


def _ahead(ours: dict[str, list[Row]], theirs: dict[str, list[Row]], models: Sequence[str]) -> str:
    """The mean difference over models, paired by seed."""
    seeds = set.intersection(
        *({r.train_seed for r in rows[m]} for rows in (ours, theirs) for m in models)
    )
    if not seeds:
        return "–"

    def means(rows: dict[str, list[Row]]) -> list[float]:
        return [
            statistics.fmean(100 * r.micro_f1 for m in models for r in rows[m] if r.train_seed == s)
            for s in sorted(seeds)
        ]

    difference = PairedDifference.of(means(ours), means(theirs))
    lead = f"{difference.mean:+.1f}".replace("-", "\N{MINUS SIGN}")
    if difference.count == 1:
        return f"{lead} (1 seed)"
    return f"{lead} ± {difference.half:.1f} ({difference.count} seeds)"
