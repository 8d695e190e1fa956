"""SimGC against torch's own moments, loops over pairs, finite differences and torch's own Adam."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.simgc.alignment import Moments, misalignment, roughness
from condense.methods.simgc.settings import SimGCSettings
from condense.methods.simgc.synthesis import Alignment
from condense.methods.simgc.teacher import trained
from condense.run import condense
from condense.running.checkpoints import Checkpoints
from models.relays.linear import Parameters
from models.relays.registry import RELAYS
from tests.condense.methods.test_methods import same
from tests.support.graphs import film_graph

LABELS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2])


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def whole_view() -> HomogeneousGraph:
    return HomogeneousGraph.of(complete(hide_test_labels(film_graph(num_target=60, weighted=True))))


def aligned(edges: int = 20, **settings: Any) -> Alignment:
    view = whole_view()
    teacher = Parameters(random(view.x.size(1), 3, seed=4).float(), random(3, seed=5).float())
    generator = torch.Generator().manual_seed(0)
    return Alignment(view, teacher, LABELS, SimGCSettings(**settings), edges, generator)


def test_moments_are_torchs_class_by_class() -> None:
    h = 3 + random(8, 5)
    moments = Moments.of(h, LABELS, 4)
    for c in range(3):
        torch.testing.assert_close(moments.mean[c], h[c == LABELS].mean(0))
    for c in range(2):
        torch.testing.assert_close(moments.deviation[c], h[c == LABELS].std(0))
    assert moments.several.tolist() == [1, 1, 0, 0]
    assert not moments.mean[3].any()


def test_misalignment_is_the_sum_over_classes() -> None:
    h, whole, whole_y = random(8, 5), random(9, 5, seed=1), torch.arange(9) % 3
    whole_y[4] = 0  # Class 1 keeps nodes 1 and 7.
    share = torch.tensor([0.5, 0.375, 0.125], dtype=torch.float64)
    expected = 0.0
    for c in range(3):
        ours, theirs = h[c == LABELS], whole[whole_y == c]
        gap = (ours.mean(0) - theirs.mean(0)).pow(2).mean()
        if len(ours) > 1:
            gap = gap + (ours.std(0) - theirs.std(0)).pow(2).mean()
        expected = expected + share[c] * gap
    found = misalignment(Moments.of(h, LABELS, 3), Moments.of(whole, whole_y, 3), share)
    torch.testing.assert_close(found, expected)


def test_deviations_of_equal_nodes_have_a_gradient() -> None:
    h = torch.ones(4, 2, dtype=torch.float64, requires_grad=True)
    moments = Moments.of(h, torch.tensor([0, 0, 1, 1]), 2)
    (gradient,) = torch.autograd.grad(moments.deviation.sum() + moments.mean.sum(), h)
    assert bool(gradient.isfinite().all())


def test_roughness_is_the_mean_over_pairs() -> None:
    x, a = random(6, 3), random(6, 6, seed=1).abs()
    a = torch.where(a > 0.7, a, 0).triu(1)
    a = a + a.T
    total = sum(
        float(a[i, j]) * float(torch.exp(-((x[i] - x[j]) ** 2) / 2).mean())
        for i in range(6)
        for j in range(6)
    )
    assert float(roughness(x, a)) == pytest.approx(-total / float(a.sum()))
    assert float(roughness(x, torch.zeros(6, 6).double())) == 0
    assert float(roughness(torch.ones(6, 3).double(), a)) == pytest.approx(-1)


def test_the_teacher_is_trained_as_by_torch() -> None:
    z, y = random(12, 4), torch.arange(12) % 3
    found, score = trained(
        RELAYS["two-layer"](4, 5, 3, z), (z, y), (z[:0], y[:0]), 3, steps=70, lr=0.01
    )
    start = RELAYS["two-layer"](4, 5, 3, z)
    parts = [x.clone().requires_grad_() for x in start.tensors().values()]
    adam = torch.optim.Adam(parts, lr=0.01)
    for _ in range(70):
        adam.zero_grad()
        hidden = (z @ parts[0] + parts[1]).relu()
        cross_entropy(hidden @ parts[2] + parts[3], y).backward()
        adam.step()
    for ours, theirs in zip(found.tensors().values(), parts, strict=True):
        torch.testing.assert_close(ours, theirs.detach())
    assert math.isnan(score)  # There was nothing to be right on.


def test_the_best_teacher_on_validation_nodes_is_taken() -> None:
    z, y = random(30, 6), torch.arange(30) % 3
    val, val_y = random(40, 6, seed=7), torch.arange(40) % 3
    start = RELAYS["linear"](6, 0, 3, z)
    scores = []
    for steps in range(50, 301, 50):
        theta, _ = trained(start, (z, y), (z[:0], y[:0]), 3, steps, 0.3)
        scores.append(float((theta.logits(val).argmax(1) == val_y).double().mean()))
    assert scores[-1] < max(scores)
    theta, score = trained(start, (z, y), (val, val_y), 3, 300, 0.3)
    assert score == max(scores)
    assert float((theta.logits(val).argmax(1) == val_y).double().mean()) == score


@pytest.mark.parametrize("hops", [1, 2])
def test_the_gradient_is_that_of_the_formula_on_the_edges_that_are_saved(hops: int) -> None:
    made, view = aligned(hops=hops, alignment=3.0, smoothness=0.7), whole_view()
    layers = [view.propagated(k)[view.train].double() for k in range(hops + 1)]
    whole, whole_y = torch.cat(layers, dim=1), view.y[view.train]
    expected = torch.stack([whole[whole_y == c].mean(0) for c in range(3)])
    torch.testing.assert_close(made.whole.mean.double(), expected, atol=1e-5, rtol=1e-4)
    made.x = made.x.detach().double().requires_grad_()
    made.mlp.double()
    made.teacher = Parameters(*(x.double() for x in made.teacher.tensors().values()))
    made.whole, made.share = Moments.of(whole, whole_y, 3), made.share.double()

    @torch.no_grad()
    def loss(x: Tensor) -> float:
        a = made.mlp(x)
        a = torch.where(a >= a.flatten().sort().values[-20], a, 0)
        looped = a + torch.eye(8)
        root = looped.sum(1).rsqrt().diag()
        operator = root @ looped @ root
        h = torch.cat([torch.matrix_power(operator, k) @ x for k in range(hops + 1)], dim=1)
        total = cross_entropy(made.teacher.logits(torch.matrix_power(operator, hops) @ x), LABELS)
        for c in range(3):
            ours, theirs = h[c == LABELS], whole[whole_y == c]
            gap = (ours.mean(0) - theirs.mean(0)).pow(2).mean()
            gap = gap + ((ours.std(0) - theirs.std(0)).pow(2).mean() if len(ours) > 1 else 0)
            total = total + 3 * len(ours) / 8 * gap
        kernel = torch.exp(-((x[:, None] - x[None]) ** 2) / 2).mean(2)
        return float(total - 0.7 * (a * kernel).sum() / a.sum())

    x = made.x.detach().clone()
    assert made.loss().item() == pytest.approx(loss(x))
    (gradient,) = torch.autograd.grad(made.loss(), made.x)
    for place in [(0, 0), (3, 5), (7, 9)]:
        shift = torch.zeros_like(x)
        shift[place] = 1e-6
        slope = (loss(x + shift) - loss(x - shift)) / 2e-6
        assert float(gradient[place]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_edges_and_features_take_turns() -> None:
    made = aligned(edge_steps=1, feature_steps=2)
    moved = []
    for step in range(1, 7):
        x, mlp = made.x.detach().clone(), [p.detach().clone() for p in made.mlp.parameters()]
        made.update(step)
        same_mlp = all(torch.equal(p, q) for p, q in zip(mlp, made.mlp.parameters(), strict=True))
        moved.append((torch.equal(x, made.x), same_mlp))
    assert moved == [(True, False), (False, True), (False, True)] * 2


def test_without_edges_only_features_move() -> None:
    made = aligned(edges=0, edge_steps=1, feature_steps=1)
    before = made.x.detach().clone()
    made.update(1)
    assert not torch.equal(before, made.x)
    assert not made.adjacency().any()


def test_light_edges_are_dropped() -> None:
    made = aligned(edges=56, threshold=0.5)
    a = made.mlp(made.x)
    kept = made.adjacency()
    assert 0 < int((kept > 0).sum()) < 56
    assert torch.equal(kept, torch.where(a < 0.5, 0, a))


def test_alignment_comes_near_to_the_moments() -> None:
    made = aligned(lr_features=0.02)
    first = float(made.loss().detach())
    for step in range(1, 301):
        made.update(step)
    assert float(made.loss()) < 0.2 * first


def test_a_run_that_goes_on_from_a_checkpoint_ends_in_the_same_graph(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(step: Any) -> None:
        if step.index == 8:
            raise Killed

    graph = film_graph()
    budget = plan(graph, 0.3)
    settings = {"steps": 12, "check_every": 2, "edge_steps": 2, "feature_steps": 1}
    whole_run = condense(graph, budget, "simgc", settings, device="cpu")
    with pytest.raises(Killed):
        condense(
            graph, budget, "simgc", settings, device="cpu", on_step=kill,
            checkpoints=Checkpoints(tmp_path, 0),
        )  # fmt: skip
    resumed = condense(
        graph, budget, "simgc", settings, device="cpu",
        checkpoints=Checkpoints(tmp_path, resume=True),
    )  # fmt: skip
    assert "resumed_from" in resumed.provenance.measures
    assert same(whole_run.graph, resumed.graph)
    assert whole_run.provenance.history == resumed.provenance.history
