"""What students miss against networks that torch trains, its slope against finite differences, resuming."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.trajectories.experts import Network, with_ones
from condense.methods.trajectories.matching import Aim, Matching, Window
from condense.methods.trajectories.start import first_labels, spread_out
from condense.selection.farthest_first import farthest_first
from tests.support.graphs import film_graph
from tests.support.synthesis import take_over

pytestmark = pytest.mark.usefixtures("double")

UNIT, RATE, STEPS = 0.5, 0.4, 6
TINY_STEP = 1e-7


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def experts() -> list[dict[int, Network]]:
    """Two experts on four features, five hidden units and three classes."""
    return [
        {
            t: Network(
                drawn(9 * e + t, 5, 5), drawn(70 + 9 * e + t, 5, 3), drawn(80 + 9 * e + t, 3)
            )
            for t in (0, 2, 3, 5, 8)
        }
        for e in range(2)
    ]


def matching(soft: bool, power: int, knowledge: float, lr: float = TINY_STEP) -> Matching:
    aim = Aim(ahead=3, steps=STEPS, lr=RATE, power=power, knowledge=knowledge)
    labels = drawn(5, 6, 3) if soft else torch.eye(3).repeat(2, 1)
    generator = torch.Generator().manual_seed(0)
    return Matching(
        drawn(4, 6, 4), labels, UNIT, experts(), Window(1, 2, 3, 2), aim, lr,
        0.1 if soft else None, generator,
    )  # fmt: skip


def loss_by_torch(
    x: Tensor, y: Tensor, expert: dict[int, Network], power: int, beta: float
) -> float:
    """The loss of a student from θ*_0, trained by torch's SGD."""
    start, goal, last = expert[0], expert[3], expert[8]
    theta = [p.clone().requires_grad_() for p in start]
    optimiser = torch.optim.SGD(theta, RATE)
    for _ in range(STEPS):
        first, second, bias = theta
        logits = (UNIT * x @ first[:-1] + first[-1]).relu() @ second + bias
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits, y).backward()
        optimiser.step()
    left, whole = (
        torch.cat([(p - q).flatten() for p, q in zip(a, goal, strict=True)]).norm()
        for a in (theta, start)
    )
    answers = last.answers(with_ones(UNIT * x)).log_softmax(dim=1)
    kl = torch.nn.functional.kl_div(answers, y, reduction="batchmean")
    return float(((left / whole) ** power + beta * kl).detach())


@pytest.mark.parametrize(
    ("soft", "power", "knowledge"),
    [(False, 2, 0.0), (False, 1, 0.3), (True, 1, 0.3), (True, 2, 0.0)],
)
def test_loss_and_slopes(soft: bool, power: int, knowledge: float) -> None:
    """The slope in ℓ is what a first descent step goes along; of X' Adam's first step has only the sign."""
    one = matching(soft, power, knowledge)
    x, labels, y = one.x.clone(), one.labels.clone(), one.y.clone()
    expert = one.experts[0]
    loss = one.update(1)["loss"]
    assert loss == pytest.approx(loss_by_torch(x, y, expert, power, knowledge))

    def slope(at: Tensor, of) -> Tensor:
        result = torch.zeros_like(at)
        for place in range(at.numel()):
            step = torch.zeros_like(at).flatten().index_fill(0, torch.tensor(place), 1e-6)
            up, down = (of(at + sign * step.view(at.shape)) for sign in (1, -1))
            result.view(-1)[place] = (up - down) / 2e-6
        return result

    to_x = slope(x, lambda at: loss_by_torch(at, y, expert, power, knowledge))
    torch.testing.assert_close(one.adams["x"].first[0], 0.1 * to_x, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(one.x, x - TINY_STEP * to_x.sign(), rtol=0, atol=TINY_STEP / 100)
    if soft:
        to_labels = slope(
            labels, lambda at: loss_by_torch(x, at.softmax(1), expert, power, knowledge)
        )
        torch.testing.assert_close(labels - one.labels, 0.1 * to_labels, rtol=1e-5, atol=1e-8)
    else:
        assert torch.equal(one.labels, labels)


def test_the_window_expands() -> None:
    window, rng = Window(first=1, all=3, widen=10, every=4), torch.Generator().manual_seed(0)
    seen = [{window.draw(i, rng) for _ in range(100)} for i in (0, 9, 10, 20, 500)]
    assert seen == [{0}, {0}, {0, 4}, {0, 4, 8}, {0, 4, 8}]


def test_a_state_is_all_that_the_next_updates_depend_on() -> None:
    first, second = (matching(True, 1, 0.3, lr=0.1) for _ in range(2))
    for step in range(1, 6):
        first.update(step)
    take_over(second, first)
    second.generator.set_state(first.generator.get_state())
    for one in (first, second):
        for step in range(6, 10):
            one.update(step)
    assert torch.equal(first.x, second.x)
    assert torch.equal(first.labels, second.labels)


def test_students_miss_less_and_less() -> None:
    one = matching(False, 2, 0.0, lr=0.05)
    missed = [one.update(step)["missed"] for step in range(1, 201)]
    for number in range(2):  # Experts take turns.
        assert max(missed[100 + number :: 2]) < missed[number]


def test_an_expert_that_stands_still_leaves_numbers_finite() -> None:
    one = matching(False, 1, 0.0)
    still = experts()[0][0]
    one.experts = [dict.fromkeys(experts()[0], still)]
    assert torch.tensor(one.update(1)["loss"]).isfinite()
    assert bool(one.x.isfinite().all())


def test_nodes_at_the_start_are_spread_out_and_some_twice_where_too_few() -> None:
    graph = complete(hide_test_labels(film_graph()))
    view, rng = HomogeneousGraph.of(graph), torch.Generator().manual_seed(0)
    hidden, budget = drawn(0, len(view.x), 7), plan(graph, 0.2)
    chosen = spread_out(view, hidden, budget, rng)
    expected = []
    for c, count in enumerate(budget.classes):
        nodes = view.train[view.y[view.train] == c]
        expected += nodes[farthest_first(hidden[nodes], count)].tolist()
    assert chosen.tolist() == expected
    many = plan(graph, 0.6)
    chosen = spread_out(view, hidden, many, rng)
    assert tuple(torch.bincount(view.y[chosen]).tolist()) == many.classes
    assert set(chosen.tolist()) == set(view.train.tolist())


def test_first_labels_are_a_networks_answers_with_the_class_raised_to_the_greatest() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    labels = first_labels(logits, torch.tensor([0, 2])).softmax(dim=1)
    e = torch.e
    expected = torch.tensor([[e**2, e, 1], [e**2, e, e**2]])
    torch.testing.assert_close(labels, expected / expected.sum(dim=1, keepdim=True))
