"""Gradient matching written like its formulas: the reference for the fast code's results and speed.

The relay is an `nn.Module` over Z, which is cached for the whole graph; the gradients of each class are
taken in turn, with `create_graph=True` on the condensed graph; adjacencies are dense; and one more backward
pass goes through all of it. No expression is derived by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from condense.clustering.propagation import RelayView
from condense.methods.srgm.matching.distance import TINY
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from models.propagation.metapaths import endpoint
from models.relays.linear import Relay
from tests.support.dense import spread, walk


class PlainRelay(nn.Module):
    """f_θ = Z W + b, or several such layers with ReLU between them."""

    def __init__(self, theta: Relay) -> None:
        super().__init__()
        self.weights = nn.ParameterList(w.clone() for w in theta.weights)
        self.biases = nn.ParameterList(b.clone() for b in theta.biases)

    def forward(self, z: Tensor) -> Tensor:
        """Logits [n, C]."""
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = (z.relu() if i else z) @ weight + bias
        return z

    def gradients(self, loss: Tensor, create_graph: bool = False) -> tuple[Tensor, ...]:
        """The gradients of `loss` with respect to each layer's weights."""
        return torch.autograd.grad(loss, list(self.weights), create_graph=create_graph)

    def tensors(self) -> list[Tensor]:
        """Weights and biases in the order of `Relay.tensors`."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [x.detach() for pair in pairs for x in pair]

    def fit(self, z: Tensor, y: Tensor, steps: int, lr: float) -> None:
        """Train for `steps` of Adam on the mean cross-entropy."""
        optimiser = torch.optim.Adam(self.parameters(), lr=lr)
        for _ in range(steps):
            optimiser.zero_grad()
            cross_entropy(self(z), y).backward()
            optimiser.step()


def edge_matrix(logits: Tensor, budget: int, symmetric: bool) -> Tensor:
    """Softmax over the kept entries, times their number; dropped entries are 0 but have a gradient."""
    if symmetric:
        logits = (logits + logits.T) / 2
    value = logits.detach()
    kept = torch.zeros_like(value, dtype=torch.bool)
    if symmetric:
        value = value.tril().masked_fill(torch.ones_like(kept).triu(1), -torch.inf)
        value = value.masked_fill(logits == -torch.inf, -torch.inf)
        order = value.flatten().argsort(descending=True)
        entries = 2 - (order // len(value) == order % len(value)).long()  # A loop is one entry.
        order = order[entries.cumsum(0) <= budget]
    else:
        order = value.flatten().argsort(descending=True)[:budget]
    kept.view(-1)[order] = True
    kept &= value > -torch.inf
    kept = kept | kept.T if symmetric else kept
    if not kept.any():
        return torch.zeros_like(logits)
    strength = (logits - logits.detach()[kept].max()).exp()
    weight = int(kept.sum()) * strength / strength[kept].sum()
    absent = strength * (int(kept.sum()) / strength[kept].sum()).detach()
    return torch.where(kept, weight, absent - absent.detach())


def edges(synthesis: Synthesis) -> dict:
    """C'_r of every relation; a mirrored relation has the transpose."""
    structure, weights = synthesis.structure, {}
    for r, values in structure.logits.items():
        logits = spread(values, structure.pairs[r], -torch.inf)
        weights[r] = edge_matrix(logits, structure.budget[r], structure.mirror.get(r) == r)
    return {
        r: weights[r] if r in weights else weights[structure.mirror[r]].T for r in structure.degree
    }


def averaging(a: Tensor) -> Tensor:
    """D⁻¹A; rows without edges stay zero."""
    degree = a.sum(dim=1, keepdim=True)
    return torch.where(degree > 0, a / torch.where(degree > 0, degree, 1.0), 0.0)


def features(view: RelayView, h: Mapping, weights: Mapping) -> Tensor:
    """Z of the condensed graph, meta-path by meta-path."""
    adjacency = {r: averaging(w) for r, w in weights.items()}
    parts = [
        s * walk(adjacency, path, h[endpoint(path, view.schema.target), modality])
        for s, (path, modality) in zip(view.scale, view.blocks, strict=True)
    ]
    return torch.cat(parts, dim=1)


def whole_gradients(relay: PlainRelay, parts: Iterable[Tensor]) -> list[tuple[Tensor, ...]]:
    """∇_W L_c of each layer; `parts` are the rows of Z of each class."""
    losses = (cross_entropy(relay(z), torch.full((len(z),), c)) for c, z in enumerate(parts))
    return [relay.gradients(loss) for loss in losses]


def class_gradients(
    relay: PlainRelay, forward: Callable[[], Tensor], y: Tensor, classes: int
) -> list[tuple[Tensor, ...]]:
    """∇_W L_c of each layer for each class, differentiable; `forward` computes Z of the condensed graph."""
    gradients = []
    for c in range(classes):
        loss = cross_entropy(relay(forward())[y == c], y[y == c])
        gradients.append(relay.gradients(loss, create_graph=True))
    return gradients


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """Cosine of each pair of columns; a constant 0 where one vanishes (torch's has a steep slope there)."""
    norm = a.norm(dim=0) * b.norm(dim=0)
    defined = norm > TINY
    return torch.where(defined, (a * b).sum(dim=0) / torch.where(defined, norm, 1.0), 0.0)


def matching(
    view: RelayView,
    condensed: Sequence[tuple[Tensor, ...]],
    whole: Sequence[tuple[Tensor, ...]],
    share: Tensor,
) -> Tensor:
    """Σ_c s_c · mean over layers and columns of 1 − cos; 0 for columns without a whole-graph gradient.

    Each block of the first weight matrix is a layer, and so is every later matrix.
    """
    total = torch.zeros(())
    for s, mine, theirs in zip(share, condensed, whole, strict=True):
        layers = zip(
            [*mine[0].split(view.widths), *mine[1:]],
            [*theirs[0].split(view.widths), *theirs[1:]],
            strict=True,
        )
        distances = [
            torch.where(b.norm(dim=0) > 1e-6, 1 - cosines(a, b), 0.0).mean() for a, b in layers
        ]
        total = total + s * torch.stack(distances).mean()
    return total


def field(synthesis: Synthesis, shared_space: SharedSpace, relay: PlainRelay, z: Tensor) -> dict:
    """∂L/∂X' of the mean loss, in the shared space, differentiable."""
    loss = cross_entropy(relay(z), synthesis.y)
    raw = torch.autograd.grad(loss, list(synthesis.h.values()), create_graph=True)
    return {
        key: torch.where(synthesis.has[key].unsqueeze(1), g, 0.0) @ shared_space.decoder[key]
        for key, g in zip(synthesis.h, raw, strict=True)
    }


def decoupled(field: Mapping) -> dict:
    """ĝᵃ = gᵃ − ⟨gᵃ, gᵇ⟩/‖gᵇ‖² · gᵇ where ⟨gᵃ, gᵇ⟩ < 0; for types of at most two modalities."""
    result = dict(field)
    for (node_type, modality), mine in field.items():
        others = [g for (t, m), g in field.items() if t == node_type and m != modality]
        if others:
            (other,) = others
            product = (mine * other).sum(dim=1, keepdim=True)
            clash = product < 0
            size = torch.where(clash, other.square().sum(dim=1, keepdim=True), 1.0)
            result[node_type, modality] = torch.where(clash, mine - product / size * other, mine)
    return result


def energy(synthesis: Synthesis, field: Mapping, weights: Mapping, relations: Iterable) -> Tensor:
    """Σ_m Σ_r tr(Ĝᵀ L Ĝ), with L the Laplacian of the bipartite graph, or of the undirected one."""
    total = torch.zeros(())
    for relation in relations:
        source, _, destination = relation
        for modality in [m for t, m in field if t == destination and (source, m) in field]:
            here, there = (destination, modality), (source, modality)
            both = torch.outer(synthesis.has[here].float(), synthesis.has[there].float())
            w = weights[relation] * both
            if source == destination:
                a = (w + w.T) / 2 * (1 - torch.eye(len(w)))
                g = field[here]
            else:
                corner = torch.zeros(len(w), len(w)), torch.zeros(w.size(1), w.size(1))
                a = torch.cat([torch.cat([corner[0], w], 1), torch.cat([w.T, corner[1]], 1)])
                g = torch.cat([field[here], field[there]])
            degree = a.sum(dim=1)
            root = torch.where(degree > 0, torch.where(degree > 0, degree, 1.0) ** -0.5, 0.0)
            laplacian = (degree > 0).to(a.dtype).diag() - root.unsqueeze(1) * a * root
            total = total + (g * (laplacian @ g)).sum()
    return total


def size(field: Mapping) -> Tensor:
    """Σ‖ĝ‖², the divisor of a relative energy."""
    return torch.stack([g.square().sum() for g in field.values()]).sum()
