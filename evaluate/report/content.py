"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass

from evaluate.report.figures.style import Drawn
from evaluate.report.tables import Table


@dataclass(frozen=True)
class Chapter:
    """A part of a section.

    Attributes:
        slug: of its anchor.
        heading: its title.
        said: paragraphs.
        notes: what to mind, set apart.
        figures: drawings, in order.
        caption: of all figures together.
        tables: shown.
        details: tables that are folded away on the screen, with long lists of what was set.
        bibtex: entries, as one text.
    """

    slug: str
    heading: str
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[Drawn, ...] = ()
    caption: str = ""
    tables: tuple[Table, ...] = ()
    details: tuple[Table, ...] = ()
    bibtex: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        parts = (self.said, self.notes, self.figures, self.tables, self.details, self.bibtex)
        return not any(parts)


@dataclass(frozen=True)
class Tile:
    """A number that is seen first.

    Attributes:
        value: with its unit.
        label: what it is.
        detail: how sure it is, or what it is compared with.
    """

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Part:
    """Everything about one whole graph.

    Attributes:
        slug: of its anchor.
        title: the data set's name, marked if simulated.
        heading: what was condensed from what, real or simulated.
        simulated: whether the data is.
        tiles: the main numbers.
        summary: the main results in sentences.
        chapters: the rest.
    """

    slug: str
    title: str
    heading: str
    simulated: bool
    tiles: tuple[Tile, ...]
    summary: tuple[str, ...]
    chapters: tuple[Chapter, ...]
