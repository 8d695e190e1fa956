"""Distribution matching against sums over nodes, finite differences and what its loss leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.methods.gcdm.relay import EmbeddingRelay, class_shares, mean_distance, pair_distance
from condense.methods.gcdm.settings import GCDMSettings, GCDMXSettings
from condense.methods.gcdm.synthesis import Matching
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.pair_mlp import normalised
from condense.run import condense
from condense.running.checkpoints import Checkpoints
from tests.condense.methods.test_methods import graph_for, same
from tests.support.graphs import film_graph

SHORT = {"epochs": 6, "outer": 2, "inner": 1, "check_every": 2}


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def relay_of(width: int, hidden: int, num_classes: int) -> EmbeddingRelay:
    relay = EmbeddingRelay.empty(width, hidden, num_classes, random(1))
    relay.redraw(torch.Generator().manual_seed(1))
    relay.bias.copy_(random(hidden, seed=2))
    return relay


def matching(
    settings: GCDMXSettings, edges: int = 0, dtype: torch.dtype = torch.float32
) -> Matching:
    view = HomogeneousGraph.of(complete(hide_test_labels(film_graph())))
    y = torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])
    x = random(len(y), view.x.size(1), seed=3).to(dtype)
    made = Matching(view, x, y, settings, edges, torch.Generator().manual_seed(0))
    made.z = made.z.to(dtype)
    return made


def test_gradients_of_the_relays_training() -> None:
    relay, z, y = relay_of(4, 5, 3), random(7, 4), torch.arange(7) % 3
    tensors = [x.requires_grad_() for x in relay.tensors().values()]
    logits = (z @ tensors[0] + tensors[1]).relu() @ tensors[2] + tensors[3]
    expected = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, y), tensors)
    with torch.no_grad():
        for found, wanted in zip(relay.gradients(z, y), expected, strict=True):
            torch.testing.assert_close(found, wanted)


def test_distances_are_the_sums_of_their_formulas() -> None:
    y, whole_y = torch.tensor([0, 0, 1, 2]), torch.tensor([2, 0, 1, 1, 0])
    h, whole, share = random(4, 6), random(5, 6, seed=1), torch.tensor([0.5, 0.25, 0.25])
    share = share.double()
    by_class = sum(
        share[c] * (h[y == c].mean(0) - whole[whole_y == c].mean(0)).pow(2).mean() for c in range(3)
    )
    condensed_means, whole_means = (class_shares(labels, 3, h) for labels in (y, whole_y))
    found = mean_distance(condensed_means @ h, whole_means @ whole, share)
    torch.testing.assert_close(found, by_class)
    partners = whole[[1, 4, 2, 0]]
    by_node = sum(share[y[i]] * (h[i] - partners[i]).abs().sum() for i in range(4))
    torch.testing.assert_close(pair_distance(h, partners, share[y]), by_node)


def test_means_of_a_class_without_nodes_are_zero() -> None:
    assert class_shares(torch.tensor([0, 2]), 3, random(1))[1].tolist() == [0, 0]


def test_partners_are_of_the_class_and_differ_where_there_are_enough() -> None:
    found = matching(GCDMXSettings())
    available = [int((found.train_y == c).sum()) for c in range(3)]
    assert available[0] < 5
    assert available[1] >= 2
    for _ in range(20):
        partners = found._partners()
        assert torch.equal(found.train_y[partners], found.y)
        assert len(partners[:5].unique()) == available[0]
        assert len(partners[5:7].unique()) == 2
    assert len({tuple(found._partners().tolist()) for _ in range(20)}) > 1


@pytest.mark.parametrize("hops", [1, 2])
def test_the_gradient_is_that_of_the_distance_on_the_edges_that_are_saved(hops: int) -> None:
    made = matching(GCDMSettings(distance="means", hops=hops), edges=20, dtype=torch.float64)
    assert made.mlp is not None
    made.update(1)
    x, mlp, relay = made.x.detach().clone(), made.mlp, made.relay

    @torch.no_grad()
    def loss(x: Tensor) -> float:
        a = mlp(x)
        a = torch.where(a >= a.flatten().sort().values[-20], a, 0)
        assert int((a > 0).sum()) == 20
        whole = (made.z @ relay.weight).relu()
        h = (torch.matrix_power(normalised(a), hops) @ x @ relay.weight).relu()
        gaps = [h[made.y == c].mean(0) - whole[made.train_y == c].mean(0) for c in range(3)]
        return float(sum(n / 8 * gap.pow(2).mean() for n, gap in zip((5, 2, 1), gaps, strict=True)))

    (gradient,) = torch.autograd.grad(made.distance(), made.x)
    for place in [(0, 0), (3, 5), (7, 9)]:
        shift = torch.zeros_like(x)
        shift[place] = 1e-6
        slope = (loss(x + shift) - loss(x - shift)) / 2e-6
        assert abs(float(gradient[place])) > 1e-6
        assert float(gradient[place]) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("distance", ["pairs", "means"])
def test_matching_lowers_the_distance_between_the_means_of_propagated_features(
    distance: Any,
) -> None:
    settings = GCDMXSettings(distance=distance, lr_features=0.02)
    made = matching(settings)

    def gap() -> float:
        whole = made.whole_means @ made.z
        return float(mean_distance(made.means @ made.x.detach(), whole, made.share))

    before = gap()
    for step in range(1, 401):
        made.update(step)
    assert gap() < 0.05 * before


def test_edges_and_features_take_turns() -> None:
    settings = GCDMSettings(outer=1, edge_epochs=1, feature_epochs=2, distance="means")
    made = matching(settings, edges=20)
    assert made.mlp is not None
    moved = []
    for step in range(1, 7):
        x, mlp = made.x.detach().clone(), [p.detach().clone() for p in made.mlp.parameters()]
        made.update(step)
        same_mlp = all(torch.equal(p, q) for p, q in zip(mlp, made.mlp.parameters(), strict=True))
        moved.append((torch.equal(x, made.x), same_mlp))
    assert moved == [(True, False), (False, True), (False, True)] * 2


@pytest.mark.parametrize("method", ["gcdm", "gcdmx"])
def test_a_run_that_goes_on_from_a_checkpoint_ends_in_the_same_graph(
    method: str, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: Any) -> None:
        if step.index == 8:
            raise Killed

    graph = graph_for(method)
    budget = plan(graph, 0.3)
    settings = {**SHORT, **({"edge_epochs": 2, "feature_epochs": 1} if method == "gcdm" else {})}
    whole_run = condense(graph, budget, method, settings, device="cpu")
    with pytest.raises(Killed):
        condense(
            graph, budget, method, settings, device="cpu", on_step=kill,
            checkpoints=Checkpoints(tmp_path, 0),
        )  # fmt: skip
    resumed = condense(
        graph, budget, method, settings, device="cpu",
        checkpoints=Checkpoints(tmp_path, resume=True),
    )  # fmt: skip
    assert "resumed_from" in resumed.provenance.measures
    assert same(whole_run.graph, resumed.graph)
    assert whole_run.provenance.history == resumed.provenance.history
