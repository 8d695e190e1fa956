"""Experts against a dense GCN that torch trains, curricula against counts and formulas."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.trajectories.buffer import Inputs, Schedule, buffer, drawn, guessed
from condense.methods.trajectories.curriculum import AT_ONCE, Curriculum, easiest_first
from condense.methods.trajectories.experts import Lesson, Network, train, with_ones
from tests.support.graphs import film_graph, small_graph

pytestmark = pytest.mark.usefixtures("double")

RATE = 0.7


def view_of(make: Callable[..., MultimodalGraph], **sizes: int) -> HomogeneousGraph:
    graph = complete(hide_test_labels(make(**sizes)))
    for store in graph.node_stores:
        for key, value in list(store.items()):
            if key.startswith("x_"):
                store[key] = value.double()
    return HomogeneousGraph.of(graph)


def dense(view: HomogeneousGraph) -> Tensor:
    return view.operator @ torch.eye(len(view.x))


def by_torch(
    view: HomogeneousGraph, z: Tensor, order: Tensor, start: Network, counts: list[int]
) -> Network:
    """The network after an epoch of torch's SGD for each number of training nodes."""
    theta = [p.clone().requires_grad_() for p in start]
    optimiser = torch.optim.SGD(theta, RATE)
    for count in counts:
        first, second, bias = theta
        logits = dense(view) @ ((z @ first[:-1] + first[-1]).relu() @ second) + bias
        rows = order[:count]
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits[rows], view.y[rows]).backward()
        optimiser.step()
    return Network(*(p.detach() for p in theta))


@pytest.mark.parametrize("make", [film_graph, small_graph])
@pytest.mark.parametrize("num_target", [24, 120])  # Fewer and more rows than twice the columns.
def test_an_expert_is_a_gcn_trained_by_gradient_descent(make, num_target: int) -> None:
    view = view_of(make, num_target=num_target)
    z, order = view.propagated(1), view.train.flip(0)
    lesson = Lesson.of(view, z, order)
    start = drawn(lesson, 5, torch.Generator().manual_seed(0))
    before = [p.clone() for p in start]
    curriculum = Curriculum(0.5, 4, "linear")
    counts = [curriculum.count(epoch, len(order)) for epoch in range(6)]
    assert len(set(counts)) > 2
    kept = train(lesson, start, 6, RATE, {0, 3, 6}, curriculum)
    assert sorted(kept) == [0, 3, 6]
    for epoch, network in kept.items():
        expected = by_torch(view, z, order, start, counts[:epoch])
        torch.testing.assert_close(network, expected)
    torch.testing.assert_close(list(start), before, rtol=0, atol=0)


def test_rows_that_no_training_node_reads_are_left_out() -> None:
    view = view_of(film_graph, num_target=120)
    lesson = Lesson.of(view, view.x, view.train)
    read = (dense(view)[view.train] > 0).any(dim=0)
    assert len(lesson.z) == int(read.sum()) < 120
    assert torch.equal(lesson.z, with_ones(view.x[read]))


def test_the_buffer_keeps_starts_and_goals_of_different_experts() -> None:
    view = view_of(film_graph)
    lesson = Lesson.of(view, view.x, view.train)
    schedule = Schedule(2, 3, RATE, epochs=9, starts=2, every=2, ahead=5)
    first, second = buffer(lesson, schedule, AT_ONCE, torch.Generator().manual_seed(0))
    assert sorted(first) == sorted(second) == [0, 2, 5, 7, 9]
    assert not torch.equal(first[0].first, second[0].first)


@pytest.mark.parametrize("length", [0.155, 2.0])
def test_inputs_have_the_length_that_is_asked_for(length: float) -> None:
    view = view_of(small_graph)
    inputs = Inputs.of(view, length)
    torch.testing.assert_close(inputs.z, inputs.unit * (dense(view) @ view.x))
    torch.testing.assert_close(
        float(inputs.z.square().sum(dim=1).mean().sqrt()), length, rtol=1e-9, atol=0
    )


def test_nodes_with_neighbours_of_many_classes_come_last() -> None:
    view = view_of(film_graph, num_target=60)
    classes = torch.nn.functional.one_hot(torch.arange(60) % 3, 3).double()
    entropy = []
    joined = (dense(view) > 0).double()
    for node in view.train.tolist():
        shares = (joined[node].unsqueeze(1) * classes).sum(dim=0)  # Edges here have weight 1.
        shares = shares[shares > 0] / shares.sum()
        entropy.append(float(-(shares * shares.log()).sum()))
    order = easiest_first(view, classes)
    assert sorted(order.tolist()) == view.train.tolist()
    of = dict(zip(view.train.tolist(), entropy, strict=True))
    ranked = [of[node] for node in order.tolist()]
    assert ranked == pytest.approx(sorted(entropy))
    assert ranked[0] < ranked[-1]


def test_guesses_are_labels_on_training_nodes_and_a_networks_answers_elsewhere() -> None:
    view = view_of(film_graph)
    lesson = Lesson.of(view, view.x, view.train)
    network = drawn(lesson, 4, torch.Generator().manual_seed(0))
    classes = guessed(network, network.hidden(with_ones(view.x)), view).argmax(dim=1)
    assert torch.equal(classes[view.train], view.y[view.train])
    logits = dense(view) @ (network.answers(with_ones(view.x)) - network.bias) + network.bias
    others = torch.ones(len(view.x), dtype=torch.bool).index_fill(0, view.train, False)
    assert torch.equal(classes[others], logits.argmax(dim=1)[others])
    assert bool((logits.argmax(dim=1) != classes).any())


@pytest.mark.parametrize(
    ("pacing", "shares"),
    [("linear", [0.25, 0.625, 1]), ("root", [0.25, 0.53125**0.5, 1]), ("geom", [0.25, 0.5, 1])],
)
def test_pacing_at_the_start_half_way_and_in_the_end(pacing, shares: list[float]) -> None:
    curriculum = Curriculum(0.25, 10, pacing)
    assert [curriculum.count(t, 1000) for t in (0, 5, 10)] == [int(1000 * s) for s in shares]
    assert curriculum.count(0, 2) == 1
    assert AT_ONCE.count(0, 7) == 7
