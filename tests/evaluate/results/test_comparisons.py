"""Families of comparisons: who meets whom, and intervals against scipy's own."""

from __future__ import annotations

import dataclasses

import pytest
from scipy.stats import ttest_rel

from evaluate.results.comparisons import as_grid, as_list, compare
from evaluate.results.rows import Row
from tests.evaluate.results.test_paired import row

SCORES = {
    ("ours", "mlp"): (0.60, 0.64, 0.61, 0.66, 0.62),
    ("ours", "gcn"): (0.70, 0.71, 0.75, 0.71, 0.73),
    ("near", "mlp"): (0.59, 0.66, 0.60, 0.65, 0.63),
    ("near", "gcn"): (0.69, 0.73, 0.73, 0.72, 0.71),
    ("far", "mlp"): (0.50, 0.51, 0.48, 0.53, 0.52),
    ("far", "gcn"): (0.60, 0.61, 0.60, 0.64, 0.60),
}


@pytest.fixture
def rows() -> list[Row]:
    whole = [
        dataclasses.replace(row("whole", m, 0, 0.9), trained_on="whole", condense_seed=None)
        for m in ("mlp", "gcn")
    ]
    return whole + [
        row(method, model, seed, value)
        for (method, model), values in SCORES.items()
        for seed, value in enumerate(values)
    ]


def test_the_first_condensed_method_against_each_rival(rows: list[Row]) -> None:
    found = compare(rows)
    assert [(c.method, c.baseline, c.model) for c in found] == [
        ("ours", "near", None),
        ("ours", "far", None),
    ]
    p_values = []
    for one in found:
        means = [
            [50 * (a + b) for a, b in zip(SCORES[m, "mlp"], SCORES[m, "gcn"], strict=True)]
            for m in ("ours", one.baseline)
        ]
        test = ttest_rel(*means)
        low, high = test.confidence_interval(1 - 0.05 / 2)  # Bonferroni's, for two.
        assert one.difference.mean - one.difference.half == pytest.approx(low)
        assert one.difference.mean + one.difference.half == pytest.approx(high)
        assert one.difference.p == pytest.approx(test.pvalue)
        p_values.append(test.pvalue)
    # Two p-values in Holm's way: the smaller one doubled, the greater one at least that.
    near, far = p_values
    assert far < near
    assert [one.p for one in found] == pytest.approx([max(near, 2 * far), 2 * far])


def test_model_by_model_is_a_family_of_its_own(rows: list[Row]) -> None:
    found = compare(rows, by_model=True)
    assert {(c.baseline, c.model) for c in found} == {
        (r, m) for r in ("near", "far") for m in ("mlp", "gcn")
    }
    for one in found:
        assert one.model is not None
        test = ttest_rel(*([100 * s for s in SCORES[m, one.model]] for m in ("ours", one.baseline)))
        low, _ = test.confidence_interval(1 - 0.05 / 4)
        assert one.difference.mean - one.difference.half == pytest.approx(low)
    text = [line.split() for line in as_grid(found).splitlines()]
    assert text[0] == ["over", "mlp", "gcn"]
    assert [line[0] for line in text[1:]] == ["near", "far"]
    assert text[1].count("*") == 0
    assert text[2].count("*") == 2


def test_only_graphs_of_one_size_are_compared(rows: list[Row]) -> None:
    larger = [dataclasses.replace(r, ratio=0.5) for r in rows if r.method in ("ours", "far")]
    found = compare([*rows, *larger])
    assert [(c.baseline, c.ratio) for c in found] == [("near", 0.1), ("far", 0.1), ("far", 0.5)]
    text = as_list(found)
    assert "far (50.00%)" in text
    assert "near (10.00%)" in text
    assert "far (" not in as_list(compare(rows))


def test_without_a_rival_or_a_pair_there_is_nothing(rows: list[Row]) -> None:
    assert compare([]) == []
    assert compare([r for r in rows if r.method in ("whole", "ours")]) == []
    one = compare([r for r in rows if r.condense_seed in (None, 0)])
    assert [c.p for c in one] == [1.0, 1.0]
    assert "±" not in as_list(one)
