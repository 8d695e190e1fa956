"""Made-up validation curves: which of them were still rising when the training ended."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from evaluate.training.rising import still_rising
from tests.evaluate.training.test_train import trained

MANY = 10**6  # Validation nodes: the margin is half a point.


def judged(scores: Sequence[float], nodes: int = MANY) -> bool | None:
    """The verdict where the first of the best scores was kept."""
    return still_rising(scores, scores.index(max(scores)), nodes)


def noisy(curve: Sequence[float], sd: float, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [score + draw.gauss(0, sd) for score in curve]


SLOW = [0.6 + 0.05 * math.log2(1 + k) for k in range(10)]
"""Gains 5 points with each doubling of the epochs: 4.8 over the later half."""
SATURATED = [0.8 - 0.2 * math.exp(-2 * k) for k in range(10)]
"""Within half a point of its end after three of ten validations."""


@pytest.mark.parametrize(
    ("scores", "rising"),
    [
        (SLOW, True),
        (SATURATED, False),
        ([0.7] * 10, False),
        ([0.9 - 0.02 * k for k in range(10)], False),  # Falls.
        ([0.5, 0.6, 0.7, 0.8, 0.8, 0.79, 0.75, 0.7, 0.65, 0.6], False),  # Overfits.
        ([0.5] * 5 + [0.7, 0.7, 0.7, 0.7, 0.7], False),  # Jumped in the middle; flat since.
        ([0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.804], False),  # By less than half a point.
        ([0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.806], True),
    ],
)
def test_a_curve_of_ten_validations(scores: list[float], rising: bool) -> None:
    assert judged(scores) is rising


@pytest.mark.parametrize(
    ("scores", "rising"),
    [
        ([0.7], None),
        ([0.5, 0.7], True),
        ([0.7, 0.5], False),
        ([0.4, 0.6, 0.7], True),
        ([0.4, 0.7, 0.6], False),
        ([0.4, 0.5, 0.6, 0.7], True),
    ],
)
def test_few_validations(scores: list[float], rising: bool | None) -> None:
    assert judged(scores) is rising


@pytest.mark.parametrize(("nodes", "rising"), [(100, False), (180, False), (220, True)])
def test_the_margin_is_a_standard_error(nodes: int, rising: bool) -> None:
    # √(.8 · .2 / 200) = 2.83 points lies between the margins of 180 and 220 nodes.
    assert judged([0.8, 0.8 + math.sqrt(0.8 * 0.2 / 200)], nodes) is rising


@pytest.mark.parametrize("nodes", [5, 21, 100])
@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_a_single_node_is_no_rise(nodes: int, share: float) -> None:
    before = math.ceil(share * nodes) - 1
    assert judged([before / nodes, (before + 1) / nodes], nodes) is False


def test_noise_neither_hides_a_rise_nor_makes_one() -> None:
    nodes = 500  # A standard error of 1.8 to 2.1 points; the noise is half of that.
    steep = [0.6 + 0.02 * k for k in range(10)]
    trials = range(400)
    found = sum(judged(noisy(steep, 0.01, seed), nodes) is True for seed in trials)
    assert found > 0.97 * len(trials)
    for still in (SATURATED, [0.7] * 10):
        mistaken = sum(judged(noisy(still, 0.01, seed), nodes) is True for seed in trials)
        assert mistaken < 0.05 * len(trials)


def test_the_kept_state_decides_where_the_least_loss_is_kept() -> None:
    # The score rises to the end, but the state that is used is an early one: more epochs change nothing.
    assert still_rising(SLOW, 2, MANY) is False
    assert still_rising(SLOW, 9, MANY) is True


RISE = [(0.25, 1.0), (0.25, 1.0), (0.5, 1.0), (0.5, 1.0), (0.5, 1.0), (0.5, 1.0), (0.5, 1.0),
        (0.75, 1.0), (0.75, 1.0), (1.0, 1.0)]  # fmt: skip


def test_a_training_says_whether_it_was_still_rising() -> None:
    assert trained(RISE)[1].rising is True
    assert trained(RISE, patience=30)[1].rising is True  # All epochs were used.
    assert trained(RISE[::-1])[1].rising is False
    assert trained(RISE, check_every=100)[1].rising is None


def test_a_training_that_patience_stopped_was_not() -> None:
    # It rises at the fourth of five validations, and both score and loss are worse at the fifth.
    script = [(0.25, 1.0), (0.25, 1.0), (0.5, 1.0), (1.0, 9.0), (0.25, 9.0)]
    model, done = trained(script, patience=10)
    assert (model.steps, done.epoch, done.rising) == (50, 40, False)
    assert still_rising([0.25, 0.25, 0.5, 1.0, 0.25], 3, MANY) is True
