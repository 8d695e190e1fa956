"""Numbers and lists as text."""

from __future__ import annotations

from evaluate.report.formatting import counted, listed, listed_or_counted, percent, slug


def test_words() -> None:
    assert percent(0.01234, 2) == "1.23\N{NO-BREAK SPACE}%"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (counted(1, "pair"), counted(2, "pair")) == ("1 pair", "2 pairs")
    assert slug("IMDB (real)/ä") == "imdb--real"
    assert listed_or_counted(["a", "b"], "model", 2) == "a and b"
    assert listed_or_counted(["a", "b"], "model", 1) == "2 models"
    assert slug("!") == "x"
    long, longer = slug("a" * 300), slug("a" * 301)
    assert len(long) == len(longer) == 100
    assert long != longer
