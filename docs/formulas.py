"""A hook of mkdocs: formulas become pictures when the site is built, by matplotlib's own TeX.

GitHub draws $…$ and $$…$$ itself. On the site a script from somewhere else would have to; these are inline
SVG, which need no script, take the text's colour and size, and are read out as their TeX.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path
from mkdocs.exceptions import PluginError

SIZE = 100.0  # Units in an em; the greater, the less rounding shows.
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*\\[(\[](?P<tex>.*?)\\[)\]]\s*</(?P=tag)>(?P<end>[.,:;)]*)',
    re.DOTALL,
)
LETTERS = {
    Path.MOVETO: "M",
    Path.LINETO: "L",
    Path.CURVE3: "Q",
    Path.CURVE4: "C",
    Path.CLOSEPOLY: "Z",
}


def on_page_content(content: str, page: Any, **named: Any) -> str:
    """Draw all formulas of a page.

    Raises:
        PluginError: one that is no TeX known to matplotlib.
    """

    def draw(found: re.Match[str]) -> str:
        tex = " ".join(html.unescape(found["tex"]).split())
        try:
            # In a line of its own a fraction has room.
            picture = drawn(tex.replace(r"\frac", r"\dfrac") if found["tag"] == "div" else tex)
        except ValueError as error:
            raise PluginError(f"{page.file.src_uri}: cannot draw ${tex}$: {error}") from error
        if found["tag"] == "div":
            return f'<div class="formula">{picture}</div>{found["end"]}'
        # No line begins with the full stop of the one before.
        return f'<span class="unbroken">{picture}{found["end"]}</span>'

    return FORMULA.sub(draw, content)


@cache
def drawn(tex: str) -> str:
    """A formula as inline SVG.

    Raises:
        ValueError: it cannot be parsed.
    """
    with mpl.rc_context({"mathtext.fontset": "cm"}):
        font, text = FontProperties(size=SIZE), f"${tex}$"
        width, height, descent = text_to_path.get_text_width_height_descent(text, font, ismath=True)
        outline = TextPath((0, 0), text, prop=font, usetex=False)
    steps = []
    for points, code in outline.iter_segments(simplify=False):
        places = [f"{x:.0f} {-y:.0f}" for x, y in zip(points[::2], points[1::2], strict=True)]
        steps.append(LETTERS[code] + ("" if code == Path.CLOSEPOLY else " ".join(places)))
    top = height - descent
    margin = SIZE / 20  # Some letters reach beyond what they are said to measure.
    box = f"{-margin:.0f} {-top - margin:.0f} {width + 2 * margin:.0f} {height + 2 * margin:.0f}"
    style = (
        f"width:{(width + 2 * margin) / SIZE:.3f}em;height:{(height + 2 * margin) / SIZE:.3f}em;"
        f"vertical-align:{-(descent + margin) / SIZE:.3f}em"
    )
    return (
        f'<svg class="drawn" role="img" aria-label="{html.escape(tex)}" viewBox="{box}" style="{style}">'
        f'<path fill="currentColor" d="{"".join(steps)}"/></svg>'
    )
