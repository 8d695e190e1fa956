"""Results by method and model, against the rows and scipy's intervals."""

from __future__ import annotations

import dataclasses
import math
import statistics

import pytest
from scipy.stats import t, ttest_1samp

from evaluate.report.method_summary import common_models, difference, method_summaries, widened
from evaluate.results.paired import PairedDifference
from evaluate.results.rows import Row
from tests.evaluate.report.rows import row, rows


def test_means_and_retention_are_those_of_the_rows() -> None:
    summaries = method_summaries(rows())
    assert [s.label for s in summaries] == ["whole", "srgm", "random"]
    whole, srgm, _ = summaries
    assert whole.whole
    scores = [r.micro_f1 for r in rows() if (r.method, r.model) == ("srgm", "sgc")]
    base = [r.micro_f1 for r in rows() if (r.method, r.model) == ("whole", "sgc")]
    assert srgm.lines["sgc"].micro[0] == pytest.approx(100 * statistics.fmean(scores))
    kept = 100 * statistics.fmean(scores) / statistics.fmean(base)
    assert srgm.lines["sgc"].retention == pytest.approx(kept)
    assert common_models(summaries) == ["mlp", "sgc"]
    both = statistics.fmean(srgm.lines[m].retention or 0 for m in ("mlp", "sgc"))
    assert srgm.mean("retention", ["mlp", "sgc"]) == pytest.approx(both)
    assert srgm.mean("retention", ["mlp", "gcn"]) is None


def test_two_sizes_of_a_method_are_two_lines() -> None:
    more = [dataclasses.replace(r, ratio=0.05, nodes=500) for r in rows() if r.method == "srgm"]
    labels = [s.label for s in method_summaries([*rows(), *more])]
    assert labels == [
        "whole",
        "srgm at 1.00\N{NO-BREAK SPACE}%",
        "random",
        "srgm at 5.00\N{NO-BREAK SPACE}%",
    ]


def test_difference_is_students_over_pairs() -> None:
    _, srgm, random = method_summaries(rows())
    ahead = difference(srgm, random)
    assert ahead is not None

    def means(method: str) -> dict[tuple[int | None, int], float]:
        seeds = {(r.condense_seed, r.train_seed) for r in rows() if r.method == method}
        return {
            s: 100 * statistics.fmean(
                r.micro_f1 for r in rows() if (r.method, r.condense_seed, r.train_seed) == (method, *s)
            )
            for s in seeds
        }  # fmt: skip

    ours, theirs = means("srgm"), means("random")
    apart = [ours[s] - theirs[s] for s in ours]
    interval = ttest_1samp(apart, 0).confidence_interval(0.95)
    assert ahead.mean == pytest.approx(statistics.fmean(apart))
    assert (ahead.mean - ahead.half, ahead.mean + ahead.half) == pytest.approx(tuple(interval))
    assert ahead.count == 3


def test_the_whole_graphs_trainings_count_once() -> None:
    again = [dataclasses.replace(r, condense_seed=1) for r in rows() if r.method == "srgm"]
    whole, srgm, _ = method_summaries([*rows(), *again])
    ahead = difference(srgm, whole)
    assert ahead is not None
    assert ahead.count == 3


def test_intervals_are_widened_by_bonferroni() -> None:
    plain = PairedDifference(1.0, 2.0, 5)
    expected = 2.0 * t.isf(0.025 / 4, 4) / t.isf(0.025, 4)
    assert widened(plain, 4).half == pytest.approx(expected)
    assert widened(plain, 1) == plain
    assert math.isinf(widened(PairedDifference(1.0, math.inf, 1), 3).half)


def test_no_pair_no_difference() -> None:
    unpaired: list[Row] = [row("srgm", "mlp", 0, 0.5), row("random", "mlp", 1, 0.4)]
    srgm, random = method_summaries(unpaired)
    assert difference(srgm, random) is None
