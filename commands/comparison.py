"""The results of a comparison, as printed tables and as plain values for JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from commands.terminal import console

if TYPE_CHECKING:
    from evaluate.results.comparisons import Comparison
    from evaluate.results.rows import Row
    from evaluate.results.store import Failure


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the tables of one whole graph, or a note if there are no rows."""
    from evaluate.results.comparisons import as_grid, as_list, compare
    from evaluate.results.table import as_graphs, as_text, summarise

    console.print(f"\n{title}\n", style="bold", markup=False)
    if not rows:
        console.print("No training has finished.")
        return
    lines = summarise(rows)
    console.print(as_text(lines), markup=False)
    console.print(f"\n{as_graphs(lines)}", markup=False)
    mean, single = compare(rows), compare(rows, by_model=True)
    if mean:
        console.print(
            f"\n{mean[0].method} over its baselines, micro-F1 on the mean over the models, in points:\n\n"
            f"{as_list(mean)}\n\n{_corrected(mean)}{_shared(mean, rows)}",
            markup=False,
        )
    if len({comparison.model for comparison in single}) > 1:
        console.print(
            f"\nmodel by model; * marks p ≤ 0.05:\n\n{as_grid(single)}\n\n{_corrected(single)}",
            markup=False,
        )


def _corrected(family: Sequence[Comparison]) -> str:
    count = len(family)
    if count == 1:
        return "95 % interval of the mean paired difference and its p-value; one comparison."
    return (
        f"95 % intervals of mean paired differences (Bonferroni) and p-values (Holm), corrected for "
        f"{count} comparisons."
    )


def _shared(family: Sequence[Comparison], rows: Sequence[Row]) -> str:
    """A warning if fewer graphs were condensed than there are pairs; else ""."""
    for comparison in family:
        key = comparison.method, comparison.ratio
        ours = [row for row in rows if (row.method, row.ratio) == key]
        if comparison.difference.count > len({row.condense_seed for row in ours}):
            return (
                "\nSeveral pairs (condensing seed × training seed) share a graph, so the intervals hold for "
                "these graphs;\nfor the method's, give as many files as --seeds, with --per-graph 1."
            )
    return ""


def as_record(
    title: str, dataset: str, source: str, rows: Sequence[Row], failures: Sequence[Failure]
) -> dict[str, Any]:
    """What `show` prints, as plain values for JSON."""
    from evaluate.results.comparisons import compare
    from evaluate.results.table import summarise

    return {
        "title": title,
        "dataset": dataset,
        "source": source,
        "summary": [dataclasses.asdict(line) for line in summarise(rows)],
        "paired": [
            _plain(comparison, family)
            for family in (compare(rows), compare(rows, by_model=True))
            for comparison in family
        ],
        "failures": [dataclasses.asdict(failure) for failure in failures],
    }


def _plain(comparison: Comparison, family: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "method": comparison.method,
        "rival": comparison.baseline,
        "ratio": comparison.ratio,
        "model": comparison.model,
        "mean": comparison.difference.mean,
        "half": comparison.difference.half,
        "pairs": comparison.difference.count,
        "p": comparison.difference.p,
        "p_corrected": comparison.p,
        "comparisons": len(family),
    }
