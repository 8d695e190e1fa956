"""The main results in sentences, as certain as their intervals and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from evaluate.report.formatting import counted, listed, listed_or_counted, percent
from evaluate.report.method_summary import (
    MethodSummary,
    common_models,
    difference,
    leader,
    mean_score,
    method_summaries,
    whole_summary,
)
from evaluate.report.runs import DatasetRuns
from evaluate.report.search_folder import CHEAP_TRAININGS, SearchFolder
from evaluate.results.paired import PairedDifference
from evaluate.results.rising_mark import RISING, marked
from evaluate.results.table import Line, readable_bytes, trainings

MOST_NAMED = 5  # Models; of more, only the extremes are named.


def findings(runs: DatasetRuns) -> tuple[str, ...]:
    """What a reader in a hurry should know, and what the numbers do not show."""
    return tuple(_sentences(runs))


def _sentences(runs: DatasetRuns) -> Iterator[str]:
    summaries = method_summaries(runs.rows)
    best, names = leader(summaries), common_models(summaries)
    if best is not None:
        yield from _score_sentences(summaries, best, names)
        yield from _comparison_sentences(summaries, best)
        yield _size_sentence(summaries, best)
        yield from _break_even_sentences(best)
    elif runs.rows and all(s.whole for s in summaries):
        yield "Only the whole graph was evaluated in these runs."
    elif runs.rows:
        yield "No method is ranked, because no model was trained on all the graphs."
    elif runs.graphs:
        graphs = "graph has" if len(runs.graphs) == 1 else "graphs have"
        yield f"The condensed {graphs} not been evaluated in these runs."
    for search in runs.searches:
        yield from (runs.prefix_of(search) + sentence for sentence in _search_sentences(search))


def _score_sentences(
    summaries: Sequence[MethodSummary], best: MethodSummary, names: Sequence[str]
) -> Iterator[str]:
    """What the leading method keeps, and its difference to the whole graph."""
    whole, baselines = whole_summary(summaries), _baselines(summaries, best)
    retention, corrected = best.mean("retention", names), best.mean("corrected", names)
    runs = min(line.runs for line in best.lines.values())
    over = f"over {listed_or_counted(names, 'model')} ({counted(runs, 'training')} each)"
    if whole is None or retention is None:
        yield (
            f"{best.label} has the highest mean micro-F1 {over}: {mean_score(best, names):.1f}. No model "
            "was trained on the whole graph, so there is no retention."
        )
        return
    margin = ""
    if corrected is not None and not math.isnan(corrected):
        margin = f", and {percent(corrected / 100)} of its margin over the majority class"
    verb = "has the highest mean retention:" if baselines else "keeps"
    rising = best.whole_rising(names)
    kept = marked(percent(retention / 100), bool(rising))
    yield f"{best.label} {verb} {kept} of the whole graph's micro-F1 on average {over}{margin}."
    if rising:
        verb = "was" if len(rising) == 1 else "were"
        yield (
            f"{RISING} This may be too high: on the whole graph, {listed(rising)} {verb} still rising when "
            "training ended."
        )
    ahead = difference(best, whole)
    if ahead is not None:
        yield f"The difference to the whole graph is {_points(ahead)}{_reservation(ahead)}."


def _comparison_sentences(summaries: Sequence[MethodSummary], best: MethodSummary) -> Iterator[str]:
    """The leading method beside each other method, by what the interval of their difference shows."""
    baselines = _baselines(summaries, best)
    behind, ahead_of, close, single = [], [], [], []
    for baseline in baselines:
        ahead = difference(best, baseline, len(baselines))
        if ahead is None or ahead.count < 2:
            single.append(baseline.label)
        elif ahead.mean > ahead.half:
            ahead_of.append(f"{baseline.label} ({_points(ahead)})")
        elif ahead.mean < -ahead.half:
            behind.append(f"{baseline.label} ({_points(ahead)})")
        else:
            close.append(f"{baseline.label} ({_points(ahead)})")
    count = len(baselines)
    several = f", with intervals widened for {count} comparisons" if count > 1 else ""
    if close:
        yield f"It does not differ significantly from {listed(close)}{several}."
    if ahead_of:
        yield f"It is ahead of {listed(ahead_of)}{several}."
    if behind:
        yield f"It is behind {listed(behind)} on the seeds that both have{several}."
    if single:
        yield f"There are too few paired seeds to compare it with {listed(single)}."


def _baselines(summaries: Sequence[MethodSummary], best: MethodSummary) -> list[MethodSummary]:
    """The condensed graphs of all other methods."""
    return [s for s in summaries if s is not best and not s.whole]


def _size_sentence(summaries: Sequence[MethodSummary], best: MethodSummary) -> str:
    whole = whole_summary(summaries)
    compared = "" if whole is None else f"; the whole graph has {_size(whole.size)}"
    took = best.size.condense_seconds
    return f"Its graph has {_size(best.size)}{compared}. " + (
        "The time to condense it is unknown."
        if math.isnan(took)
        else f"Condensing took {took:.1f} s."
    )


def _size(line: Line) -> str:
    return f"{line.nodes:,.0f} nodes, {line.edges:,.0f} edges and {readable_bytes(line.bytes)}"


def _break_even_sentences(best: MethodSummary) -> Iterator[str]:
    break_even = best.break_even
    finite = {m: v for m, v in break_even.items() if math.isfinite(v)}
    never = [m for m, v in break_even.items() if math.isinf(v)]
    if len(finite) > MOST_NAMED:
        least, most = (pick(finite, key=finite.__getitem__) for pick in (min, max))
        yield (
            f"Condensing pays off after {trainings(finite[least])} ({least}) to "
            f"{trainings(finite[most])} ({most}) trainings."
        )
    elif finite:
        after = [f"{trainings(v)} of {m}" for m, v in finite.items()]
        yield f"Condensing pays off after this many trainings: {listed(after)}."
    if never:
        yield (
            f"It never pays off for {listed(never)}: training on the condensed graph is not cheaper than on "
            "the whole one."
        )


def _search_sentences(search: SearchFolder) -> Iterator[str]:
    places = {
        "condensed": "on the condensed graph",
        "short": "on the whole graph with fewer epochs",
    }
    for kind, name in CHEAP_TRAININGS.items():
        quality = search.quality(kind)
        if not quality:
            continue
        tau = search.kendall(kind)
        measures = ["τ unknown" if tau is None else f"Kendall's τ {tau}"]
        if quality.get("regret") is not None:
            measures.append(f"regret {quality['regret']:.1f} points")
        if quality.get("speed_up") is not None:
            measures.append(f"{quality['speed_up']:.1f} times as fast as on the whole graph")
        yield f"Search {places.get(kind, f'on a {name}')}: {', '.join(measures)}."


def _points(ahead: PairedDifference) -> str:
    if math.isinf(ahead.half):
        return f"{ahead.mean:+.1f} points, one pair"
    return f"{ahead.mean:+.1f} ± {ahead.half:.1f} points, {counted(ahead.count, 'pair')}"


def _reservation(ahead: PairedDifference) -> str:
    if math.isinf(ahead.half):
        return ", too few for an interval"
    return "" if abs(ahead.mean) > ahead.half else ": not significant"
