"""The loop of methods that update a homogeneous condensed graph step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from condense.errors import UserError
from condense.judging.relay_validator import RelayValidator
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.protocol import Task
from condense.running.adam_state import adam_moments
from condense.running.checkpoints import State
from condense.running.finite import NonFiniteError, all_finite
from condense.running.steps import Step
from models.relays.adam import Adam
from models.relays.linear import Parameters

LR_VALIDATION = 0.01
"""Learning rate of the linear relay that scores condensed graphs, whose inputs have unit scale."""


@runtime_checkable
class Synthesis(Protocol):
    """A condensed graph that a method updates, and what the method trains along with it.

    Attributes:
        graph: name -> tensor: what the condensed graph follows from; the best on validation nodes is kept.
        adams: name -> the optimisers.
        state: name -> tensor: what the next update depends on besides these and the generator.

    Tensors are changed in place, so that copying into them restores a state.
    """

    graph: Mapping[str, Tensor]
    adams: Mapping[str, Adam]
    state: Mapping[str, Tensor]

    @property
    def y(self) -> Tensor:
        """Classes [n'], or a distribution over them for each node [n', C]."""
        ...

    def update(self, step: int) -> dict[str, float]:
        """Update the condensed graph once; the numbers of the step, such as its loss.

        Args:
            step: 1 for the first.
        """
        ...

    def propagated(self) -> Tensor:
        """Z' [n', d]: what SGC reads of the condensed graph, without gradients."""
        ...


@dataclass
class Synthesised:
    """What the loop has reached; `synthesis.graph` holds the best graph.

    Attributes:
        history: one record per validated step.
        measures: validation score at the start and at the best step, and this step.
        complete: False if the run was interrupted or diverged.
        diverged: what is not finite, and a remedy; "" if all is finite.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    complete: bool = True
    diverged: str = ""


def synthesise(
    task: Task,
    synthesis: Synthesis,
    validator: RelayValidator,
    steps: int,
    check_every: int,
    rate: tuple[str, float],
) -> Synthesised:
    """Do all updates, score the graph on validation nodes once in a while, and go back to the best.

    A run of which `task.checkpoints` holds a state goes on from there.

    Args:
        task: of the method.
        synthesis: at its start; holds the best graph afterwards.
        validator: see `validator_of`.
        steps: updates of the whole run; 0 keeps the start.
        check_every: updates between two validations.
        rate: name and value of the setting to lower if the run diverges.
    """
    reached = Synthesised()
    best = _copies(synthesis.graph)
    start = best_score = validator.score(synthesis.propagated(), synthesis.y)
    step, best_step = 0, 0

    def state() -> State:
        numbers = {
            "index": step, "history": reached.history, "start": start,
            "best_score": best_score, "best_step": best_step,
            "adam_steps": {name: adam.steps for name, adam in synthesis.adams.items()},
        }  # fmt: skip
        tensors = {f"best/{name}": x for name, x in best.items()}
        tensors |= {f"now/{name}": x for name, x in tensors_of(synthesis).items()}
        tensors = {name: torch.atleast_1d(x) for name, x in tensors.items()}
        return State(numbers, {**tensors, "generator": task.generator.get_state()})

    if (saved := task.checkpoints.state) is not None:
        step, best_step = saved.numbers["index"], saved.numbers["best_step"]
        start, best_score = saved.numbers["start"], saved.numbers["best_score"]
        reached.history = saved.numbers["history"]
        _copy_into(best, saved.tensors, "best")
        _copy_into(tensors_of(synthesis), saved.tensors, "now")
        for name, adam in synthesis.adams.items():
            adam.steps = saved.numbers["adam_steps"][name]
        task.generator.set_state(saved.tensors["generator"])
    try:
        while step < steps:
            step += 1
            numbers = synthesis.update(step)
            if step % check_every and step != steps:
                continue
            if not all_finite(synthesis.graph.values()):
                name, value = rate
                raise NonFiniteError(
                    f"step {step}: the condensed graph must stay finite; "
                    f"try a smaller --{name.replace('_', '-')} (got {value:g})"
                )
            score = validator.score(synthesis.propagated(), synthesis.y)
            if score > best_score:
                best, best_score, best_step = _copies(synthesis.graph), score, step
            numbers = {**numbers, "val_score": score}
            reached.history.append({"step": float(step), **numbers})
            task.on_step(Step(step, steps, numbers))
            task.checkpoints.offer(step, state)
    except KeyboardInterrupt:
        reached.complete = False
    except NonFiniteError as error:
        reached.complete, reached.diverged = False, str(error)
    _copy_into(synthesis.graph, {f"best/{name}": x for name, x in best.items()}, "best")
    reached.measures = {
        "start_val_score": start,
        "best_val_score": best_score,
        "best_step": best_step,
    }
    return reached


def validator_of(task: Task, view: HomogeneousGraph, hops: int) -> RelayValidator:
    """Scores a condensed graph by a linear relay on Z', tested on the validation nodes' S^hops X.

    Args:
        task: its validation graph is read.
        view: of `task.graph`.
        hops: how often features are propagated.
    """
    whole = view if task.validation is task.graph else view.on(task.validation)
    z = whole.propagated(hops)[whole.val]
    relay = Parameters.start(z.size(1), 0, view.num_classes, z)
    return RelayValidator(z, whole.y[whole.val], view.num_classes, LR_VALIDATION, relay)


def tensors_of(synthesis: Synthesis) -> dict[str, Tensor]:
    """All tensors that the next update depends on, not copied."""
    tensors = {**synthesis.graph, **synthesis.state}
    for name, adam in synthesis.adams.items():
        tensors |= adam_moments(f"adam/{name}", adam)
    return tensors


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x.detach().clone() for name, x in tensors.items()}


@torch.no_grad()
def _copy_into(tensors: Mapping[str, Tensor], saved: Mapping[str, Tensor], prefix: str) -> None:
    """Copy saved tensors of the same names, behind `prefix`, into `tensors`."""
    for name, x in tensors.items():
        found = saved.get(f"{prefix}/{name}")
        if found is None or found.shape not in (x.shape, torch.atleast_1d(x).shape):
            fault = "is missing" if found is None else f"has shape {list(found.shape)}"
            raise UserError(
                f"resume: {prefix}/{name} {fault} in the checkpoint, where {list(x.shape)} is expected "
                f"(written by other code?); start anew without --resume"
            )
        x.copy_(found.view(x.shape))
