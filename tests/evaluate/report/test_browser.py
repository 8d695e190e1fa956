"""The page in a real browser: no complaints, no overflow, dark where the reader's screen is dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluate.report.figures.style import DARK, PAPER
from evaluate.report.write import write_report
from tests.support.browser import NAMES, Browser, browser, find_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_browser() is None, reason=f"no browser is installed ({', '.join(NAMES)})"
    ),
]

OVERFLOWING = """
Array.from(document.querySelectorAll("body *")).filter(e => {
  for (let p = e.parentElement; p; p = p.parentElement)
    if (p.tagName == "svg" || ["auto", "hidden"].includes(getComputedStyle(p).overflowX)) return false;
  return e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5;
}).map(e => e.tagName + "." + e.getAttribute("class"))
"""
"""Elements that stick out of the page and are in no box that scrolls."""


@pytest.fixture(scope="module")
def page(tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "small.html"
    write_report([tiny.results, tiny.search], out)
    return out


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(find_browser() or "", tmp_path_factory.mktemp("profile")) as window:
        yield window


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_complaint_and_no_overflow(window: Browser, page: Path, width: int, dark: bool) -> None:
    window.open(page, width, dark)
    # Folded tables too: each must scroll in its own box.
    window.value("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert window.value("innerWidth") == width
    assert window.value("document.documentElement.scrollWidth") <= width
    assert window.value(OVERFLOWING) == []
    assert window.complaints == []
    assert [url for url in window.requests if not url.startswith("data:")] == [page.as_uri()]
    background = window.value("getComputedStyle(document.body).backgroundColor")
    assert background == rgb(DARK[PAPER] if dark else PAPER)


def test_figures_follow_the_page_and_are_of_a_readable_size(window: Browser, page: Path) -> None:
    colours = {}
    for dark in (False, True):
        window.open(page, 360, dark)
        colours[dark] = window.value("getComputedStyle(document.querySelector('svg text')).fill")
        small = window.value(
            "Math.min(...Array.from(document.querySelectorAll('svg text')).map(t => { const m = "
            "t.getScreenCTM(); return parseFloat(getComputedStyle(t).fontSize) * Math.hypot(m.a, m.b) }))"
        )
        assert small > 6
    assert colours[False] != colours[True]


def test_every_control_is_reached_by_keyboard(window: Browser, page: Path) -> None:
    window.open(page, 360)
    boxes = window.value(
        "Array.from(document.querySelectorAll('.scroll')).filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".filter(e => e.tabIndex < 0).length"
    )
    assert boxes == 0


def test_it_is_printed_light_with_folded_tables(
    window: Browser, page: Path, tmp_path: Path
) -> None:
    window.open(page, 1280, dark=True)
    window.ask("Emulation.setEmulatedMedia", media="print", features=[])
    background = window.value("getComputedStyle(document.body).backgroundColor")
    assert background == rgb(PAPER)
    window.printed(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    window.ask("Emulation.setEmulatedMedia", media="", features=[])
