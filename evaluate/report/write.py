"""From runs to files: the page, and its tables and figures beside it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from condense.data.graph import num_target
from condense.errors import FileError, UserError
from condense.io.replace import check_target, replacing
from evaluate.report import summary
from evaluate.report.chapters.condensing import condensing
from evaluate.report.chapters.failing import failing
from evaluate.report.chapters.graphs import graphs
from evaluate.report.chapters.record import citing, record
from evaluate.report.chapters.scores import costs, kept
from evaluate.report.chapters.searching import searching
from evaluate.report.content import Part
from evaluate.report.figures.svg import png, svg
from evaluate.report.gather import Section, gather
from evaluate.report.page import Page, html
from evaluate.report.whole import find_whole
from evaluate.report.words import listed, percent

LOGGER = logging.getLogger(__name__)
ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class Written:
    """What has been written.

    Attributes:
        page: the HTML file.
        folder: with tables and figures.
        tables, figures: how many, each in two files.
        notes: what is missing in the report or mixed in it, and why.
    """

    page: Path
    folder: Path
    tables: int
    figures: int
    notes: tuple[str, ...]


def report(
    runs: Sequence[Path], out: Path, root: Path = Path("data"), whole: Path | None = None
) -> Written:
    """Write the report of `runs`.

    Args:
        runs: folders of evaluations and searches, results.csv files, condensed graphs.
        out: the HTML file.
        root: folder of the known data sets' files.
        whole: file of the whole graph, in place of the one that a condensed file names.

    Raises:
        UserError: no run, or `out` is no HTML file.
        FileError: a run is not there, cannot be read or holds nothing, or `out` cannot be written.
    """
    if out.suffix not in ENDINGS:
        raise UserError(f"out (got {out}) must end in .html; try --out {out.with_suffix('.html')}")
    sections = gather(runs)
    check_target(out)
    folder = out.with_name(f"{out.stem}_files")
    check_target(folder / "tables.csv")
    notes: list[str] = []
    parts = [_part(section, root, whole, notes) for section in sections]
    files = _write_besides(parts, folder)
    page = Page(
        title=f"{title(sections)} – condensation report",
        heading=title(sections),
        lead="What a small graph is worth that stands for a large one: models are trained on either and "
        "tested on the large one.",
        simulated=tuple(s.dataset for s in sections if s.source == "simulated"),
        folder=f"{folder.name}/",
    )
    _write(out, html(page, parts, citing(sections), files).encode())
    tables = sum(len((*c.tables, *c.details)) for part in parts for c in part.chapters)
    return Written(out, folder, tables, len(files), tuple(notes))


def title(sections: Sequence[Section]) -> str:
    """What was condensed from what, real or simulated; of several whole graphs the names alone."""
    if len(sections) == 1:
        return _named(sections[0])
    return listed([_name(section) for section in sections])


def _named(section: Section) -> str:
    name = _name(section)
    graphs = [g.condensed for g in section.graphs]
    if graphs:
        sizes = sorted({num_target(g.graph) for g in graphs})
        of = {round(num_target(g.graph) / g.provenance.ratio) for g in graphs}
        if len(of) == 1 and section.setting == "transductive":
            said = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
            return f"{name} condensed to {said} of {of.pop():,} {graphs[0].graph.target} nodes"
        return f"{name} condensed"
    ratios = sorted({r.ratio for r in section.rows if r.trained_on == "condensed"})
    if ratios:
        said = " to ".join(percent(r, 2) for r in dict.fromkeys((ratios[0], ratios[-1])))
        return f"{name} condensed to {said}"
    return f"{name}, searched" if section.searches else name


def _name(section: Section) -> str:
    setting = "" if section.setting == "transductive" else f", {section.setting}"
    return f"{section.dataset} ({section.source}{setting})"


def _part(section: Section, root: Path, whole: Path | None, notes: list[str]) -> Part:
    found, absent = find_whole(section, root, whole)
    if section.graphs and found is None:
        notes.append(
            f"{section.title}: features and classes of the whole graph are missing: {absent}"
        )
    scores = kept(section)
    notes += [f"{section.title}: {note}" for note in scores.notes]
    chapters = (
        scores,
        costs(section),
        failing(section),
        searching(section),
        graphs(section, found, absent),
        condensing(section),
        record(section),
    )
    return Part(
        slug=section.slug,
        title=section.title,
        heading=_named(section),
        simulated=section.source == "simulated",
        tiles=summary.tiles(section),
        summary=summary.sentences(section),
        chapters=tuple(chapter for chapter in chapters if not chapter.empty),
    )


def _write_besides(parts: Sequence[Part], folder: Path) -> dict[str, str]:
    """Tables and figures; returns each figure's SVG by name."""
    files: dict[str, str] = {}
    for part in parts:
        for chapter in part.chapters:
            for table in (*chapter.tables, *chapter.details):
                _write(folder / f"{table.name}.csv", table.csv().encode())
                _write(folder / f"{table.name}.md", table.markdown().encode())
            for drawn in chapter.figures:
                LOGGER.info("drawing %s", drawn.name)
                files[drawn.name] = svg(drawn.figure)
                _write(folder / f"{drawn.name}.svg", files[drawn.name].encode())
                _write(folder / f"{drawn.name}.png", png(drawn.figure))
    return files


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as sink:
            sink.write(content)
            sink.check()
    except FileError as error:
        raise FileError(f"{error}; or choose another --out") from None
