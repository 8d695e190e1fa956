"""Costs as Markdown tables: by stage, by model, break-even, and where condensing waits for the GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from benchmarks.gpu.rows import CPU, TOTAL, Job, Row, Setup, Synchronisation, job_of, setup_of
from condense.data.graph import display_name
from evaluate.results.break_even import break_even
from evaluate.results.rows import WHOLE
from evaluate.results.table import trainings

MIB = 2**20
UNKNOWN = "–"
MOST_PLACES = 20
"""Lines of the source that a table of synchronisations shows."""


def tables(rows: Iterable[Row], counts: Iterable[Synchronisation] = ()) -> str:
    """All tables; a chapter for each data set and setup."""
    costs: dict[tuple[str, str, Setup], list[Row]] = {}
    for row in rows:
        costs.setdefault((row.dataset, row.source, setup_of(row)), []).append(row)
    calls: dict[tuple[str, str, Setup], list[Synchronisation]] = {}
    for one in counts:
        calls.setdefault((one.dataset, one.source, setup_of(one)), []).append(one)
    chapters = []
    for chapter in dict.fromkeys([*costs, *calls]):
        dataset, source, setup = chapter
        mine, waits = costs.get(chapter, []), calls.get(chapter, [])
        title = (
            f"{display_name(dataset, source)}; torch {setup.torch}; {setup.machine}, "
            f"{setup.threads} thread{'' if setup.threads == 1 else 's'}"
        )
        made = (condensing(mine), training(mine), paying_off(mine), waiting(waits))
        chapters.append("\n\n".join([title, *filter(None, made)]))
    return "\n\n".join(chapters)


def condensing(rows: Sequence[Row]) -> str:
    """Seconds and peak memory of every stage, and how many times as fast a GPU is; "" without rows."""
    mine = [row for row in rows if not row.model]
    devices = _devices(mine)
    by_stage = {(job_of(row), row.stage): row for row in mine}
    header = ["condensed by", "stage"]
    for device in devices:
        header += [f"{device} s", "peak MiB"] + ["speed-up"] * _compared(device, devices)
    lines = []
    for job, stage in dict.fromkeys((_anywhere(job_of(row)), row.stage) for row in mine):

        def found(device: str, job: Job = job, stage: str = stage) -> Row | None:
            return by_stage.get((replace(job, device=device), stage))

        line = [_graph(job), stage]
        for device in devices:
            row = found(device)
            line += [_seconds(row and row.seconds), _mib(row and row.peak_bytes)]
            if _compared(device, devices):
                line.append(_speed_up(found(CPU), row, lambda one: one.seconds))
        lines.append(line)
    return _markdown(header, lines, left=2)


def training(rows: Sequence[Row]) -> str:
    """Seconds an epoch and in all, memory, and how many times as fast a GPU is; "" without rows."""
    mine = {job_of(row): row for row in rows if row.model}
    devices = _devices(mine.values())
    header = ["trained on", "model", "epochs"]
    for device in devices:
        header += [f"{device} epoch s", "all s", "peak MiB", "training MiB"]
        header += ["speed-up of an epoch", "of all"] * _compared(device, devices)
    lines = []
    for job in dict.fromkeys(map(_anywhere, mine)):
        line, cpu = [_graph(job), job.model, str(job.epochs)], mine.get(replace(job, device=CPU))
        for device in devices:
            row = mine.get(replace(job, device=device))
            line += [_seconds(row and row.epoch_seconds), _seconds(row and row.seconds)]
            line += [_mib(row and row.peak_bytes), _mib(row and row.rise_bytes)]
            if _compared(device, devices):
                line.append(_speed_up(cpu, row, lambda one: one.epoch_seconds))
                line.append(_speed_up(cpu, row, lambda one: one.seconds))
        lines.append(line)
    return _markdown(header, lines, left=2)


def paying_off(rows: Sequence[Row]) -> str:
    """On each device, after how many trainings condensing has paid off, and what one training costs with it:
    (condensing + training on the condensed graph) ÷ training on the whole one; "" without rows.
    """
    totals = {job_of(row): row.seconds for row in rows if row.stage == TOTAL}
    devices = _devices(rows)
    header = ["condensed by", "model", "epochs"]
    for device in devices:
        header += [f"{device} break-even", "with condensing ÷ whole"]
    lines = []
    jobs = [job for job in totals if job.model and job.method != WHOLE]
    for job in dict.fromkeys(map(_anywhere, jobs)):
        line = [_graph(job), job.model, str(job.epochs)]
        for device in devices:
            here = replace(job, device=device)
            seconds = totals.get(here.condensing)
            small, whole = totals.get(here), totals.get(here.on_whole)
            if seconds is None or small is None or not whole:
                line += [UNKNOWN] * 2
            else:
                line.append(trainings(break_even(seconds, whole, small)))
                line.append(_ratio((seconds + small) / whole))
        lines.append(line)
    return _markdown(header, lines, left=2)


def waiting(counts: Sequence[Synchronisation]) -> str:
    """The lines of the source at which condensing waits for the GPU most often; "" without counts."""
    lines: list[list[str]] = []
    for job in dict.fromkeys(map(job_of, counts)):
        mine = [one for one in counts if job_of(one) == job]
        places = sorted((one for one in mine if one.place != TOTAL), key=lambda one: -one.calls)
        shown = [*(one for one in mine if one.place == TOTAL), *places[:MOST_PLACES]]
        lines += [[_graph(job), job.device, one.place, f"{one.calls:,}"] for one in shown]
    return _markdown(["condensed by", "device", "waits at", "calls"], lines, left=3)


def _devices(rows: Iterable[Row]) -> list[str]:
    """The devices of some rows, GPUs first."""
    return sorted({row.device for row in rows}, key=lambda device: (device == CPU, device))


def _compared(device: str, devices: Sequence[str]) -> bool:
    """Whether a device has columns that compare it with the CPU."""
    return device != CPU and CPU in devices


def _anywhere(job: Job) -> Job:
    return replace(job, device="")


def _graph(job: Job) -> str:
    return "whole graph" if job.method == WHOLE else f"`{job.method}` at {100 * job.ratio:.3g} %"


def _speed_up(cpu: Row | None, gpu: Row | None, of: Callable[[Row], float | None]) -> str:
    """The CPU's seconds ÷ the GPU's."""
    slow, fast = cpu and of(cpu), gpu and of(gpu)
    return f"{_ratio(slow / fast)} ×" if slow and fast else UNKNOWN


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _seconds(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _mib(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count / MIB:,.0f}"


def _markdown(header: Sequence[str], lines: Sequence[Sequence[str]], left: int) -> str:
    """A table, its first columns flush left; "" without lines."""
    if not lines:
        return ""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))
