"""The interval against tabulated quantiles of Student's distribution."""

from __future__ import annotations

import math

import pytest

from condense.errors import UserError
from evaluate.results.paired import PairedDifference, paired_methods
from evaluate.results.rows import Row


def test_by_hand():
    # Differences 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.303.
    found = PairedDifference.of([11.0, 22.0, 33.0], [10.0, 20.0, 30.0])
    assert (found.mean, found.count) == (2.0, 3)
    assert found.half == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert str(found) == "+2.00 ± 2.48 (3 pairs)"


def test_ten_pairs_with_one_level_shift_are_sure():
    a = [float(x) for x in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3)]
    found = PairedDifference.of(a, [x + 1.5 for x in a])
    assert (found.mean, found.half) == (pytest.approx(-1.5), pytest.approx(0))


def test_a_single_pair_tells_nothing_of_its_spread():
    assert PairedDifference.of([1.0], [0.5]) == PairedDifference(0.5, math.inf, 1)


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], []), ([1.0], [1.0, 2.0])])
def test_without_pairs(first: list[float], second: list[float]):
    with pytest.raises(UserError, match=rf"got {len(first)} and {len(second)}"):
        PairedDifference.of(first, second)


def row(method: str, model: str, seed: int, micro_f1: float) -> Row:
    """A row of which only these count."""
    return Row(
        "set", "real", method, 0.1, 0.2, model, "condensed", seed, seed, micro_f1, 0.0, 0.0, 0.0, 0.0,
        1, 0.0, 0.0, 0.0, 0.0, 1, 1, 1, "",
    )  # fmt: skip


def test_methods_are_paired_by_seed_on_the_mean_over_the_models():
    rows = [
        row("a", "mlp", 0, 0.6),
        row("a", "gcn", 0, 0.8),
        row("a", "mlp", 1, 0.5),
        row("a", "gcn", 1, 0.7),
    ]
    rows += [
        row("b", "gcn", 1, 0.6),
        row("b", "mlp", 1, 0.5),
        row("b", "mlp", 0, 0.4),
        row("b", "gcn", 0, 0.6),
    ]
    rows += [
        row("a", "mlp", 2, 1.0),
        row("a", "gcn", 2, 1.0),
        row("b", "mlp", 2, 0.0),
    ]  # No GCN on b.
    rows += [row("other", "hgt", 0, 0.0), row("a", "hgt", 0, 0.1)]  # b has no HGT at all.
    found = paired_methods(rows, "a", "b")
    assert found is not None
    assert (found.mean, found.count) == (pytest.approx((20 + 5) / 2), 2)


def test_methods_without_a_common_whole_seed_are_no_pair():
    assert paired_methods([row("a", "mlp", 0, 0.6), row("b", "mlp", 1, 0.6)], "a", "b") is None
    assert paired_methods([row("a", "mlp", 0, 0.6), row("b", "gcn", 0, 0.6)], "a", "b") is None
