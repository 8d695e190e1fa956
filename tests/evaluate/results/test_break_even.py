"""Break-even by hand, and where it is never or unknown."""

from __future__ import annotations

import math

from evaluate.results.break_even import break_even


def test_trainings_until_the_saved_seconds_are_those_of_condensing() -> None:
    assert break_even(60, 25, 5) == 3  # Three trainings save 60 s.


def test_never_where_nothing_is_saved_and_unknown_without_seconds() -> None:
    assert break_even(60, 5, 5) == math.inf
    assert break_even(math.nan, 5, 6) == math.inf
    assert math.isnan(break_even(math.nan, 6, 5))
