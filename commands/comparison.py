"""What a comparison comes to, for people and for machines."""

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
    """Print the tables of one whole graph, as far as there are rows."""
    from evaluate.results.comparisons import as_grid, as_list, compare
    from evaluate.results.table import as_graphs, as_text, summarise

    console.print(f"\n{title}\n", style="bold", markup=False)
    if not rows:
        console.print("No training has ended.")
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
    if len({one.model for one in single}) > 1:
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
    """A warning where fewer graphs than pairs were condensed."""
    for one in family:
        ours = [row for row in rows if (row.method, row.ratio) == (one.method, one.ratio)]
        if one.difference.count > len({row.condense_seed for row in ours}):
            return (
                "\nPairs are condensing seed × training seed and share graphs, so intervals are of these "
                "graphs;\nfor the method's, give as many files as --seeds, with --per-graph 1."
            )
    return ""


def as_record(
    title: str, dataset: str, source: str, rows: Sequence[Row], failures: Sequence[Failure]
) -> dict[str, Any]:
    """The same in plain values."""
    from evaluate.results.comparisons import compare
    from evaluate.results.table import summarise

    return {
        "title": title,
        "dataset": dataset,
        "source": source,
        "summary": [dataclasses.asdict(line) for line in summarise(rows)],
        "paired": [
            _plain(one, family)
            for family in (compare(rows), compare(rows, by_model=True))
            for one in family
        ],
        "failures": [dataclasses.asdict(failure) for failure in failures],
    }


def _plain(one: Comparison, family: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "method": one.method,
        "rival": one.baseline,
        "ratio": one.ratio,
        "model": one.model,
        "mean": one.difference.mean,
        "half": one.difference.half,
        "pairs": one.difference.count,
        "p": one.difference.p,
        "p_corrected": one.p,
        "comparisons": len(family),
    }
