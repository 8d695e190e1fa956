"""A figure as a file, and as SVG inside the page."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.figure import Figure

from condense.data.shown import printable
from evaluate.report.figures.style import RC, VARIABLES

DOTS, CLOUD_DOTS = 200, 150  # Per inch, of PNG files and of pixels inside SVG files.
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def png(figure: Figure) -> bytes:
    """The figure on white, as a PNG file."""
    stream = io.BytesIO()
    with mpl.rc_context(RC), _any_characters():
        figure.savefig(stream, format="png", dpi=DOTS, facecolor="white")
    return stream.getvalue()


def svg(figure: Figure) -> str:
    """The figure as an SVG file whose text is text; the same figure always gives the same file."""
    stream = io.StringIO()
    with mpl.rc_context({**RC, "svg.hashsalt": "report"}), _any_characters():
        figure.savefig(stream, format="svg", dpi=CLOUD_DOTS, metadata=NO_METADATA)
    # Names may hold control characters, which XML forbids.
    text = printable(stream.getvalue())
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    # Nobody sees a hundredth of a point, and thousands of longer numbers make a large file.
    text = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", text)
    return re.sub(r"'DejaVu Sans'(, sans-serif)?", "'DejaVu Sans', Verdana, sans-serif", text)


def inline(file: str, prefix: str, alt: str) -> str:
    """An SVG file as an element of the page, with unique ids and the page's font and colours.

    Args:
        file: from `svg`.
        prefix: of the ids; no other element of the page may have it.
        alt: what the figure shows.
    """
    text = file[file.index("<svg") :]
    head, rest = text.split(">", 1)
    box = re.search(r'viewBox="([^"]*)"', head)
    assert box is not None
    used = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', rest))
    rest = re.sub(
        r' id="([\w.-]+)"',
        lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "",
        rest,
    )
    rest = re.sub(r'(url\(|href=")#([\w.-]+)', rf"\1#{prefix}-\2", rest)
    rest = re.sub(
        r"(?<=: )#[0-9a-f]{6}\b",
        lambda match: f"var(--{VARIABLES[match[0]]})" if match[0] in VARIABLES else match[0],
        rest,
    )
    rest = rest.replace("'DejaVu Sans', Verdana, sans-serif", "var(--font)")
    rest = re.sub(r"<!--.*?-->\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r"\n\s*", "\n", rest).replace("xlink:href", "href")
    return f'<svg role="img" aria-label="{_escaped(alt)}" viewBox="{box[1]}">{rest.strip()}'


@contextlib.contextmanager
def _any_characters() -> Iterator[None]:
    """No warning for each character of a name that the font lacks: PNG files show a box for it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
