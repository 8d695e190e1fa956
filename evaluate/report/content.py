"""What the page is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluate.report.figures.style import ReportFigure
from evaluate.report.tables import Table


@dataclass(frozen=True)
class Chapter:
    """One heading and what stands below it. A chapter without content is left out of the page.

    Attributes:
        heading: its title.
        paragraphs: text at the top.
        notes: caveats, set apart.
        warnings: caveats that the command prints as well.
        figures: in order.
        caption: of all figures together.
        tables: shown in full.
        details: tables folded away on the screen, such as long lists of settings.
        bibtex: entries, as one text.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    caption: str = ""
    tables: tuple[Table, ...] = ()
    details: tuple[Table, ...] = ()
    bibtex: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not any(
            (self.paragraphs, self.notes, self.warnings, self.figures, self.tables, self.details,
             self.bibtex)
        )  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page.

    Attributes:
        value: with its unit.
        label: what it is.
        detail: its interval, or what it is compared with.
    """

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class DatasetReport:
    """What the page shows about one data set.

    Attributes:
        slug: its anchor.
        title: the data set's name, marked if simulated.
        heading: what was condensed to what, real or simulated.
        tiles: the main numbers.
        findings: the main results in sentences.
        chapters: anchor -> chapter, in order.
    """

    slug: str
    title: str
    heading: str
    tiles: tuple[Tile, ...]
    findings: tuple[str, ...]
    chapters: Mapping[str, Chapter]
