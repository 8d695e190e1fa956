"""The main results in numbers and sentences, with no more certainty than the intervals have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from condense.data.graph import num_target
from evaluate.report.chapters.searching import UNKNOWN, kendall, name_of
from evaluate.report.content import Tile
from evaluate.report.gather import Section
from evaluate.report.method_summary import (
    MethodSummary,
    common_models,
    difference,
    method_summaries,
)
from evaluate.report.search_folder import RIVALS, Search
from evaluate.report.words import counted, listed, percent
from evaluate.results.paired import PairedDifference
from evaluate.results.table import readable_bytes, seconds, trainings

MOST_NAMED = 5  # Models; of more the extremes are told.


def tiles(section: Section) -> tuple[Tile, ...]:
    """Retention, bytes, condensing time and break-even of the method that keeps most; what a search found."""
    found = method_summaries(section.rows)
    best, names = leader(found), common_models(found)
    whole = next((s for s in found if s.whole), None)
    shown: list[Tile] = []
    if best is not None:
        kept = best.mean("retention", names)
        if kept is not None and whole is not None:
            shown.append(
                Tile(
                    percent(kept / 100),
                    "of the whole graph's micro-F1",
                    f"{best.label}, mean over {_models(names)}",
                )
            )
        if whole is not None:
            share = best.one.bytes / whole.one.bytes
            shown.append(
                Tile(
                    percent(share),
                    "of the whole graph's bytes",
                    f"{readable_bytes(best.one.bytes)} of {readable_bytes(whole.one.bytes)}",
                )
            )
        shown.append(Tile(seconds(best.one.condense_seconds, " s"), "to condense", best.label))
        shown += _paid(best)
    for search in section.searches:
        said = kendall(search, "condensed")
        if said != UNKNOWN:
            value, _, interval = said.removeprefix("τ = ").partition(" ")
            detail = f"95 % interval {interval}" if interval else ""
            shown.append(
                Tile(value, f"{name_of(search, section)}Kendall's τ of the search", detail)
            )
    if not shown:
        shown += _of_graphs(section)
    return tuple(shown)


def _paid(best: MethodSummary) -> Iterator[Tile]:
    """Break-even with the model that gains most, and with the others."""
    paid = {m: line.break_even for m, line in best.lines.items() if line.break_even is not None}
    if not paid:
        return
    first, *others = sorted(paid, key=paid.__getitem__)
    if math.isinf(paid[first]):
        yield Tile("never", "until condensing has paid off", f"with {_models(list(paid))}")
        return
    noun = "training" if trainings(paid[first]) == "1" else "trainings"
    yield Tile(
        trainings(paid[first]),
        f"{noun} of {first} until that has paid off",
        ", ".join(f"{m} {trainings(paid[m])}" for m in others[:4]) + (" …" if others[4:] else ""),
    )


def sentences(section: Section) -> tuple[str, ...]:
    """What a reader in a hurry should know, and what cannot be claimed."""
    return tuple(_sentences(section))


def leader(found: Sequence[MethodSummary]) -> MethodSummary | None:
    """The method with the highest mean retention over the models that all share; without the whole graph's
    scores, the highest mean micro-F1.
    """
    names = common_models(found)
    small = [s for s in found if not s.whole]
    if not small or not names:
        return None

    def mean(s: MethodSummary) -> float:
        kept = s.mean("retention", names)
        return kept if kept is not None else sum(s.lines[m].micro[0] for m in names) / len(names)

    return max(small, key=mean)


def _sentences(section: Section) -> Iterator[str]:
    found = method_summaries(section.rows)
    best, names = leader(found), common_models(found)
    if best is not None:
        yield from _scores(found, best, names)
        yield from _cost(found, best)
    elif section.rows:
        yield "There are no condensed graphs that share a model with all the others, so none is ranked."
    elif section.graphs:
        graphs = "graph has" if len(section.graphs) == 1 else "graphs have"
        yield f"The condensed {graphs} not been evaluated in these runs."
    for search in section.searches:
        yield from (name_of(search, section) + sentence for sentence in _search(search))


def _scores(
    found: Sequence[MethodSummary], best: MethodSummary, names: Sequence[str]
) -> Iterator[str]:
    whole = next((s for s in found if s.whole), None)
    kept, corrected = best.mean("retention", names), best.mean("corrected", names)
    runs = min(line.runs for line in best.lines.values())
    over = f"over {_models(names)} ({counted(runs, 'training')} each)"
    rivals = [s for s in found if s is not best and not s.whole]
    if whole is None or kept is None:
        mean = sum(best.lines[m].micro[0] for m in names) / len(names)
        yield (
            f"{best.label} has the highest mean micro-F1 {over}: {mean:.1f}. No model was trained on the "
            "whole graph, so there is no retention."
        )
    else:
        above = ""
        if corrected is not None and not math.isnan(corrected):
            above = f", {percent(corrected / 100)} of its margin over the majority class"
        place = "has the highest mean retention:" if rivals else "keeps"
        yield (
            f"{best.label} {place} {percent(kept / 100)} of the whole graph's micro-F1 on average "
            f"{over}{above}."
        )
        ahead = difference(best, whole)
        if ahead is not None:
            yield f"The difference to the whole graph is {_points(ahead)}{_doubt(ahead)}."
    apart, behind, close, single = [], [], [], []
    for rival in rivals:
        ahead = difference(best, rival, len(rivals))
        if ahead is None or ahead.count < 2:
            single.append(rival.label)
        elif ahead.mean > ahead.half:
            apart.append(f"{rival.label} ({_points(ahead)})")
        elif ahead.mean < -ahead.half:
            behind.append(f"{rival.label} ({_points(ahead)})")
        else:
            close.append(f"{rival.label} ({_points(ahead)})")
    several = f", intervals widened for {len(rivals)} comparisons" if len(rivals) > 1 else ""
    if close:
        yield f"It cannot be told apart from {listed(close)}{several}."
    if apart:
        yield f"It is ahead of {listed(apart)}{several}."
    if behind:
        yield f"On the seeds that both have it is behind {listed(behind)}{several}."
    if single:
        yield f"Against {listed(single)} there are too few paired seeds to say how sure the difference is."


def _cost(found: Sequence[MethodSummary], best: MethodSummary) -> Iterator[str]:
    whole = next((s for s in found if s.whole), None)
    line = best.one
    said = f"Its graph has {line.nodes:,.0f} nodes, {line.edges:,.0f} edges and {readable_bytes(line.bytes)}"
    if whole is not None:
        other = whole.one
        said += (
            f"; the whole one {other.nodes:,.0f} nodes, {other.edges:,.0f} edges and "
            f"{readable_bytes(other.bytes)}"
        )
    took = line.condense_seconds
    yield f"{said}. " + (
        "What condensing took is unknown." if math.isnan(took) else f"Condensing took {took:.1f} s."
    )
    paid = {m: one.break_even for m, one in best.lines.items() if one.break_even is not None}
    finite = {m: v for m, v in paid.items() if math.isfinite(v)}
    after = [f"{trainings(v)} of {m}" for m, v in finite.items()]
    never = [m for m, v in paid.items() if math.isinf(v)]
    if len(after) > MOST_NAMED:
        least, most = (pick(finite, key=finite.__getitem__) for pick in (min, max))
        yield (
            f"Condensing has paid off after {trainings(finite[least])} ({least}) to "
            f"{trainings(finite[most])} ({most}) trainings."
        )
    elif after:
        yield f"Condensing has paid off after so many trainings: {listed(after)}."
    if never:
        yield (
            f"It never pays off for {listed(never)}: training on the condensed graph is not cheaper than on "
            "the whole one."
        )


def _search(search: Search) -> Iterator[str]:
    for kind, name in RIVALS.items():
        found = search.quality(kind)
        if not found:
            continue
        said = [kendall(search, kind).replace("τ = ", "Kendall's τ ")]
        if found.get("regret") is not None:
            said.append(f"regret {found['regret']:.1f} points")
        if found.get("speed_up") is not None:
            said.append(f"{found['speed_up']:.1f} times as fast as the whole graph")
        where = "on the condensed graph" if kind == "condensed" else f"with a {name}"
        if kind == "short":
            where = "on the whole graph with fewer epochs"
        yield f"Search {where}: {', '.join(said)}."


def _of_graphs(section: Section) -> Iterator[Tile]:
    """Without results: the first condensed graph."""
    if not section.graphs:
        return
    first = section.graphs[0]
    p, graph = first.condensed.provenance, first.condensed.graph
    yield Tile(f"{num_target(graph):,}", f"{graph.target} nodes", f"{first.label}, seed {p.seed}")
    yield Tile(
        percent(p.ratio, 2),
        f"of all {graph.target} nodes",
        f"{percent(p.ratio_train, 2)} of the training nodes",
    )
    yield Tile(seconds(p.condense_seconds, " s"), "to condense", p.device)


def _points(found: PairedDifference) -> str:
    if math.isinf(found.half):
        return f"{found.mean:+.1f} points, one pair"
    return f"{found.mean:+.1f} ± {found.half:.1f} points, {found.count} pairs"


def _doubt(found: PairedDifference) -> str:
    if math.isinf(found.half):
        return ": no interval can be given"
    return "" if abs(found.mean) > found.half else ": the two cannot be told apart"


def _models(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= 4 else f"{len(names)} models"
