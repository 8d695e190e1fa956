"""Searches: whether the small graph ranks architectures as the whole one does, and what was found."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from evaluate.report.content import Chapter
from evaluate.report.figures.search import agreement
from evaluate.report.figures.style import Drawn
from evaluate.report.gather import Section
from evaluate.report.search_folder import RIVALS, Search, known
from evaluate.report.tables import Table
from evaluate.results.rows import Row

MOST_TRIALS = 15
MISSING = "–"
UNKNOWN = "τ unknown"


def searching(section: Section) -> Chapter:
    """Every search of the section."""
    figures: list[Drawn] = []
    tables: list[Table] = []
    details: list[Table] = []
    said = []
    for i, search in enumerate(section.searches):
        slug = f"{section.slug}-search" + (f"-{i}" if len(section.searches) > 1 else "")
        title = f"{search.path.name}, {section.title}"
        figures += _scatters(slug, search, name_of(search, section), section.title)
        tables += filter(None, [_agreement(slug, title, search), _top(slug, title, search)])
        details += filter(None, [_trials(slug, title, search)])
        said += [name_of(search, section) + sentence for sentence in _sentences(search)]
    return Chapter(
        "search",
        "Architecture search",
        said=tuple(said),
        figures=tuple(figures),
        caption="One mark an architecture: its validation score after a cheap training against that after "
        "training on the whole graph."
        if figures
        else "",
        tables=tuple(tables),
        details=tuple(details),
    )


def name_of(search: Search, section: Section) -> str:
    """What a sentence about one of several searches begins with."""
    return f"{search.path.name}: " if len(section.searches) > 1 else ""


def kendall(search: Search, kind: str) -> str:
    """Kendall's τ as the search gives it; else computed from its scores, then without an interval."""
    found = search.quality(kind).get("kendall")
    if isinstance(found, Mapping) and found.get("value") is not None:
        return f"τ = {_with_interval(found)}"
    _, small, whole = search.pairs(kind)
    if min(len(set(small)), len(set(whole))) < 2:
        return UNKNOWN
    from scipy.stats import kendalltau

    return f"τ = {float(kendalltau(small, whole).statistic):.2f}"  # type: ignore[union-attr]


def _with_interval(found: Any) -> str:
    """A statistic and its interval; a dash where it is not defined."""
    if not isinstance(found, Mapping) or found.get("value") is None:
        return MISSING
    said = f"{found['value']:.2f}"
    if found.get("low") is None or found.get("high") is None:
        return said
    return f"{said} [{found['low']:.2f}, {found['high']:.2f}]"


def _scatters(slug: str, search: Search, prefix: str, mark: str) -> list[Drawn]:
    figures = []
    for kind, name in RIVALS.items():
        models, small, whole = search.pairs(kind)
        called = name if prefix else name.capitalize()
        if models:
            figures.append(
                agreement(
                    f"{slug}-{kind}", f"{prefix}{called} against whole graph, validation micro-F1", models,
                    small, whole, kendall(search, kind), name, mark,
                )
            )  # fmt: skip
    return figures


def _sentences(search: Search) -> list[str]:
    record, found, said = search.record, search.verified, []
    scored = [float(line["score"]) for line in search.trials if known(line["score"])]
    if scored:
        spent = record.get("search_seconds")
        within = "" if spent is None else f" in {spent:,.0f} s"
        said.append(
            f"{len(scored)} trials were scored{within}; the best has a validation micro-F1 of "
            f"{100 * max(scored):.1f}."
        )
    spread = found.get("spread")
    if isinstance(spread, Mapping) and None not in (spread.get("low"), spread.get("high")):
        said.append(
            f"On the whole graph the architectures' validation micro-F1 lies between {spread['low']:.1f} and "
            f"{spread['high']:.1f}; those that are nearly tied there cannot be ranked by anything."
        )
    every, measured = found.get("architectures"), found.get("measured")
    if every and measured and measured < every:
        said.append(
            f"{measured} of {every} architectures were trained on the whole graph; its seconds for the "
            "others are extrapolated."
        )
    return said


def _agreement(slug: str, title: str, search: Search) -> Table | None:
    rows = []
    for kind, name in RIVALS.items():
        found, count = search.quality(kind), len(search.pairs(kind)[0])
        if not found and not count:
            continue
        rows.append((
            name,
            str(count) if count else MISSING,
            MISSING if kendall(search, kind) == UNKNOWN else kendall(search, kind).removeprefix("τ = "),
            _with_interval(found.get("spearman")),
            *(_number(found.get(part)) for part in ("regret", "regret_top")),
            *(_number(found.get(part), "×") for part in ("speed_up", "speed_up_top", "speed_up_training")),
        ))  # fmt: skip
    if not rows:
        return None
    tops = {top for kind in RIVALS if (top := search.quality(kind).get("top")) is not None}
    top = f"top {tops.pop()}" if len(tops) == 1 else "the top"
    return Table(
        f"{slug}-agreement",
        f"Agreement with the whole graph: {title}",
        ("cheap training on", "architectures", "Kendall τ", "Spearman ρ", "regret", f"regret of {top}",
         "speed-up", f"with {top}", "of training"),
        tuple(rows),
        note="In brackets: 95 % bootstrap intervals. Regret: points of test micro-F1 lost by the "
        f"architecture that the cheap training chose; of {top}: by that which the whole graph's validation "
        "chooses among the best of the cheap training. Speed-up counts condensing, training and validation; "
        f"with {top}: also training these on the whole graph; of training: without validation on either "
        "side.",
    )  # fmt: skip


def _number(found: float | None, unit: str = "") -> str:
    """To a tenth; a dash where it is not known."""
    return MISSING if found is None else f"{found:.1f}{unit}"


def _top(slug: str, title: str, search: Search) -> Table | None:
    """Retrained on the whole graph and tested once; mean ± standard deviation of several seeds."""
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
        note="In the order in which the search ranked them, which no test score took part in.",
    )  # fmt: skip


def _trials(slug: str, title: str, search: Search) -> Table | None:
    scored = [line for line in search.trials if known(line["score"])]
    best = sorted(scored, key=lambda line: -float(line["score"]))[:MOST_TRIALS]
    names = [n for n in ("trial", "model", "settings", "score", "epochs", "train_seconds", "status")
             if best and n in best[0]]  # fmt: skip
    if not best:
        return None
    return Table(
        f"{slug}-trials",
        f"Best {len(best)} of {len(search.trials)} trials: {title}",
        tuple(n.replace("_", " ") for n in names),
        tuple(tuple(_short(n, line[n]) for n in names) for line in best),
        left=3,
        note="score: best validation micro-F1 on the whole graph's validation nodes, of the model that was "
        "trained on the condensed graph.",
    )


def _short(name: str, text: str) -> str:
    if name == "score":
        return f"{100 * float(text):.1f}"
    return f"{float(text):.2f}" if name == "train_seconds" and text else text


def _spread(values: Sequence[float]) -> str:
    mean = f"{100 * statistics.fmean(values):.1f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * statistics.stdev(values):.1f}"
