"""Computation trees: what a node reads through message passing, as a row of numbers.

Gupta et al., "Bonsai: Gradient-free Graph Condensation for Node Classification", ICLR 2025.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.propagation.union import UnionOperator


def embeddings(operator: UnionOperator, x: Float[Tensor, "n d"], hops: int) -> Float[Tensor, "n d"]:
    """Z = (D⁻¹ (I + A) D⁻¹)^hops X, one row for the tree of each node; D holds the row sums of I + A.

    Args:
        operator: D^{-1/2} (I + A) D^{-1/2}.
        x: X.
        hops: depth of the trees.
    """
    root = operator.scale  # D^{-1/2} as a column
    for _ in range(hops):
        x = root * (operator @ (root * x))
    return x


def splitting_columns(
    z: Float[Tensor, "k d"], y: Int[Tensor, " k"], depth: int, generator: torch.Generator
) -> Int[Tensor, " c"]:
    """The columns at which a decision tree for the classes splits; all where it never splits.

    Args:
        z: features of labelled nodes.
        y: their classes.
        depth: of the decision tree at most.
        generator: seeds the choice among equally good splits.
    """
    from sklearn.tree import DecisionTreeClassifier  # Imports in a second.

    seed = int(torch.randint(2**31 - 1, (), generator=generator, device=generator.device))
    fitted = DecisionTreeClassifier(max_depth=depth, random_state=seed)
    splits = fitted.fit(z.cpu().numpy(), y.cpu().numpy()).tree_.feature
    used = torch.from_numpy(splits[splits >= 0]).unique().long().to(z.device)
    return used if len(used) else torch.arange(z.size(1), device=z.device)
