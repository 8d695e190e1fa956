"""k-means: a partition that no point wants to leave, and groups that lie far apart are found."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.kmeans import kmeans
from models.seeding import seeded

pytestmark = pytest.mark.usefixtures("double")


def test_groups_far_apart_are_found():
    rng = torch.Generator().manual_seed(0)
    group = torch.arange(60) % 3
    x = 20 * torch.eye(3, 5)[group] + torch.randn(60, 5, generator=rng)
    with seeded(0):
        found = kmeans(x, 3)
    assert len({(a, b) for a, b in zip(group.tolist(), found.label.tolist(), strict=True)}) == 3
    for cluster in range(3):
        members = x[found.label == cluster]
        torch.testing.assert_close(found.centre[cluster], members.mean(0))
    torch.testing.assert_close(found.distance, torch.cdist(x, found.centre).amin(1))


def test_fewer_distinct_points_than_clusters():
    with seeded(0):
        found = kmeans(torch.ones(4, 2), 3)
        alone = kmeans(torch.ones(1, 2), 3)
    assert found.distance.tolist() == [0, 0, 0, 0]
    assert alone.label.shape == (1,)
    assert found.centre.shape == (3, 2)
