"""Epochs of GCond against the same written with torch's modules, optimisers and double backward."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from condense.methods.gcond.distance import by_columns, squared
from condense.methods.gcond.relay import SGCRelay
from condense.methods.gcond.synthesis import GradientMatching, Keep, Rates, Schedule
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.loop import tensors_of
from condense.methods.homogeneous.pair_mlp import PairMLP
from tests.support.synthesis import take_over

D, SIZES = 5, (3, 1, 2)
RATES = Rates(features=0.02, edges=0.01, relay=0.05, terms=0.1)


class Toy(nn.Module):
    """Terms with a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(6, dtype=torch.float64))

    def forward(self, adjacency: Tensor, moves_edges: bool) -> Tensor:
        scale = self.scale if moves_edges else 2.0
        return (adjacency * scale).square().sum() - adjacency.sum()


def synthesis(
    schedule: Schedule,
    distance=by_columns,
    edges: bool = True,
    most: int = 100,
    terms: bool = False,
):
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(12, D, generator=rng, dtype=torch.float64)
    x = torch.randn(sum(SIZES), D, generator=rng, dtype=torch.float64)
    whole = WholeGradients(z, torch.arange(12) % 3, 3, 256, rng)
    net = PairMLP(D, rng, x) if edges else None
    keep = Keep(most, 0.3) if edges else None
    toy = Toy() if terms else None
    return GradientMatching(
        x, SIZES, whole, net, distance, schedule, RATES, 2, keep, 2.0, rng, terms=toy
    )


class Reference:
    """X' and A' updated by torch.optim and by gradients of gradients."""

    def __init__(self, of: GradientMatching) -> None:
        self.of = of
        self.x = of.x.clone().requires_grad_()
        self.net = copy.deepcopy(of.edges)
        self.generator = torch.Generator().manual_seed(0)
        self.generator.set_state(of.generator.get_state())
        self.by_features = torch.optim.Adam([self.x], RATES.features)
        parameters = list(self.net.parameters()) if self.net else [torch.zeros(1)]
        self.by_edges = torch.optim.Adam(parameters, RATES.edges)
        self.terms = copy.deepcopy(of.terms)
        beside = [p for _, p in self.terms.named_parameters()] if self.terms else [torch.zeros(1)]
        self.by_terms = torch.optim.Adam(beside, RATES.terms)
        self.y = torch.repeat_interleave(torch.arange(3), torch.tensor(SIZES))

    def logits(self, linear: nn.Linear) -> Tensor:
        n = len(self.x)
        a = self.adjacency() if self.net else torch.zeros(n, n, dtype=torch.float64)
        looped = a + torch.eye(n, dtype=torch.float64)
        degree = looped.sum(dim=1)
        operator = looped / (degree.unsqueeze(1) * degree).sqrt()
        z = self.x
        for _ in range(self.of.hops if self.net else 0):
            z = operator @ z
        return linear(z)

    def adjacency(self) -> Tensor:
        """The MLP of concatenated pairs."""
        net, n = self.net, len(self.x)
        assert net is not None
        h = torch.cat([self.x.repeat_interleave(n, dim=0), self.x.repeat(n, 1)], dim=1)
        h = net.first_norm(net.first(h)).relu()
        score = net.last(net.second_norm(net.second(h)).relu()).view(n, n)
        a = torch.sigmoid((score + score.T) / 2) * (1 - torch.eye(n, dtype=score.dtype))
        assert self.of.keep is not None
        pairs = a.triu(1).flatten().sort(descending=True).values
        return a * (a >= pairs[min(self.of.keep.most // 2, 15) - 1])

    def loss(self, linear: nn.Linear) -> Tensor:
        of, total = self.of, torch.zeros((), dtype=torch.float64)
        logits = self.logits(linear)
        for c, size in enumerate(SIZES):
            rows = of.whole.target.argmax(dim=1) == c
            cross = nn.functional.cross_entropy
            theirs = cross(linear(of.whole.z[rows]), torch.full((int(rows.sum()),), c))
            ours = cross(logits[self.y == c], self.y[self.y == c])
            (t,) = torch.autograd.grad(theirs, linear.weight)
            (g,) = torch.autograd.grad(ours, linear.weight, create_graph=True)
            total = total + size / max(SIZES) * of.distance(g.T[None], t.T[None]).sum()
        return total

    def epoch(self, epoch: int, schedule: Schedule) -> float:
        drawn = SGCRelay(D, 3, 0.0, self.generator, self.x.detach())
        linear = nn.Linear(D, 3).double()
        linear.load_state_dict({"weight": drawn.weight, "bias": drawn.bias})
        adam, losses = torch.optim.Adam(linear.parameters(), RATES.relay), []
        for outer in range(schedule.outer):
            for _ in range(schedule.inner if outer else 0):
                adam.zero_grad()
                nn.functional.cross_entropy(self.logits(linear), self.y).backward()
                adam.step()
            moves_edges = epoch % schedule.period < schedule.edge_epochs
            loss = self.loss(linear)
            if self.terms:
                loss = loss + self.terms(self.adjacency(), moves_edges)
            losses.append(loss.item())
            moved = [self.by_edges, self.by_terms] if moves_edges else [self.by_features]
            for each in (self.by_features, self.by_edges, self.by_terms):
                each.zero_grad()
            loss.backward()
            for each in moved:
                each.step()
        return sum(losses) / len(losses)


@pytest.mark.parametrize("distance", [by_columns, squared])
@pytest.mark.parametrize(
    ("schedule", "edges", "most", "terms"),
    [
        (Schedule(3, 2, 1, 3), True, 100, False),
        (Schedule(2, 1, 1, 2), True, 9, False),
        (Schedule(2, 0, 0, 1), True, 100, False),
        (Schedule(3, 2), False, 0, False),
        (Schedule(2, 1, 2, 3), True, 20, True),
    ],
)
def test_epochs_equal_a_plain_implementation(
    schedule: Schedule, edges: bool, most: int, terms: bool, distance
) -> None:
    ours = synthesis(schedule, distance, edges, most, terms)
    reference = Reference(ours)
    for epoch in range(5):
        expected = reference.epoch(epoch, schedule)
        assert ours.update(epoch + 1)["loss"] == pytest.approx(expected, rel=1e-9)
    torch.testing.assert_close(ours.x, reference.x, rtol=1e-7, atol=1e-9)
    if ours.edges is not None and reference.net is not None:
        theirs = dict(reference.net.named_parameters())
        for name, p in ours.edges.named_parameters():
            torch.testing.assert_close(p, theirs[name], rtol=1e-7, atol=1e-9)
    if isinstance(ours.terms, Toy) and isinstance(reference.terms, Toy):
        torch.testing.assert_close(ours.terms.scale, reference.terms.scale, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("terms", [False, True])
def test_another_run_goes_on_from_the_state(terms: bool) -> None:
    schedule = Schedule(2, 1, 1, 2)
    straight, stopped, resumed = (synthesis(schedule, terms=terms) for _ in range(3))
    for step in (1, 2, 3, 4, 5):
        straight.update(step)
    for step in (1, 2, 3):
        stopped.update(step)
    take_over(resumed, stopped)
    resumed.generator.set_state(stopped.generator.get_state())
    for step in (4, 5):
        resumed.update(step)
    theirs = tensors_of(resumed)
    for name, x in tensors_of(straight).items():
        assert torch.equal(x, theirs[name]), name


def test_the_first_epochs_of_each_period_move_the_edges() -> None:
    schedule = Schedule(1, 1, 2, 5)
    assert [e for e in range(12) if schedule.moves_edges(e)] == [0, 1, 5, 6, 10, 11]
    assert not any(Schedule(1, 1).moves_edges(e) for e in range(12))


def test_the_saved_graph_keeps_heavy_edges() -> None:
    made = synthesis(Schedule(1, 0), most=24)
    assert made.edges is not None
    whole, kept = made.edges(made.x).detach(), made.saved_adjacency()
    assert kept is not None
    pairs = whole.triu(1).flatten().sort(descending=True).values
    least = max(float(pairs[11]), 0.3)
    torch.testing.assert_close(kept, torch.where(whole >= least, whole, 0.0))
    assert 0 < int((kept > 0).sum()) <= 24
    degree = (kept + torch.eye(6)).sum(dim=1)
    operator = (kept + torch.eye(6)) / (degree.unsqueeze(1) * degree).sqrt()
    torch.testing.assert_close(made.propagated(), operator @ operator @ made.x / 2.0)
    assert synthesis(Schedule(1, 0), edges=False).saved_adjacency() is None
