"""The comparison as a table: one line for each model and graph, averaged over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.results.break_even import break_even
from evaluate.results.retention import corrected_retention, retention
from evaluate.results.rising_mark import hanging, marked, note_for
from evaluate.results.rows import WHOLE, Row


@dataclass(frozen=True)
class Line:
    """Means and standard deviations over condensing and training seeds.

    Attributes:
        model: name of the model.
        method: condensation method, or "whole".
        runs: how many rows were averaged.
        micro, macro: (mean, sd) in points, 0 … 100.
        retention: micro-F1 ÷ the whole graph's, in percent; None without a whole-graph row.
        corrected: the same above the majority class, in percent.
        nodes, edges, bytes: means over condensing seeds.
        condense_seconds, train_seconds: means; NaN where unknown, as for imported graphs.
        break_even: trainings after which condensing has paid off, infinite where training on the condensed
            graph is not cheaper, else NaN where the condensing seconds are unknown; None for the whole
            graph and without a whole-graph row.
        auc: mean of ROC-AUC in points; None where a row has none.
        peak_mib: mean of what training took; likewise.
        condense_peak: mean over rows, in MiB; likewise.
        rising: whether any of the rows' trainings is known to have ended while it was still rising.
        whole_rising: the same of the model's trainings on the whole graph.
    """

    model: str
    method: str
    runs: int
    micro: tuple[float, float]
    macro: tuple[float, float]
    retention: float | None
    corrected: float | None
    nodes: float
    edges: float
    bytes: float
    condense_seconds: float
    train_seconds: float
    break_even: float | None
    auc: float | None = None
    peak_mib: float | None = None
    condense_peak: float | None = None
    rising: bool = False
    whole_rising: bool = False


def summarise(rows: Sequence[Row]) -> list[Line]:
    """One line for each (model, method, ratio, setting), in order of first appearance."""
    groups: dict[tuple[str, str, float, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.model, row.method, row.ratio, row.setting), []).append(row)
    whole = {
        (model, setting): group
        for (model, _, _, setting), group in groups.items()
        if group[0].trained_on == WHOLE
    }
    return [
        _line(model, method, group, whole.get((model, setting)))
        for (model, method, _, setting), group in groups.items()
    ]


def _line(model: str, method: str, group: Sequence[Row], whole: Sequence[Row] | None) -> Line:
    micro = _spread([r.micro_f1 for r in group])
    train, condense = (
        statistics.fmean(r.train_seconds for r in group),
        statistics.fmean(r.condense_seconds for r in group),
    )
    kept = corrected = pays = None
    if whole is not None:
        reference = statistics.fmean(r.micro_f1 for r in whole)
        kept = 100 * retention(micro[0] / 100, reference)
        corrected = 100 * corrected_retention(micro[0] / 100, reference, group[0].majority)
        if group is not whole:
            pays = break_even(condense, statistics.fmean(r.train_seconds for r in whole), train)
    return Line(
        model=model,
        method=method,
        runs=len(group),
        micro=micro,
        macro=_spread([r.macro_f1 for r in group]),
        retention=kept,
        corrected=corrected,
        nodes=statistics.fmean(r.nodes for r in group),
        edges=statistics.fmean(r.edges for r in group),
        bytes=statistics.fmean(r.bytes for r in group),
        condense_seconds=condense,
        train_seconds=train,
        break_even=pays,
        auc=_mean([None if r.auc is None else 100 * r.auc for r in group]),
        peak_mib=_mean([r.peak_mib for r in group]),
        condense_peak=_mean([r.condense_peak for r in group]),
        rising=any(r.rising for r in group),
        whole_rising=any(r.rising for r in whole or ()),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; None if any value is unknown."""
    known = [v for v in values if v is not None]
    return statistics.fmean(known) if len(known) == len(values) else None


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation, in points; 0 for a single value."""
    points = [100 * v for v in values]
    return statistics.fmean(points), statistics.stdev(points) if len(points) > 1 else 0.0


UNKNOWN = "unknown"
HEADERS = (
    "model", "trained on", "n", "micro-F1", "macro-F1", "AUC", "retention", "corrected", "bytes",
    "train s", "peak MiB", "break-even",
)  # fmt: skip


def cells(line: Line) -> tuple[str, ...]:
    """The texts of one line, in the order of `HEADERS`, with the marks of `evaluate.results.rising_mark`."""
    too_high = line.whole_rising and line.method != WHOLE
    return (
        line.model,
        line.method,
        str(line.runs),
        score_text(line),
        f"{line.macro[0]:.1f} ± {line.macro[1]:.1f}",
        "" if line.auc is None else f"{line.auc:.1f}",
        marked("" if line.retention is None else f"{line.retention:.1f} %", too_high),
        marked("" if line.corrected is None else f"{line.corrected:.1f} %", too_high),
        readable_bytes(line.bytes),
        f"{line.train_seconds:.2f}",
        "" if line.peak_mib is None else _mib(line.peak_mib),
        "" if line.break_even is None else trainings(line.break_even),
    )


def score_text(line: Line) -> str:
    """Mean ± standard deviation of micro-F1, marked if a training was still rising."""
    return marked(f"{line.micro[0]:.1f} ± {line.micro[1]:.1f}", line.rising)


def seconds(condensing: float, unit: str = "") -> str:
    """Seconds to a tenth, with their unit if it is asked for, or "unknown"."""
    return UNKNOWN if math.isnan(condensing) else f"{condensing:.1f}{unit}"


def _mib(count: float) -> str:
    """MiB, with a digit behind the point where there is one before it."""
    return f"{count:.1f}" if count < 10 else f"{count:,.0f}"


def as_graphs(lines: Sequence[Line]) -> str:
    """The graphs trained on: their size, and what condensing them cost."""
    grid = [("trained on", "nodes", "edges", "bytes", "condense s", "condense peak MiB")]
    known: dict[tuple[str, float], Line] = {}
    for line in lines:
        known.setdefault((line.method, line.nodes), line)
    for line in known.values():
        made, peak = line.method != WHOLE, line.condense_peak
        grid.append((
            line.method, f"{line.nodes:,.0f}", f"{line.edges:,.0f}", readable_bytes(line.bytes),
            seconds(line.condense_seconds) if made else "",
            _mib(peak) if made and peak is not None else "",
        ))  # fmt: skip
    return aligned(grid, left=1)


def trainings(count: float) -> str:
    """A number of trainings in two digits or more, "never" or "unknown"."""
    if math.isnan(count):
        return UNKNOWN
    if math.isinf(count):
        return "never"
    return f"{count:,.0f}" if count >= 10 else f"{count:.2g}"


def as_break_even(lines: Sequence[Line]) -> str:
    """After how many trainings of each model (a column) condensing by each method (a row) has paid off.

    Condensing seconds ÷ (seconds to train on the whole graph − seconds to train on the condensed one). Empty
    where one of the two has not been trained; without any such pair the text is empty.
    """
    paid: dict[tuple[str, float], dict[str, float]] = {}
    for line in lines:
        if line.break_even is not None:
            paid.setdefault((line.method, line.nodes), {})[line.model] = line.break_even
    if not paid:
        return ""
    models = list(dict.fromkeys(model for found in paid.values() for model in found))
    grid = [("break-even against", *models)]
    for (method, _), found in paid.items():
        grid.append((method, *(trainings(found[m]) if m in found else "" for m in models)))
    return aligned(grid, left=1)


def as_text(lines: Sequence[Line]) -> str:
    """The lines as aligned columns, with an empty line between models and what marks mean below."""
    grid: list[tuple[str, ...]] = [HEADERS]
    previous = ""
    for line in lines:
        if line.model != previous:
            grid.append(())
        previous = line.model
        grid.append(cells(line))
    return _noted(grid, left=2)


def as_matrix(lines: Sequence[Line]) -> str:
    """Micro-F1 of every method (a row) with every model (a column), in points, mean ± sd.

    Beside it the mean retention over the models that have been trained on the method's graphs and on
    the whole one, and what the method's graphs cost. A method's graphs of another size make another row.
    """
    models = list(dict.fromkeys(line.model for line in lines))
    methods: dict[tuple[str, float], dict[str, Line]] = {}
    for line in lines:
        methods.setdefault((line.method, line.nodes), {})[line.model] = line
    grid = [("trained on", *models, "retention", "nodes", "edges", "bytes", "condense s")]
    for (method, nodes), found in methods.items():
        one = next(iter(found.values()))
        scores = [score_text(found[m]) if m in found else "" for m in models]
        kept = [line.retention for line in found.values() if line.retention is not None]
        too_high = method != WHOLE and any(line.whole_rising for line in found.values())
        grid.append((
            method, *scores,
            marked(f"{statistics.fmean(kept):.1f} %" if kept else "", too_high),
            f"{nodes:,.0f}", f"{one.edges:,.0f}", readable_bytes(one.bytes),
            "" if method == WHOLE else seconds(one.condense_seconds),
        ))  # fmt: skip
    return _noted(grid, left=1)


def _noted(grid: Sequence[tuple[str, ...]], left: int) -> str:
    """`aligned`, and below it what its marks mean if it has any."""
    return "\n\n".join(filter(None, (aligned(hanging(grid), left), note_for(grid))))


def aligned(grid: Sequence[tuple[str, ...]], left: int) -> str:
    """Columns of equal width, the first `left` of them flush left; an empty row is an empty line."""
    widths = [max(len(row[i]) for row in grid if row) for i in range(len(grid[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        if row
        else ""
        for row in grid
    ]
    return "\n".join(lines)


def readable_bytes(count: float) -> str:
    """Bytes in a unit that leaves one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
