"""One name, one thing: no two classes of the package share a name."""

from __future__ import annotations

import ast
from collections import Counter

from tests.support.paths import ROOT


def test_no_two_classes_share_a_name() -> None:
    names = Counter(
        node.name
        for file in (ROOT / "models").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []
