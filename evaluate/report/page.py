"""The HTML page: one file that needs no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from evaluate.report.content import Chapter, DatasetReport
from evaluate.report.figures.style import DARK, VARIABLES, ReportFigure
from evaluate.report.figures.svg import inline

PAGE_VARIABLES = {
    "note": ("#f3f5f7", "#1d242c"),
    "mark": ("#b97b00", "#f0c04a"),
}
"""CSS variables that no figure uses -> their colours on a light and on a dark page."""

UNITS = "s|B|kB|MB|GB|points|nodes|edges"


@dataclass(frozen=True)
class Page:
    """The texts around the data sets' reports.

    Attributes:
        title: of the browser's window and of print-outs; it marks real and simulated data.
        heading: of the page.
        lead: one sentence on how graphs are compared.
        simulated: names of the data sets that are simulated.
        folder: of the tables and figures.
    """

    title: str
    heading: str
    lead: str
    simulated: tuple[str, ...]
    folder: str


def html(
    page: Page, reports: Sequence[DatasetReport], citing: Chapter, files: dict[str, str]
) -> str:
    """The page as text.

    Args:
        page: title and lead.
        reports: one for each data set.
        citing: the chapter with the BibTeX entries.
        files: name of each figure -> its SVG file.
    """
    env = Environment(
        loader=PackageLoader("evaluate.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader = env.loader
    assert loader is not None
    style = loader.get_source(env, "style.css")[0]
    return env.get_template("report.html.j2").render(
        page=page,
        reports=reports,
        citing=citing,
        colours=Markup(colours()),
        style=Markup(style),
        groups=by_size,
        breakable=breakable,
        inline=lambda figure: Markup(inline(files[figure.name], figure.name, figure.alt)),
    )


def colours() -> str:
    """CSS variables of figures and page: light, and dark where the reader's screen is dark."""
    light = {name: colour for colour, name in VARIABLES.items()}
    dark = {name: DARK[colour] for colour, name in VARIABLES.items()}
    light |= {name: pair[0] for name, pair in PAGE_VARIABLES.items()}
    dark |= {name: pair[1] for name, pair in PAGE_VARIABLES.items()}

    def declared(values: dict[str, str]) -> str:
        return " ".join(f"--{name}: {colour};" for name, colour in values.items())

    return (
        f":root {{ {declared(light)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {declared(dark)} }} }}"
    )


def breakable(text: str) -> Markup:
    """Text that may break between a method's settings, but not before a unit or beside a ±."""
    text = re.sub(rf"(?<=\d) (?=(?:{UNITS})\b)| (?=±)|(?<=±) ", "\N{NO-BREAK SPACE}", text)
    return Markup(re.sub("(?<=[,:=_])(?=[A-Za-z])", "<wbr>", str(Markup.escape(text))))


def by_size(figures: Sequence[ReportFigure]) -> list[list[ReportFigure]]:
    """Neighbouring figures of one size, which stand side by side."""
    return [list(group) for _, group in groupby(figures, key=lambda figure: figure.size)]
