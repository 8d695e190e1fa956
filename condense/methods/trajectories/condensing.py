"""Condenses a graph by matching trajectories: what `sfgc` and `geom` do, each with settings of its own."""

from __future__ import annotations

import torch

from condense.methods.homogeneous.assembly import condensed_graph
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.start import classes_of
from condense.methods.protocol import Outcome, Task
from condense.methods.trajectories.buffer import (
    Inputs,
    Schedule,
    buffer,
    drawn,
    guessed,
)
from condense.methods.trajectories.curriculum import AT_ONCE, Curriculum, easiest_first
from condense.methods.trajectories.experts import Lesson, train, with_ones
from condense.methods.trajectories.matching import Aim, Matching, Window
from condense.methods.trajectories.start import first_labels, spread_out
from condense.running.threads import threads_for

HOPS = 2
"""Of the validation: the networks have two layers."""


def condense_to_match(
    task: Task,
    schedule: Schedule,
    window: Window,
    aim: Aim,
    *,
    curriculum: Curriculum | None,
    input_length: float,
    lr_features: float,
    lr_labels: float | None,
    epochs: int,
    check_every: int,
) -> Outcome:
    """Train experts, choose training nodes to start from, and let students that learn from these match.

    Args:
        task: what to condense.
        schedule: of the experts.
        window: where students start.
        aim: what is minimised.
        curriculum: in which order experts learn; None for all training nodes at once.
        input_length: root mean square length of the rows of S X that networks read.
        lr_features: learning rate of X'.
        lr_labels: learning rate of soft labels; None for hard ones.
        epochs: updates of the condensed nodes.
        check_every: updates between two validations.
    """
    with task.clock.stage("propagate"):
        view = HomogeneousGraph.of(task.graph)
        inputs = Inputs.of(view, input_length)
        validator = validator_of(task, view, HOPS)
    with task.clock.stage("start"):
        lesson = Lesson.of(view, inputs.z, view.train)
        untrained, last = drawn(lesson, schedule.hidden, task.generator), schedule.epochs
        network = train(lesson, untrained, last, schedule.lr, {last})[last]
        hidden = network.hidden(with_ones(inputs.z))
        chosen = spread_out(view, hidden, task.budget, task.generator)
        y = classes_of(view, task.budget)
    with task.clock.stage("experts"):
        if curriculum is not None:
            order = easiest_first(view, guessed(network, hidden, view))
            lesson = Lesson.of(view, inputs.z, order)
        experts = buffer(lesson, schedule, curriculum or AT_ONCE, task.generator)
    labels = torch.nn.functional.one_hot(y, view.num_classes).to(view.x.dtype)
    if lr_labels is not None:
        read = with_ones(inputs.unit * view.x[chosen])
        labels = first_labels(experts[0][schedule.epochs].answers(read), y)
    matching = Matching(
        view.x[chosen], labels, inputs.unit, experts, window, aim,
        lr_features, lr_labels, task.generator,
    )  # fmt: skip
    with task.clock.stage("match"), threads_for(len(y) * schedule.hidden):
        rate = ("lr_features", lr_features)
        reached = synthesise(task, matching, validator, epochs, check_every, rate)
    small = condensed_graph(task.graph, view, matching.x, y)
    if lr_labels is not None:
        small[task.graph.target].y_soft = matching.y
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)
