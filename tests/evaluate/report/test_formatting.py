"""Numbers and lists as people write them."""

from __future__ import annotations

from evaluate.report.formatting import counted, listed, percent, slug


def test_words() -> None:
    assert percent(0.01234, 2) == "1.23\N{NO-BREAK SPACE}%"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (counted(1, "pair"), counted(2, "pair")) == ("1 pair", "2 pairs")
    assert slug("IMDB (real)/ä") == "imdb--real"
    assert slug("!") == "x"
