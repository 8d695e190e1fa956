"""An error in one line, as tables keep it."""

from __future__ import annotations

import pytest

from evaluate.executors import reason


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("\n  first\nsecond"), "ValueError: first"),
        (ValueError("a\0b"), "ValueError: a b"),
        (MemoryError(), "MemoryError"),
        (ValueError("x" * 500), "ValueError: " + "x" * 288),
    ],
)
def test_reason(error: Exception, expected: str) -> None:
    assert reason(error) == expected
