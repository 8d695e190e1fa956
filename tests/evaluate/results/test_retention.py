"""Retention by hand."""

from __future__ import annotations

import math

from evaluate.results.retention import corrected_retention, retention


def test_retention() -> None:
    assert math.isclose(retention(0.6, 0.8), 0.75)
    assert math.isnan(retention(0.6, 0.0))
    assert math.isclose(corrected_retention(0.6, 0.8, 0.4), 0.5)
    assert math.isnan(corrected_retention(0.6, 0.3, 0.4))
