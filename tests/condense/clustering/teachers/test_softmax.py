"""The linear teacher: it learns classes that planes divide, and is kept where it guesses best."""

from __future__ import annotations

import pytest
import torch

from condense.clustering.teachers import network as module
from condense.clustering.teachers.network import network
from condense.clustering.teachers.softmax import softmax_regression
from condense.clustering.teachers.training_data import Teacher, TrainingData


def data(n: int = 600, width: int = 8, classes: int = 4, noise: float = 0.3) -> TrainingData:
    """Classes by the greatest of `classes` linear scores, in features far from zero and of one scale."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2 * n, width, generator=generator)
    score = x @ torch.randn(width, classes, generator=generator)
    y = (score + noise * torch.randn(score.shape, generator=generator)).argmax(dim=1)
    z = 0.1 * x + 5
    return TrainingData(z[:n], y[:n], z[n:], y[n:], classes)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def probabilities(teacher: Teacher, z: torch.Tensor) -> torch.Tensor:
    return teacher.head(z @ teacher.weight + teacher.bias)


def test_it_learns_and_says_how_well() -> None:
    given = data()
    teacher = softmax_regression(given, generator())
    found = probabilities(teacher, given.z_val)
    assert torch.allclose(found.sum(dim=1), torch.ones(len(found)))
    right = float((found.argmax(dim=1) == given.y_val).double().mean())
    assert teacher.val_accuracy == pytest.approx(right, abs=0.01)
    assert right > 0.85


def test_equal_seeds_give_equal_teachers_and_leave_other_draws_alone() -> None:
    given = data()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = (softmax_regression(given, generator()) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.weight, second.weight)
    assert not torch.equal(first.weight, softmax_regression(given, generator(1)).weight)


def test_of_many_nodes_the_best_of_three_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """75 nodes an input are many, and a plane divides these classes best."""
    given = data()
    monkeypatch.setattr(module, "STEPS", 20)
    of_three = network(given, generator())
    monkeypatch.setattr(module, "MANY", 10**9)
    alone = network(given, generator())
    assert of_three.val_accuracy > alone.val_accuracy
    assert of_three.weight.size(1) == given.num_classes
    assert alone.weight.size(1) == module.HIDDEN
