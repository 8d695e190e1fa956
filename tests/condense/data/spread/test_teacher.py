"""Soft labels of draws: what the teacher sees and answers, by hand."""

from __future__ import annotations

import copy

import pytest
import torch

from condense.data.spread import draw
from condense.data.spread.teacher import OWN_CLASS, answers, reached, seen_by_teacher
from condense.data.training_inputs import training_nodes
from tests.support.spreads import PLACES, graph_with_spread

SEEN = 3 + 6 + 2 + 3 + 1
"""Features, coordinates of three places, two modalities, three places, and 1."""


def with_teacher(n: int = 4, **changes):
    """A teacher that sees class 1 in papers of great numbers: its score is the number less 15, in tens."""
    teacher = torch.zeros(SEEN, 2)
    teacher[2, 1], teacher[-1, 1] = 1.0, -1.5
    zero, unit = torch.zeros(3), torch.tensor([1.0, 1.0, 10.0])
    return graph_with_spread(n, teacher=teacher, zero=zero, unit=unit, **changes)


def drawn(graph, **options):
    return draw(graph, graph.spread, torch.Generator().manual_seed(0), **options)


def test_inputs_by_hand() -> None:
    seen = seen_by_teacher(
        own=torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        has=torch.tensor([[True, False], [True, True]]),
        widths=(2, 1),
        coordinates=torch.tensor([[[7.0, 8.0]], [[9.0, 1.0]]]),
        there=torch.tensor([[True], [False]]),
    )
    assert seen.tolist() == [[1, 2, 0, 7, 8, 1, 0, 1, 1], [4, 5, 6, 0, 0, 1, 1, 0, 1]]


def test_nothing_is_reached_behind_nobody() -> None:
    occurs = torch.tensor([[False, True, True], [True, False, True], [True, True, False]])
    assert reached(PLACES, occurs).tolist() == [
        [False, True, True],
        [True, False, False],
        [True, True, False],
    ]


@pytest.mark.parametrize("neighbours", [True, False])
def test_draws_are_answered(neighbours: bool) -> None:
    small = drawn(with_teacher(), neighbours=neighbours)
    score = torch.arange(4) - 1.5 + torch.tensor([-1.0, 1.0, -1.0, 1.0]) * OWN_CLASS
    expected = torch.stack([1 - score.sigmoid(), score.sigmoid()], dim=1)
    assert torch.allclose(small["paper"].y_soft[:4], expected, atol=1e-6)
    assert bool((small["paper"].y_soft[4:] == 0.5).all())
    assert small["paper"].y[:4].tolist() == [0, 1, 0, 1]
    _, labels, _ = training_nodes(small)
    assert torch.allclose(labels, expected, atol=1e-6)


def test_a_missing_modality_says_nothing() -> None:
    graph = with_teacher(has=torch.tensor([[1.0, 0.0]]).expand(4, 2))
    score = -1.5 + torch.tensor([-1.0, 1.0, -1.0, 1.0]) * OWN_CLASS
    assert torch.allclose(drawn(graph)["paper"].y_soft[:4, 1], score.sigmoid(), atol=1e-6)


def test_without_the_teacher_labels_are_classes() -> None:
    graph = with_teacher()
    graph.spread = graph.spread.without_teacher()
    assert "y_soft" not in drawn(graph)["paper"]


def test_scaled_draws_have_the_same_answers() -> None:
    graph = with_teacher(5, factor=torch.ones(1, 9))
    mean = {"paper": torch.tensor([1.0, 2.0, 3.0]), "author": torch.tensor([4.0, 5.0])}
    scale = {"paper": torch.tensor([2.0, 2.0, 5.0]), "author": torch.tensor([3.0, 3.0])}
    scaled = copy.deepcopy(graph)
    scaled["paper"].x_text = (scaled["paper"].x_text - mean["paper"][:2]) / 2
    scaled["paper"].x_size = (scaled["paper"].x_size - 3) / 5
    scaled.spread = graph.spread.scaled("paper", mean, scale)
    assert torch.allclose(drawn(scaled)["paper"].y_soft, drawn(graph)["paper"].y_soft, atol=1e-5)


def test_answers_are_distributions() -> None:
    spread = with_teacher().spread
    seen = torch.randn(7, SEEN, generator=torch.Generator().manual_seed(0))
    soft = answers(spread, seen, torch.tensor([0, 1, 0, 1, 0, 1, 0]))
    assert torch.allclose(soft.sum(dim=1), torch.ones(7))


@pytest.mark.parametrize("narrow", ["halved", "in_eight_bits"])
def test_its_units_are_never_rounded(narrow: str) -> None:
    """Years, and a modality of tiny numbers, would lose all by float16."""
    graph = with_teacher(20)
    odd = graph.spread.scaled(
        "paper",
        {"paper": torch.tensor([-20000.0, 0.0, 0.0]), "author": torch.zeros(2)},
        {"paper": torch.tensor([1.0, 1e9, 1.0]), "author": torch.ones(2)},
    )
    rounded = getattr(odd, narrow)()
    assert torch.equal(rounded.zero, odd.zero)
    assert torch.equal(rounded.unit, odd.unit)
    assert bool((rounded.unit > 0).all())
