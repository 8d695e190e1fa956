"""Bounds on memory, and what they are read from."""

from __future__ import annotations

import pytest

from condense.errors import UserError
from condense.out_of_core.room import GIB, Room, available_bytes, parse_memory


@pytest.mark.parametrize(
    ("text", "size"),
    [("6GiB", 6 * GIB), ("6G", 6 * GIB), ("4000 MB", 4e9), ("2e9", 2e9), (" 2.5gib ", 2.5 * GIB)],
)
def test_sizes(text: str, size: float) -> None:
    assert parse_memory(text) == int(size)


@pytest.mark.parametrize("text", ["", "much", "6 apples", "-6GiB", "1.2.3GiB", "1e999"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"must be a size; try 6GiB"):
        parse_memory(text)


def test_too_little_is_refused() -> None:
    with pytest.raises(UserError, match=r"at least 1\.5GiB"):
        parse_memory("900MB")


def test_too_little_is_refused_in_python_too() -> None:
    with pytest.raises(UserError, match=r"at least 1\.5GiB"):
        Room(1)


def test_blocks_shrink_with_the_bound_and_never_vanish() -> None:
    small, large = Room(2 * GIB), Room(20 * GIB)
    assert small.columns(10**7) < large.columns(10**7)
    assert small.columns(10**12) == 1
    assert small.rows(10**9) >= 1
    assert small.edges < large.edges
    # Ten slabs of the largest type stay within the bound.
    assert 10 * 4 * 10**7 * large.columns(10**7) < 20 * GIB


def test_memory_is_available() -> None:
    assert available_bytes() > 0
