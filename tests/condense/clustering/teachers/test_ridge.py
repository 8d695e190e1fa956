"""Ridge regression against its closed form and scikit-learn."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import Ridge as Reference
from torch.nn.functional import one_hot

from condense.clustering.teachers.ridge import RIDGES, ridge
from condense.clustering.teachers.training_data import TrainingData
from tests.support.dense import assert_near


def problem(n, width, seed=0, noise=1.0):
    """n training and 30 validation rows of 3 classes, shuffled together."""
    rng = torch.Generator().manual_seed(seed)
    y = torch.randint(3, (n + 30,), generator=rng)
    y[:3] = torch.arange(3)
    centres = torch.randn(3, width, generator=rng, dtype=torch.float64)
    z = 5 + centres[y] + noise * torch.randn(n + 30, width, generator=rng, dtype=torch.float64)
    return z, torch.arange(n), torch.arange(n, n + 30), y


def candidates(z, train, y):
    """scikit-learn's solution for each λ of the grid."""
    x = z[train] - z[train].mean(dim=0)
    size = x.square().sum().item() / len(train)
    for strength in RIDGES:
        model = Reference(alpha=strength * size).fit(z[train].numpy(), one_hot(y[train], 3).numpy())
        yield torch.from_numpy(model.coef_.T.copy()), torch.from_numpy(model.intercept_)


@pytest.mark.parametrize(("n", "width"), [(40, 6), (10, 25), (12, 12)])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_a_ridge_that_no_neighbour_on_the_grid_beats(n, width, seed):
    """Through either Gram matrix: more rows than columns, or fewer."""
    z, train, val, y = problem(n, width, seed, noise=2.0)
    found = ridge(TrainingData(z[train], y[train], z[val], y[val], 3))
    scores, place = [], None
    for i, (weight, bias) in enumerate(candidates(z, train, y)):
        right = (z[val] @ weight + bias).argmax(dim=1) == y[val]
        scores.append(right.double().mean().item())
        if torch.allclose(found.weight, weight, rtol=1e-7, atol=1e-9):
            assert_near(found.bias, bias, 1e-7)
            place = i
    assert place is not None
    assert found.val_accuracy == pytest.approx(scores[place])
    assert scores[place] >= max(scores[max(place - 1, 0) : place + 2])
    middle = len(RIDGES) // 2
    assert scores[place] >= scores[middle]


def test_separable_classes_are_guessed():
    z, train, val, y = problem(30, 8, noise=0.05)
    found = ridge(TrainingData(z[train], y[train], z[val], y[val], 3))
    assert found.val_accuracy == 1.0
    assert torch.equal((z @ found.weight + found.bias).argmax(dim=1), y)


def test_scale_of_the_features_does_not_change_the_guesses():
    z, train, val, y = problem(40, 6, noise=2.0)
    first = ridge(TrainingData(z[train], y[train], z[val], y[val], 3))
    second = ridge(TrainingData(1000 * z[train], y[train], 1000 * z[val], y[val], 3))
    assert_near(second.weight * 1000, first.weight, 1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_repeated_columns_and_constant_ones(dtype):
    """The Gram matrix is singular; λ makes up for it, or a greater λ follows."""
    z, train, val, y = problem(40, 6)
    z = torch.cat([z, z, torch.ones(70, 2)], dim=1).to(dtype)
    found = ridge(TrainingData(z[train], y[train], z[val], y[val], 3))
    assert bool(torch.isfinite(found.weight).all())
    assert found.val_accuracy > 0.5
