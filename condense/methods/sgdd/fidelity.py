"""The term of the optimal transport between two Gaussians that depends on both."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def fidelity(k: Float[Tensor, "n n"], s: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    """F(K, S) = tr (S^½ K S^½)^½, the greatest E⟨u, v⟩ over all joint laws of u ~ N(0, K), v ~ N(0, S).

    Symmetric in K and S. The derivative is written out, ∂F/∂K = ½ S^½ (S^½ K S^½)^{−½} S^½ with a
    pseudo-inverse; that of eigenvectors would grow without bound where two eigenvalues are close.

    Args:
        k: symmetric and positive semi-definite.
        s: the same.
    """
    found = _Fidelity.apply(k, s)
    assert isinstance(found, Tensor)
    return found


class _Fidelity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, k: Tensor, s: Tensor) -> Tensor:  # pyright: ignore
        ctx.save_for_backward(k, s)
        root = _root(s)
        return _positive(torch.linalg.eigvalsh(root @ k @ root)).sqrt().sum()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        k, s = ctx.saved_tensors
        needs_k, needs_s = ctx.needs_input_grad
        to_k = grad * _slope(k, s) if needs_k else None
        return to_k, grad * _slope(s, k) if needs_s else None


def _root(a: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """A^½; negative eigenvalues, which rounding leaves, count as 0."""
    values, vectors = torch.linalg.eigh(a)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def _slope(k: Float[Tensor, "n n"], s: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """½ S^½ (S^½ K S^½)^{−½} S^½."""
    root = _root(s)
    values, vectors = torch.linalg.eigh(root @ k @ root)
    values = _positive(values)
    inverse = torch.where(values > 0, values, torch.inf).rsqrt()
    side = root @ vectors
    return (side * inverse) @ side.T / 2


def _positive(values: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Ascending eigenvalues, those that rounding may have made set to 0."""
    least = values[-1] * len(values) * torch.finfo(values.dtype).eps
    return torch.where(values > least, values, 0.0)
