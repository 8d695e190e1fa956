"""The machines of the Ray that is connected, see `evaluate.distributed.connect`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from condense.errors import UserError


def resources() -> list[dict[str, float]]:
    """What each machine has: CPU, GPU, memory in bytes."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def reserved(memory: int) -> int:
    """Bytes that Ray reserves for work that needs `memory`: no more than the smallest machine has."""
    least = min((int(each.get("memory", 0)) for each in resources() if each.get("CPU")), default=0)
    return min(memory, least)


def answers(question: Callable[..., Any], *arguments: Any) -> Iterator[tuple[str, Any]]:
    """What a function returns on each machine with a CPU, with the machine's address.

    Raises:
        UserError: a machine is lost before it answers.
    """
    asked = []
    for node in ray.nodes():
        if node["Alive"] and node["Resources"].get("CPU"):
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = ray.remote(question).options(num_cpus=0, scheduling_strategy=there)
            asked.append((node["NodeManagerAddress"], task.remote(*arguments)))
    for machine, answer in asked:
        try:
            found = ray.get(answer)
        except RayTaskError:
            raise  # A defect of ours.
        except RayError as error:
            raise UserError(
                f"machine {machine} was lost when it was asked for its files ({type(error).__name__}); "
                "see whether it runs out of memory, and give the same command again"
            ) from error
        yield machine, found
