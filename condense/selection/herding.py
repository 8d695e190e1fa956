"""Herding (Welling, ICML 2009): nodes whose mean follows the mean of all."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def herd(x: Float[Tensor, "k D"], count: int) -> Int[Tensor, " count"]:
    """Pick `count` ≤ k distinct rows, each of which brings the mean of those picked nearest to μ.

    p_i = argmin_p ‖μ − (x_p + Σ_{j<i} x_{p_j}) / i‖, the form of Rebuffi et al. (iCaRL, CVPR 2017,
    algorithm 4), but on features that are not scaled to length one: propagated ones carry meaning in
    their size. With S the sum of the centred rows picked so far that is argmin_p ‖x_p‖² + 2 ⟨S, x_p⟩.
    Of equally good rows the first is taken.
    """
    x = x - x.mean(dim=0)
    size = x.square().sum(dim=1)  # [k]
    total = x.new_zeros(x.size(1))  # S
    taken = torch.zeros_like(size)  # inf where a row is picked already
    picked = torch.empty(count, dtype=torch.long, device=x.device)
    for i in range(count):
        best = (size + 2 * (x @ total) + taken).argmin()
        picked[i], taken[best] = best, torch.inf
        total = total + x[best]
    return picked
