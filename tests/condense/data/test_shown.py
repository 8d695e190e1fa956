"""No character of a name reaches a terminal or a page that would obey it."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from condense.data.shown import json_escaped, printable, shown
from tests.support.names import NASTY

ANY = st.text(st.characters(exclude_categories=())) | st.sampled_from(NASTY)


@given(ANY)
def test_shown_is_one_printable_line(name: str) -> None:
    assert shown(name).isprintable()
    assert shown(name) == name or not name.isprintable()


@given(ANY)
def test_printable_is_text_of_xml_and_utf_8_on_the_same_lines(text: str) -> None:
    line = printable(text)
    line.encode("utf-8")
    assert line.count("\n") == text.count("\n")
    page = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert "".join(ElementTree.fromstring(f"<a>{page}</a>").itertext()) == line
    assert printable(line) == line


@given(ANY)
def test_json_means_the_same(text: str) -> None:
    document = json_escaped(json.dumps([text], ensure_ascii=False))
    assert json.loads(document) == [text]
    assert printable(document) == document


def test_examples() -> None:
    assert printable("a\x1b[31m\tb\n\u202eé 日\N{NO-BREAK SPACE}\x9b") == (
        "a\\x1b[31m\tb\n\\u202eé 日\N{NO-BREAK SPACE}\\x9b"
    )
    assert shown("a\tb\nc") == "a\\tb\\nc"
