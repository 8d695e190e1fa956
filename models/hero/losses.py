"""What HERO's two views are to have in common, (10) of its paper, and what only one of them has, (11).

Both views E and Z [n, d] are projected by the same maps, without bias:

    P₁ = ReLU(E W_g),   P₂ = ReLU(Z W_g),   Q₁ = ReLU(Z W_q),   Q₂ = ReLU(E W_q),   Q̂₁ = ReLU(Q₁ W_p)

With ⟨U, V⟩ the matrix UᵀV, each row at unit length, and tr the sum of its diagonal:

    L_con = −tr ⟨P₁, P₂⟩ + γ (log Σ exp ⟨P₁, P₁⟩ + log Σ exp ⟨P₂, P₂⟩)                  (10)
    L_spe = −tr ⟨Q̂₁, Q₂⟩ + η (tr ⟨Q̂₁, Q₁⟩ + tr ⟨Q̂₁, P₂⟩)                              (11)
    L = L_con + λ L_spe

as the authors' public code has them; the diagonal of a matrix that is not square runs along its shorter side.
The sums run over nodes inside UᵀV, whose rows are scaled: L does not grow with n.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize


def agreement(u: Float[Tensor, "n k"], v: Float[Tensor, "n m"]) -> Float[Tensor, ""]:
    """How much of each column of U is in its own column of V, tr ⟨U, V⟩; of a column of zeros, 0."""
    return normalize(u.T @ v, dim=1).diagonal().sum()


def uniformity(u: Float[Tensor, "n k"]) -> Float[Tensor, ""]:
    """How much the columns of U share, log Σ exp ⟨U, U⟩ over all k² entries, none greater than one."""
    return normalize(u.T @ u, dim=1).exp().sum().log()


def consistency(
    p1: Float[Tensor, "n k"], p2: Float[Tensor, "n k"], gamma: float
) -> Float[Tensor, ""]:
    """L_con (10)."""
    return -agreement(p1, p2) + gamma * (uniformity(p1) + uniformity(p2))


def specificity(
    changed: Float[Tensor, "n l"],
    q1: Float[Tensor, "n m"],
    q2: Float[Tensor, "n m"],
    p2: Float[Tensor, "n k"],
    eta: float,
) -> Float[Tensor, ""]:
    """L_spe (11), with Q̂₁ as `changed`."""
    apart = agreement(changed, q1) + agreement(changed, p2)
    return -agreement(changed, q2) + eta * apart


class Projections(nn.Module):
    """W_g, W_q and W_p, and the loss through them.

    Args:
        width: d, of the views.
        common: columns of P.
        specific: columns of Q.
        changed: columns of Q̂₁.
        learnt: whether they are trained; as drawn otherwise, as in the authors' code, where no optimiser
            is given them.
    """

    def __init__(self, width: int, common: int, specific: int, changed: int, learnt: bool) -> None:
        super().__init__()
        self.common = nn.Linear(width, common, bias=False)
        self.specific = nn.Linear(width, specific, bias=False)
        self.changed = nn.Linear(specific, changed, bias=False)
        self.requires_grad_(learnt)

    def forward(
        self,
        e: Float[Tensor, "n d"],
        z: Float[Tensor, "n d"],
        gamma: float,
        eta: float,
        weight: float,
    ) -> Float[Tensor, ""]:
        """L of the views, with λ as `weight`."""
        p1, p2 = torch.relu(self.common(e)), torch.relu(self.common(z))
        total = consistency(p1, p2, gamma)
        if weight == 0:
            return total
        q1, q2 = torch.relu(self.specific(z)), torch.relu(self.specific(e))
        changed = torch.relu(self.changed(q1))
        return total + weight * specificity(changed, q1, q2, p2, eta)
