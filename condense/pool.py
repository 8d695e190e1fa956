"""The whole-graph nodes whose gradients are matched."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.relay_view import RelayView


@dataclass(frozen=True)
class Pool:
    """Meta-path features and classes of some whole-graph target nodes, kept in memory.

    Attributes:
        z: Z [k, D].
        labels: classes [k].
        rows: for each class, its places in `z`.
    """

    z: Float[Tensor, "k D"]
    labels: Int[Tensor, " k"]
    rows: tuple[Int[Tensor, " c"], ...]

    @classmethod
    def of(
        cls,
        view: RelayView,
        member: Int[Tensor, " n"],
        per_class: int,
        generator: torch.Generator,
    ) -> Pool:
        """At most `per_class` random nodes of each class.

        Args:
            view: the whole graph.
            member: each target node's class, −1 for nodes that are not to be matched.
            per_class: bounds the memory to per_class · C · D numbers.
            generator: for the draw.
        """
        classes = view.schema.num_classes
        chosen = []
        for c in range(classes):
            nodes = (member == c).nonzero().flatten()
            order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
            chosen.append(nodes[order[:per_class]])
        nodes = torch.cat(chosen)
        labels = member[nodes]
        rows = tuple((labels == c).nonzero().flatten() for c in range(classes))
        return cls(view.features(nodes), labels, rows)

    def draw(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Z and classes of at most `batch` nodes a class; all of them where the pool is small."""
        if all(len(r) <= batch for r in self.rows):
            return self.z, self.labels
        picked = torch.cat(
            [
                r[torch.randperm(len(r), generator=generator, device=r.device)[:batch]]
                for r in self.rows
            ]
        )
        return self.z[picked], self.labels[picked]
