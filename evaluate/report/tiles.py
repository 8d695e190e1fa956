"""The numbers at the top of the page."""

from __future__ import annotations

import math
from collections.abc import Iterator

from condense.data.graph import num_target
from evaluate.report.content import Tile
from evaluate.report.formatting import listed_or_counted, percent
from evaluate.report.method_summary import (
    MethodSummary,
    common_models,
    leader,
    method_summaries,
    whole_summary,
)
from evaluate.report.runs import DatasetRuns
from evaluate.results.rising_mark import marked
from evaluate.results.table import readable_bytes, seconds, trainings


def tiles(runs: DatasetRuns) -> tuple[Tile, ...]:
    """Retention, size, condensing time and break-even of the leading method; each search's Kendall's τ."""
    shown = [*_leader_tiles(runs), *_search_tiles(runs)]
    return tuple(shown or _graph_tiles(runs))


def _leader_tiles(runs: DatasetRuns) -> Iterator[Tile]:
    summaries = method_summaries(runs.rows)
    best, whole, names = leader(summaries), whole_summary(summaries), common_models(summaries)
    if best is None:
        return
    retention = best.mean("retention", names)
    if retention is not None and whole is not None:
        yield Tile(
            marked(percent(retention / 100), bool(best.whole_rising(names))),
            "of the whole graph's micro-F1",
            f"{best.label}, mean over {listed_or_counted(names, 'model')}",
        )
    if whole is not None:
        yield Tile(
            percent(best.size.bytes / whole.size.bytes),
            "of the whole graph's bytes",
            f"{readable_bytes(best.size.bytes)} of {readable_bytes(whole.size.bytes)}",
        )
    yield Tile(seconds(best.size.condense_seconds, " s"), "to condense", best.label)
    yield from _break_even_tiles(best)


def _break_even_tiles(best: MethodSummary) -> Iterator[Tile]:
    """Break-even with the model that reaches it first, and with the others in small print."""
    break_even = best.break_even
    if not break_even:
        return
    first, *others = sorted(break_even, key=break_even.__getitem__)
    if math.isinf(break_even[first]):
        yield Tile("never", "pays off", f"with {listed_or_counted(list(break_even), 'model')}")
        return
    noun = "training" if trainings(break_even[first]) == "1" else "trainings"
    detail = ", ".join(f"{m} {trainings(break_even[m])}" for m in others[:4])
    yield Tile(
        trainings(break_even[first]),
        f"{noun} of {first} until condensing pays off",
        detail + (" …" if others[4:] else ""),
    )


def _search_tiles(runs: DatasetRuns) -> Iterator[Tile]:
    for search in runs.searches:
        tau = search.kendall("condensed")
        if tau is not None:
            detail = f"95 % interval {tau.brackets}" if tau.interval else ""
            label = f"{runs.prefix_of(search)}Kendall's τ of the search"
            yield Tile(f"{tau.value:.2f}", label, detail)


def _graph_tiles(runs: DatasetRuns) -> Iterator[Tile]:
    """Size and condensing time of the first condensed graph, for reports without results."""
    if not runs.graphs:
        return
    first = runs.graphs[0]
    p, graph = first.condensed.provenance, first.condensed.graph
    yield Tile(f"{num_target(graph):,}", f"{graph.target} nodes", f"{first.label}, seed {p.seed}")
    yield Tile(
        percent(p.ratio, 2),
        f"of all {graph.target} nodes",
        f"{percent(p.ratio_train, 2)} of the training nodes",
    )
    yield Tile(seconds(p.condense_seconds, " s"), "to condense", p.device)
