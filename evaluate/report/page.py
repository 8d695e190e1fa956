"""The HTML page: one file that needs no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from evaluate.report.content import Chapter, Part
from evaluate.report.figures.style import DARK, VARIABLES, Drawn
from evaluate.report.figures.svg import inline

BESIDES = {
    "note": ("#f3f5f7", "#1d242c"),
    "mark": ("#b97b00", "#f0c04a"),
}
"""CSS variables that no figure has: light and dark colour."""


UNITS = "s|B|kB|MB|GB|points|nodes|edges"


@dataclass(frozen=True)
class Page:
    """What is said once for all parts.

    Attributes:
        title: of the browser's window and of print-outs; says real or simulated.
        heading: the same on the page.
        lead: one sentence about the method of judging.
        simulated: data sets that are.
        folder: where tables and figures lie.
    """

    title: str
    heading: str
    lead: str
    simulated: tuple[str, ...]
    folder: str


def html(page: Page, parts: Sequence[Part], citing: Chapter, files: dict[str, str]) -> str:
    """The page as text.

    Args:
        page: title and lead.
        parts: one a whole graph.
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
        title=page.title,
        heading=page.heading,
        lead=page.lead,
        simulated=page.simulated,
        folder=page.folder,
        parts=parts,
        citing=citing,
        colours=Markup(colours()),
        style=Markup(style),
        groups=by_size,
        breakable=breakable,
        inline=lambda drawn: Markup(inline(files[drawn.name], drawn.name, drawn.alt)),
    )


def colours() -> str:
    """CSS: the variables of figures and page, light, and dark where the reader's screen is."""
    light = {name: colour for colour, name in VARIABLES.items()}
    dark = {name: DARK[colour] for colour, name in VARIABLES.items()}
    light |= {name: pair[0] for name, pair in BESIDES.items()}
    dark |= {name: pair[1] for name, pair in BESIDES.items()}

    def said(values: dict[str, str]) -> str:
        return " ".join(f"--{name}: {colour};" for name, colour in values.items())

    return (
        f":root {{ {said(light)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {said(dark)} }} }}"
    )


def breakable(text: str) -> Markup:
    """Text that is broken after the marks between a method's settings, and not before a unit or at a ±."""
    text = re.sub(rf"(?<=\d) (?=(?:{UNITS})\b)| (?=±)|(?<=±) ", "\N{NO-BREAK SPACE}", text)
    return Markup(re.sub("(?<=[,:=_])(?=[A-Za-z])", "<wbr>", str(Markup.escape(text))))


def by_size(figures: Sequence[Drawn]) -> list[list[Drawn]]:
    """Neighbours of one size together, which stand side by side."""
    return [list(group) for _, group in groupby(figures, key=lambda drawn: drawn.size)]
