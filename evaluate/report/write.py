"""From runs to files: the page, and its tables and figures beside it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from condense.data.graph import num_target
from condense.data.shown import printable
from condense.errors import FileError, UserError
from condense.io.replace import check_target, replacing
from evaluate.report.chapters import works_to_cite
from evaluate.report.chapters.registry import CHAPTERS
from evaluate.report.content import DatasetReport
from evaluate.report.figures.svg import png, svg
from evaluate.report.findings import findings
from evaluate.report.formatting import listed, percent
from evaluate.report.page import Page, html
from evaluate.report.read_runs import read_runs
from evaluate.report.runs import DatasetRuns
from evaluate.report.tiles import tiles
from evaluate.report.whole_graph import load_whole_graph

LOGGER = logging.getLogger(__name__)
ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report.

    Attributes:
        page: the HTML file.
        folder: with tables and figures.
        tables, figures: how many, each in two files.
        notes: what the report lacks, or mixes, and why.
    """

    page: Path
    folder: Path
    tables: int
    figures: int
    notes: tuple[str, ...]


def write_report(
    runs: Sequence[Path], out: Path, root: Path = Path("data"), whole: Path | None = None
) -> WrittenReport:
    """Write the report of `runs`.

    Args:
        runs: folders of evaluations and searches, results.csv files, condensed graphs.
        out: the HTML file.
        root: folder of the known data sets' files.
        whole: the whole graph's file, instead of the one that a condensed file names.

    Raises:
        UserError: no run, or `out` does not end in .html.
        FileError: a run does not exist, cannot be read or is empty, or `out` cannot be written.
    """
    if out.suffix not in ENDINGS:
        raise UserError(f"out (got {out}) must end in .html; try --out {out.with_suffix('.html')}")
    datasets = read_runs(runs)
    check_target(out)
    folder = out.with_name(f"{out.stem}_files")
    check_target(folder / "tables.csv")
    reports = [_dataset_report(dataset, root, whole) for dataset in datasets]
    files = _write_tables_and_figures(reports, folder)
    page = Page(
        title=f"{page_title(datasets)} – condensation report",
        heading=page_title(datasets),
        lead="What a small graph is worth in place of a large one: models are trained on either "
        "and tested on the large one.",
        simulated=tuple(d.dataset for d in datasets if d.source == "simulated"),
        folder=f"{folder.name}/",
    )
    text = html(page, reports, works_to_cite.chapter(datasets), files)
    _write(out, printable(text).encode())
    chapters = [(report.title, c) for report in reports for c in report.chapters.values()]
    return WrittenReport(
        page=out,
        folder=folder,
        tables=sum(len(c.tables) + len(c.details) for _, c in chapters),
        figures=len(files),
        notes=tuple(f"{name}: {warning}" for name, c in chapters for warning in c.warnings),
    )


def page_title(datasets: Sequence[DatasetRuns]) -> str:
    """What was condensed to what, real or simulated; of several data sets, their names alone."""
    if len(datasets) == 1:
        return _heading(datasets[0])
    return listed([_name(runs) for runs in datasets])


def _heading(runs: DatasetRuns) -> str:
    name = _name(runs)
    graphs = [g.condensed for g in runs.graphs]
    if graphs:
        sizes = sorted({num_target(g.graph) for g in graphs})
        whole_sizes = {round(num_target(g.graph) / g.provenance.ratio) for g in graphs}
        if len(whole_sizes) == 1 and runs.setting == "transductive":
            size = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
            return f"{name} condensed to {size} of {whole_sizes.pop():,} {graphs[0].graph.target} nodes"
        return f"{name} condensed"
    ratios = sorted({r.ratio for r in runs.rows if r.trained_on == "condensed"})
    if ratios:
        extremes = dict.fromkeys((ratios[0], ratios[-1]))
        return f"{name} condensed to {' to '.join(percent(r, 2) for r in extremes)}"
    return f"{name}, searched" if runs.searches else name


def _name(runs: DatasetRuns) -> str:
    setting = "" if runs.setting == "transductive" else f", {runs.setting}"
    return f"{runs.dataset} ({runs.source}{setting})"


def _dataset_report(runs: DatasetRuns, root: Path, whole: Path | None) -> DatasetReport:
    graph, why_not = load_whole_graph(runs, root, whole)
    runs = dataclasses.replace(runs, whole=graph, whole_missing=why_not)
    chapters = {anchor: build(runs) for anchor, build in CHAPTERS.items()}
    return DatasetReport(
        slug=runs.slug,
        title=runs.title,
        heading=_heading(runs),
        tiles=tiles(runs),
        findings=findings(runs),
        chapters={anchor: chapter for anchor, chapter in chapters.items() if not chapter.empty},
    )


def _write_tables_and_figures(reports: Sequence[DatasetReport], folder: Path) -> dict[str, str]:
    """Write the files beside the page; returns the SVG of each figure by name."""
    files: dict[str, str] = {}
    for report in reports:
        for chapter in report.chapters.values():
            for table in (*chapter.tables, *chapter.details):
                _write(folder / f"{table.name}.csv", table.csv().encode())
                _write(folder / f"{table.name}.md", table.markdown().encode())
            for figure in chapter.figures:
                LOGGER.info("drawing %s", figure.name)
                files[figure.name] = svg(figure.drawing)
                _write(folder / f"{figure.name}.svg", files[figure.name].encode())
                _write(folder / f"{figure.name}.png", png(figure.drawing))
    return files


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as sink:
            sink.write(content)
            sink.check()
    except FileError as error:
        raise FileError(f"{error}; or choose another --out") from None
