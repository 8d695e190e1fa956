"""A figure as an SVG file that is legible on a light and on a dark page.

The file brings its own background, and both change with the reader's colour scheme, so text never stands
on a colour that it was not drawn for.
"""

from __future__ import annotations

import html
import re

from matplotlib.figure import Figure

from evaluate.report.figures.style import DARK, VARIABLES
from evaluate.report.figures.svg import svg


def adaptive(figure: Figure, alt: str, stamp: str = "") -> str:
    """The figure as the text of an SVG file.

    Args:
        figure: drawn in the report's style, whose colours have dark counterparts.
        alt: what the figure shows, for readers who do not see it.
        stamp: a comment to keep in the file.
    """
    text = svg(figure)
    text = text[text.index("<svg") :]
    head, rest = text.split(">", 1)
    rest = re.sub(r"<!--.*?-->\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(
        r"(?<=: )#[0-9a-f]{6}\b",
        lambda match: f"var(--{VARIABLES[match[0]]})" if match[0] in VARIABLES else match[0],
        rest,
    )
    light = " ".join(f"--{name}: {colour};" for colour, name in VARIABLES.items())
    dark = " ".join(f"--{name}: {DARK[colour]};" for colour, name in VARIABLES.items())
    style = (
        f"<style>:root {{ {light} }} "
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}</style>"
    )
    ground = '<rect width="100%" height="100%" rx="6" style="fill: var(--paper)"/>'
    lines = (f'{head} role="img">', stamp, f"<title>{html.escape(alt)}</title>", style, ground)
    return "\n".join(line for line in lines if line) + re.sub(r"\n\s*", "\n", rest)
