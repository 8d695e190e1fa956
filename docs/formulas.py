"""A hook of mkdocs that turns formulas into pictures when the site is built, with matplotlib's own TeX.

GitHub renders $…$ and $$…$$ itself. On the site that would take a script from another host. These pictures
are inline SVG instead: they need no script, take the text's colour and size, and are read out as their TeX.
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

SIZE = 100.0  # Units per em; larger units make rounding less visible.
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
        PluginError: a formula is no TeX that matplotlib knows.
    """

    def draw(formula: re.Match[str]) -> str:
        tex = " ".join(html.unescape(formula["tex"]).split())
        try:
            # A fraction on a line of its own has room.
            picture = drawn(tex.replace(r"\frac", r"\dfrac") if formula["tag"] == "div" else tex)
        except ValueError as error:
            raise PluginError(f"{page.file.src_uri}: cannot draw ${tex}$: {error}") from error
        if formula["tag"] == "div":
            return f'<div class="formula">{picture}</div>{formula["end"]}'
        # A full stop never wraps to the next line without its formula.
        return f'<span class="unbroken">{picture}{formula["end"]}</span>'

    return FORMULA.sub(draw, content)


@cache
def drawn(tex: str) -> str:
    """A formula as inline SVG.

    Raises:
        ValueError: matplotlib cannot parse `tex`.
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
    margin = SIZE / 20  # Some letters reach beyond the size that matplotlib reports.
    box = f"{-margin:.0f} {-top - margin:.0f} {width + 2 * margin:.0f} {height + 2 * margin:.0f}"
    style = (
        f"width:{(width + 2 * margin) / SIZE:.3f}em;height:{(height + 2 * margin) / SIZE:.3f}em;"
        f"vertical-align:{-(descent + margin) / SIZE:.3f}em"
    )
    return (
        f'<svg class="drawn" role="img" aria-label="{html.escape(tex)}" viewBox="{box}" style="{style}">'
        f'<path fill="currentColor" d="{"".join(steps)}"/></svg>'
    )
