"""Steps of a training on a whole graph on disk: batches of training nodes, with sampled neighbourhoods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from condense.errors import UserError
from condense.out_of_core.sampling import with_sampled_neighbours
from evaluate.training.memory import hand_back
from evaluate.training.on_disk.settings import MESSAGE_BATCH, PATH_BATCH, Sampling
from evaluate.training.on_disk.whole import WholeOnDisk
from evaluate.training.train import Steps
from models.classifier import PathClassifier

Step = tuple[Any, Tensor, Tensor]


def sampled_steps(
    whole: WholeOnDisk, model: Any, reach: int, hidden: int, sampling: Sampling, seed: int
) -> Steps:
    """The steps of each epoch, without end.

    Each training node has its turn before any has its second. A model that reads meta-path features gets
    them exactly as they are on the whole graph; one that passes messages gets a sampled neighbourhood.

    Args:
        whole: the whole graph.
        model: a `NodeClassifier`.
        reach: of the model, see `models.reach`.
        hidden: width of its embeddings.
        sampling: see `Sampling`.
        seed: of the order of nodes, and of the neighbourhoods.

    Raises:
        UserError: a step does not fit in memory.
    """
    generator = torch.Generator().manual_seed(seed)
    nodes = whole.graph.train_mask.nonzero().flatten()
    by_paths = isinstance(model, PathClassifier) and model.by_rows
    size = sampling.batch_size or (PATH_BATCH if by_paths else MESSAGE_BATCH)
    steps = min(sampling.steps_per_epoch, -(-len(nodes) // size))
    turns = _turns(nodes, size, generator)

    def inputs_of(batch: Tensor) -> Any:
        if by_paths:
            return model.from_paths(*whole.paths(model.path_hops).of(batch))
        part = with_sampled_neighbours(
            whole.graph,
            whole.empty(),
            batch,
            sampling.reaching(reach),
            generator,
            whole.fits(hidden, copies=2),
        )
        if part is None:
            raise UserError(
                f"batch_size (got {size}) is too large: with fan_out {sampling.fan_out} over {reach} edges a "
                "step does not fit in the memory given; take a smaller --batch-size or --fan-out"
            )
        return model.prepare(whole.scaler.apply(part[0]), part[1])

    def epoch() -> Iterator[Step]:
        hand_back()  # Not at each step: the system takes as long to give memory again as a step does.
        for _ in range(steps):
            batch = next(turns)
            weight = torch.full((len(batch),), 1.0 / len(batch))
            yield inputs_of(batch), whole.graph.y[batch], weight

    while True:
        yield epoch()


def _turns(
    nodes: Int[Tensor, " n"], size: int, generator: torch.Generator
) -> Iterator[Int[Tensor, " b"]]:
    """The nodes in batches, in a new order in each pass; the last batch of a pass may be smaller."""
    while True:
        if size >= len(nodes):
            yield nodes
            continue
        yield from nodes[torch.randperm(len(nodes), generator=generator)].split(size)
