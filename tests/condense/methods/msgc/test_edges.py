"""Updates on graphs side by side against the authors' batch of graphs, by torch's modules and optimisers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from condense.methods.gcond.distance import by_columns
from condense.methods.gcond.relay import SGCRelay
from condense.methods.gcond.synthesis import GradientMatching, Rates, Schedule
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.loop import tensors_of
from condense.methods.homogeneous.pair_mlp import PairMLP
from condense.methods.msgc.copies import Copies
from condense.methods.msgc.edges import SparseGraphs
from condense.methods.msgc.patterns import patterns
from tests.support.synthesis import take_over

D, SIZES, GRAPHS = 5, (6, 3, 6), 3
RATES = Rates(features=0.02, edges=0.01, relay=0.05)
Y = torch.arange(3).repeat_interleave(torch.tensor(SIZES))


def matching(schedule: Schedule) -> tuple[GradientMatching, SparseGraphs, Copies]:
    rng = torch.Generator().manual_seed(0)
    copies = Copies.of(SIZES, GRAPHS)
    x = torch.randn(sum(copies.counts), D, generator=rng, dtype=torch.float64)
    z = torch.randn(12, D, generator=rng, dtype=torch.float64)
    whole = WholeGradients(z, torch.arange(12) % 3, 3, 256, rng)
    linked = patterns(Y, copies.graph, 3, rng).to(x)
    edges = SparseGraphs(PairMLP(D, rng, x), copies.member(x), linked)
    made = GradientMatching(
        x, SIZES, whole, edges, by_columns, schedule, RATES, 2, None, 2.0, rng, copies.member(x)
    )
    return made, edges, copies


class Batch:
    """The authors' layout: one set of features, and an adjacency for each graph."""

    def __init__(self, of: GradientMatching, edges: SparseGraphs, copies: Copies) -> None:
        self.of, self.x = of, of.x.clone().requires_grad_()
        self.net = copy.deepcopy(edges.mlp)
        self.masks = []
        for g in range(GRAPHS):
            rows = (copies.graph == g).nonzero().flatten()
            order = rows[copies.distinct[rows].argsort()]
            # Every graph has every distinct node here, so that all adjacencies have the same rows.
            assert copies.distinct[order].tolist() == list(range(len(self.x)))
            self.masks.append(edges.linked[order][:, order])
        self.y = torch.repeat_interleave(torch.arange(3), torch.tensor(copies.counts))
        self.generator = torch.Generator().manual_seed(0)
        self.generator.set_state(of.generator.get_state())
        self.by_features = torch.optim.Adam([self.x], RATES.features)
        self.by_edges = torch.optim.Adam(self.net.parameters(), RATES.edges)

    def logits(self, linear: nn.Linear) -> Tensor:
        found, weight = [], self.net(self.x)
        for mask in self.masks:
            looped = mask * weight + torch.eye(len(self.x))
            root = looped.sum(dim=1).rsqrt().diag()
            operator = root @ looped @ root
            found.append(operator @ operator @ (self.x @ linear.weight.T) + linear.bias)
        return torch.cat(found)

    def loss(self, linear: nn.Linear) -> Tensor:
        total, logits = torch.zeros((), dtype=torch.float64), self.logits(linear)
        y, whole = self.y.repeat(GRAPHS), self.of.whole
        for c, size in enumerate(SIZES):
            rows = whole.target.argmax(dim=1) == c
            theirs = cross_entropy(linear(whole.z[rows]), torch.full((int(rows.sum()),), c))
            (t,) = torch.autograd.grad(theirs, linear.weight)
            ours = cross_entropy(logits[y == c], y[y == c])
            (g,) = torch.autograd.grad(ours, linear.weight, create_graph=True)
            total = total + size / max(SIZES) * by_columns(g.T[None], t.T[None]).sum()
        return total

    def epoch(self, epoch: int, schedule: Schedule) -> float:
        drawn = SGCRelay(D, 3, 0.0, self.generator, self.x.detach())
        linear = nn.Linear(D, 3).double()
        linear.load_state_dict({"weight": drawn.weight, "bias": drawn.bias})
        adam, losses = torch.optim.Adam(linear.parameters(), RATES.relay), []
        for outer in range(schedule.outer):
            for _ in range(schedule.inner if outer else 0):
                adam.zero_grad()
                cross_entropy(self.logits(linear), self.y.repeat(GRAPHS)).backward()
                adam.step()
            self.by_features.zero_grad()
            self.by_edges.zero_grad()
            loss = self.loss(linear)
            losses.append(loss.item())
            loss.backward()
            moves_edges = epoch % schedule.period < schedule.edge_epochs
            (self.by_edges if moves_edges else self.by_features).step()
        return sum(losses) / len(losses)


def test_graphs_side_by_side_are_the_authors_batch() -> None:
    schedule = Schedule(3, 2, 1, 3)
    made, edges, copies = matching(schedule)
    batch = Batch(made, edges, copies)
    for epoch in range(5):
        expected = batch.epoch(epoch, schedule)
        assert made.update(epoch + 1)["loss"] == pytest.approx(expected, rel=1e-9)
    torch.testing.assert_close(made.x, batch.x, rtol=1e-7, atol=1e-9)
    theirs = dict(batch.net.named_parameters())
    for name, p in edges.mlp.named_parameters():
        torch.testing.assert_close(p, theirs[name], rtol=1e-7, atol=1e-9)


def test_a_link_weighs_what_the_mlp_says_of_its_ends() -> None:
    made, edges, copies = matching(Schedule(1, 0))
    a, weight = made.saved_adjacency(), edges.mlp(made.x).detach()
    assert a is not None
    for i in range(len(a)):
        for j in range(len(a)):
            expected = weight[copies.distinct[i], copies.distinct[j]] if edges.linked[i, j] else 0
            assert float(a[i, j]) == float(expected)
    assert torch.equal(made.nodes(), made.x[copies.distinct])


def test_another_run_goes_on_from_the_state_with_its_patterns() -> None:
    schedule = Schedule(2, 1, 1, 2)
    straight, stopped, resumed = (matching(schedule)[0] for _ in range(3))
    for step in (1, 2, 3, 4, 5):
        straight.update(step)
    for step in (1, 2, 3):
        stopped.update(step)
    resumed.state["edges/linked"].zero_()
    take_over(resumed, stopped)
    resumed.generator.set_state(stopped.generator.get_state())
    for step in (4, 5):
        resumed.update(step)
    theirs = tensors_of(resumed)
    for name, x in tensors_of(straight).items():
        assert torch.equal(x, theirs[name]), name
