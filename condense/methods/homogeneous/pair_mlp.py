"""The adjacency of a condensed graph as a function of its features (Jin et al., ICLR 2022, equation 6)."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.seeding import seeded

WIDTH = 128
"""Units of each of the two hidden layers, as in the authors' code."""

EPSILON = 1e-5
"""What batch norm adds to a variance, torch's default."""


class PairMLP(nn.Module):
    """A'_ij = σ( (MLP([x_i; x_j]) + MLP([x_j; x_i])) / 2 ) for i ≠ j, and A'_ii = 0.

    Two hidden layers with batch norm over all n'² pairs, which takes out their biases, so they have none.

    Args:
        width: d.
        generator: seeds the initialisation.
        like: dtype and device.
    """

    def __init__(self, width: int, generator: torch.Generator, like: Tensor) -> None:
        super().__init__()
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        with seeded(int(seed)):
            self.first = nn.Linear(2 * width, WIDTH, bias=False)
            self.first_norm = nn.BatchNorm1d(WIDTH, EPSILON, track_running_stats=False)
            self.second = nn.Linear(WIDTH, WIDTH, bias=False)
            self.second_norm = nn.BatchNorm1d(WIDTH, EPSILON, track_running_stats=False)
            self.last = nn.Linear(WIDTH, 1)
        self.to(like)
        self._workspace = _Workspace()

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
        """A', symmetric, between 0 and 1, without self-loops; differentiable in x and in the parameters."""
        a, b = standardised_halves(self.first, self.first_norm, x)
        scores = _PairScores.apply(
            a,
            b,
            self.second.weight,
            self.second_norm.weight,
            self.second_norm.bias,
            self.last.weight.squeeze(0),
            self._workspace,
        )
        assert isinstance(scores, Tensor)
        adjacency = torch.sigmoid((scores + scores.T) / 2 + self.last.bias)
        return adjacency - torch.diag(adjacency.diagonal())


def standardised_halves(
    first: nn.Linear, norm: nn.BatchNorm1d, x: Float[Tensor, "n d"]
) -> tuple[Float[Tensor, "n h"], Float[Tensor, "n h"]]:
    """The halves a, b of a first layer: a_i + b_j = norm(first([x_i; x_j])), normed over all n² pairs.

    The layer is linear in each half of a pair, so it is applied to nodes: n d numbers instead of n² d. So is
    its batch norm: over all pairs, a_i + b_j has the mean ā + b̄ and the variance var a + var b.

    Args:
        first: from 2 d numbers, without bias.
        norm: its weight and bias are read.
        x: the nodes.
    """
    left, right = first.weight.split(x.size(1), dim=1)
    a, b = x @ left.T, x @ right.T
    a, b = a - a.mean(dim=0), b - b.mean(dim=0)
    variance = (a.square() + b.square()).mean(dim=0)
    scale = norm.weight * (variance + norm.eps).rsqrt()
    return a * scale + norm.bias, b * scale


class _Workspace:
    """Memory for what is as large as all pairs, used again by each call: new pages cost more than sums."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def take(self, rows: int, like: Tensor) -> list[Tensor]:
        """Five tensors [rows, WIDTH], of any content."""
        shape = (rows, like.size(1))
        if not self.tensors or self.tensors[0].shape != shape:
            self.tensors = [like.new_empty(shape) for _ in range(5)]
        return self.tensors


class _PairScores(torch.autograd.Function):
    """s_ij = wᵀ relu(γ ∘ x̂_ij + β), where x̂ is V relu(a_i + b_j), standardised over all pairs.

    Autograd computes the same in more passes over n'² WIDTH numbers, and in twice the time. A backward pass
    must come before the next forward one, which takes the same memory; torch raises otherwise.
    """

    @staticmethod
    def forward(  # pyright: ignore
        ctx: Any,
        a: Tensor,
        b: Tensor,
        v: Tensor,
        gamma: Tensor,
        beta: Tensor,
        w: Tensor,
        workspace: _Workspace,
    ) -> Tensor:
        n = len(a)
        h, x_hat, y, *spare = workspace.take(n * n, a)
        torch.add(a.unsqueeze(1), b.unsqueeze(0), out=h.view(n, n, -1)).relu_()
        torch.mm(h, v.T, out=y)
        inverse = a.new_empty(a.size(1))  # 1 / σ
        torch.ops.aten.native_batch_norm.out(
            y, None, None, None, None, True, 0.0, EPSILON,
            out=x_hat, save_mean=torch.empty_like(inverse), save_invstd=inverse,
        )  # fmt: skip
        torch.addcmul(beta, x_hat, gamma, out=y).relu_()
        ctx.save_for_backward(h, x_hat, y, inverse, v, gamma, w)
        ctx.spare = spare
        return torch.mv(y, w).view(n, n)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        h, x_hat, y, inverse, v, gamma, w = ctx.saved_tensors
        slope, other = ctx.spare
        n, pairs = len(grad), grad.numel()
        g = grad.reshape(pairs)
        torch.sign(y, out=slope).mul_(g.unsqueeze(1))  # ∂L/∂y without the factor w.
        to_beta = slope.sum(dim=0) * w
        to_gamma = torch.mul(slope, x_hat, out=other).sum(dim=0) * w
        scale = gamma * inverse
        slope.mul_(scale * w).addcmul_(x_hat, to_gamma * scale / -pairs)
        slope.sub_(to_beta * scale / pairs)  # ∂L/∂(V h)
        to_v = slope.T @ h if ctx.needs_input_grad[2] else None
        torch.mm(slope, v, out=other)
        torch.ops.aten.threshold_backward.grad_input(other, h, 0, grad_input=other)
        to_h = other.view(n, n, -1)
        return to_h.sum(dim=1), to_h.sum(dim=0), to_v, to_gamma, to_beta, torch.mv(y.T, g), None


def normalised(a: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """D^{-1/2} (I + A) D^{-1/2} of a dense A that is not negative."""
    looped = a + torch.eye(len(a), dtype=a.dtype, device=a.device)
    scale = looped.sum(dim=1).rsqrt()
    return scale.unsqueeze(1) * looped * scale
