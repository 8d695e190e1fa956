"""The gradient field and its energy against autograd and double backward."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from condense.edges.pair_matrix import PairMatrix
from condense.methods.srgm.matching.energy import dirichlet_energy
from condense.methods.srgm.matching.field import gradient_field, path_products
from models.propagation.metapaths import endpoint, metapaths
from models.relays.linear import residual
from tests.support.dense import assert_near, averaging, walk, walks

RELATIONS = (("a", "r", "a"), ("b", "s", "a"), ("a", "t", "b"))
SIZES = {"a": 6, "b": 4}
WIDTHS = {("a", "text"): 3, ("a", "image"): 3, ("b", "text"): 3}
BLOCKS = [
    (path, modality)
    for path in metapaths(RELATIONS, "a", 2)
    for kind, modality in WIDTHS
    if kind == endpoint(path, "a")
]
Y = torch.tensor([0, 1, 2, 0, 1, 2])


class Problem:
    """A small typed graph in float64 with random features, edge weights and relay."""

    def __init__(self, seed):
        self.rng = torch.Generator().manual_seed(seed)
        self.h = {k: self.normal(SIZES[k[0]], d).requires_grad_() for k, d in WIDTHS.items()}
        self.edges = {
            r: self.normal(SIZES[r[2]], SIZES[r[0]]).exp().requires_grad_() for r in RELATIONS
        }
        self.w = [self.normal(WIDTHS[endpoint(p, "a"), m], 3) for p, m in BLOCKS]
        self.b = self.normal(3)

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.rng, dtype=torch.float64)

    def normalised(self):
        return {r: averaging(a) for r, a in self.edges.items()}

    def logits(self, adjacency):
        logits = self.b
        for (path, modality), w in zip(BLOCKS, self.w, strict=True):
            logits = logits + walk(adjacency, path, self.h[endpoint(path, "a"), modality]) @ w
        return logits

    def explicit(self):
        adjacency = self.normalised()
        p = residual(self.logits(adjacency), one_hot(Y).double()) / len(Y)
        return gradient_field(adjacency, BLOCKS, self.w, p, "a")

    def by_autograd(self):
        loss = cross_entropy(self.logits(self.normalised()), Y)
        gradients = torch.autograd.grad(loss, list(self.h.values()), create_graph=True)
        return dict(zip(self.h, gradients, strict=True))

    def energy(self, field):
        """The energy of both modalities over all relations between types that have them."""
        text, image, other = field["a", "text"], field["a", "image"], field["b", "text"]
        within, across = self.edges[RELATIONS[0]], self.edges[RELATIONS[1]]
        both, every = torch.stack([text, image]), torch.ones(2, 6, dtype=torch.bool)
        inner = dirichlet_energy(PairMatrix.of(within), both, both, every, every, within=True)
        outer = dirichlet_energy(
            PairMatrix.of(across), text[None], other[None], every[:1], every[:1, :4]
        )
        return inner.sum() + outer.sum()

    def leaves(self):
        return [*self.h.values(), *self.edges.values()]


def test_the_blocks_cover_all_walks():
    assert {path for path, _ in BLOCKS} == set(walks(RELATIONS, "a", 2))


@pytest.mark.parametrize("seed", range(4))
def test_field_is_the_gradient_of_the_loss(seed):
    problem = Problem(seed)
    got, expected = problem.explicit(), problem.by_autograd()
    assert set(got) == set(expected)
    for key in expected:
        assert_near(got[key], expected[key])


@pytest.mark.parametrize("seed", range(4))
def test_energy_of_the_field_has_the_gradient_of_double_backward(seed):
    """Edges act through the field and through the energy's own weights; both are differentiated."""
    problem = Problem(seed)
    ours, theirs = (problem.energy(f) for f in (problem.explicit(), problem.by_autograd()))
    assert_near(ours, theirs)
    for mine, reference in zip(
        torch.autograd.grad(ours, problem.leaves()),
        torch.autograd.grad(theirs, problem.leaves()),
        strict=True,
    ):
        assert float(reference.abs().max()) > 0
        assert_near(mine, reference)


def test_energy_of_the_field_by_finite_differences():
    problem = Problem(7)

    def energy(*leaves):
        problem.h = dict(zip(WIDTHS, leaves[: len(WIDTHS)], strict=True))
        problem.edges = dict(zip(RELATIONS, leaves[len(WIDTHS) :], strict=True))
        return problem.energy(problem.explicit())

    leaves = tuple(x.detach().clone().requires_grad_() for x in problem.leaves())
    assert torch.autograd.gradcheck(energy, leaves)


def test_products_are_the_transposed_walks():
    problem = Problem(2)
    adjacency = {r: a.detach() for r, a in problem.normalised().items()}
    p = problem.normal(6, 3)
    paths = metapaths(RELATIONS, "a", 3)
    products = path_products(adjacency, paths, p)
    assert list(products) == list(paths)
    for path in paths:
        whole = walk(adjacency, path, torch.eye(SIZES[endpoint(path, "a")], dtype=torch.float64))
        assert_near(products[path], whole.T @ p)
