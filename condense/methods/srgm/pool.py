"""The whole-graph nodes whose gradients are matched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.schema import GraphSchema


class WholeNodes(Protocol):
    """Target nodes of a whole graph, in memory or on disk."""

    @property
    def schema(self) -> GraphSchema:
        """Of the graph."""
        ...

    def features(self, rows: Int[Tensor, " k"]) -> Tensor:
        """Z [k, D] of some of them."""
        ...


Rows = tuple[Float[Tensor, "k D"], tuple[int, ...]]
"""Rows of Z ordered by class, and the number of rows of each class; successive items continue the classes."""


@dataclass(frozen=True)
class Pool:
    """Meta-path features of a sample of whole-graph target nodes, kept in memory.

    Attributes:
        z: Z [k, D], ordered by class.
        sizes: number of nodes of each class.
    """

    z: Float[Tensor, "k D"]
    sizes: tuple[int, ...]

    @classmethod
    def of(
        cls,
        view: WholeNodes,
        member: Int[Tensor, " n"],
        per_class: int,
        generator: torch.Generator,
    ) -> Pool:
        """A pool of at most `per_class` random nodes of each class.

        Args:
            view: the whole graph.
            member: class of each target node; −1 leaves a node out of the pool.
            per_class: bounds the memory to per_class · C · D numbers.
            generator: draws the nodes.
        """
        classes = view.schema.num_classes
        chosen = []
        for c in range(classes):
            nodes = (member == c).nonzero().flatten()
            order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
            chosen.append(nodes[order[:per_class]])
        return cls(view.features(torch.cat(chosen)), tuple(map(len, chosen)))

    def draw(self, batch: int, generator: torch.Generator) -> Iterator[Rows]:
        """Draw Z of at most `batch` nodes of each class; a pool with no larger class is returned whole.

        Yields one class at a time, so that its rows are still in the processor's cache when they are
        multiplied; a copy of all drawn rows would go to memory and back.
        """
        if max(self.sizes) <= batch:
            yield self.z, self.sizes
            return
        for z in self.z.split(self.sizes):
            order = torch.randperm(len(z), generator=generator, device=z.device)
            yield z.index_select(0, order[:batch]), (min(len(z), batch),)
