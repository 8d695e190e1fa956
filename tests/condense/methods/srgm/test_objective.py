"""L_match + λR and its derivatives on a whole graph, against a plain, slow reference."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from condense.budget import plan
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.pseudolabels import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.data.relations import primary
from condense.methods.srgm.objective import Objective
from condense.methods.srgm.shared_space import SharedSpace
from condense.methods.srgm.synthesis import Synthesis
from models.propagation.metapaths import endpoint
from models.relays.registry import RELAYS
from models.schema import features
from tests.support.dense import assert_near, averaging, multiplicities, walk, walks
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def by_class(z, labels):
    """Rows of the first class, then those of the other two."""
    first, *others = (z[labels == c] for c in range(3))
    return [(first, (len(first),)), (torch.cat(others), tuple(map(len, others)))]


class Case:
    """A view of `small_graph`, a perturbed synthesis and a relay."""

    def __init__(self, seed=0, decouple="off", relative=True, relay="linear"):
        rng = torch.Generator().manual_seed(seed)
        graph = complete(hide_test_labels(small_graph(seed, weighted=True, dtype=torch.float64)))
        self.budget = plan(graph, 0.3)
        self.view = RelayView.of(graph, hops=2, rank=3, generator=rng)
        self.shared_space = SharedSpace.shared(self.view, 4)
        self.relations = primary(self.view.graph)
        start = cluster_graph(
            self.view, self.budget, labelling=PseudoLabelling("ridge"), generator=rng
        )
        schema = self.view.schema
        self.synthesis = Synthesis(start, self.budget)
        # Some condensed films lack their image, as some original films do.
        self.synthesis.has["movie", "image"] = torch.arange(self.budget.nodes["movie"]) % 3 != 1
        with torch.no_grad():
            for key, h in self.synthesis.h.items():
                noise = 0.3 * torch.randn(h.shape, generator=rng)
                h.add_(noise).mul_(self.synthesis.has[key].unsqueeze(1))
            for logits in self.synthesis.logits.values():
                # Equal counts would tie at the cut, where the kept edges jump.
                logits.add_(0.1 * torch.rand(logits.shape, generator=rng))
        blank = RELAYS[relay](len(self.view.block), 5, schema.num_classes, torch.zeros(()))
        self.theta = blank.redrawn(rng)
        self.objective = Objective(
            self.view, self.shared_space, self.relations, decouple, relative, damped=True
        )
        store = self.view.graph["movie"]
        self.rows, self.labels = (
            store.train_mask.nonzero().flatten(),
            start.node_class[store.train_mask],
        )

    def whole(self):
        """∇_W L_c on the whole graph."""
        z = self.view.features(self.rows)
        return self.objective.whole_gradients(self.theta, by_class(z, self.labels))

    def terms(self, whole, objective=None):
        inputs = self.synthesis.relay_inputs(self.view)
        return (objective or self.objective).terms(self.synthesis, inputs, self.theta, whole)

    def leaves(self):
        return [*self.synthesis.h.values(), *self.synthesis.logits.values()]


class Reference:
    """The terms of the objective from dense products, per-class losses and double backward."""

    def __init__(self, case):
        self.case, self.view = case, case.view
        self.paths = [
            (path, modality)
            for path in walks(self.view.schema.relations, "movie", 2)
            for modality in self.view.schema.modalities[endpoint(path, "movie")]
        ]

    def features(self, h, adjacency):
        parts = [walk(adjacency, path, h[endpoint(path, "movie"), m]) for path, m in self.paths]
        return torch.cat([s * z for s, z in zip(self.view.scale, parts, strict=True)], dim=1)

    def logits(self, z, weights):
        """The relay's logits; asserts that no hidden unit is near its kink."""
        biases = self.case.theta.biases
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            before = z @ w + b
            assert float(before.detach().abs().min()) > 1e-6
            z = before.relu()
        return z @ weights[-1] + biases[-1]

    def class_gradients(self, z, y):
        """The gradients of all layers, for each class."""
        weights = [w.clone().requires_grad_() for w in self.case.theta.weights]
        logits = self.logits(z, weights)
        return [
            torch.autograd.grad(
                cross_entropy(logits[y == c], y[y == c]), weights, create_graph=True
            )
            for c in range(3)
        ]

    def whole(self):
        graph = self.view.graph
        adjacency = {r: averaging(multiplicities(graph, r)) for r in graph.edge_types}
        h = {(t, m): features(graph[t], m) for t, m in self.view.reduction.basis}
        z = self.features(h, adjacency)[self.case.rows]
        gradients = self.class_gradients(z, self.case.labels)
        return [torch.stack(layer).detach() for layer in zip(*gradients, strict=True)]

    def match(self, z, whole):
        syn, total = self.case.synthesis, 0.0
        for c, (first, *later) in enumerate(self.class_gradients(z, syn.y)):
            blocks = [self.view.block == b for b in range(len(self.paths))]
            layers = [(first[rows], whole[0][c][rows]) for rows in blocks]
            layers += [(g, whole[i][c]) for i, g in enumerate(later, start=1)]
            share = self.case.budget.classes[c] / sum(self.case.budget.classes)
            for mine, theirs in layers:
                # A column that vanishes on the condensed graph has no direction: 1, without a slope.
                distances = [
                    1 - cosine_similarity(a, b, dim=0) if float(a.norm()) > 0 else 1.0
                    for a, b in zip(mine.T, theirs.T, strict=True)
                    if float(b.norm()) > 0
                ]
                total = total + share * sum(distances) / mine.size(1) / len(layers)
        return total

    def field(self, adjacency):
        syn, theta = self.case.synthesis, self.case.theta
        logits = self.logits(self.features(syn.h, adjacency), theta.weights)
        raw = torch.autograd.grad(
            cross_entropy(logits, syn.y), list(syn.h.values()), create_graph=True
        )
        return {
            key: torch.where(syn.has[key].unsqueeze(1), g, 0.0)
            @ self.case.shared_space.decoder[key]
            for key, g in zip(syn.h, raw, strict=True)
        }

    def decoupled(self, field):
        """The paper's formula where a type has two modalities (here films and actors), row by row."""
        decoupled = dict(field)
        for node_type in ("movie", "actor"):
            text, image = field[node_type, "text"], field[node_type, "image"]
            for mine, other, key in ((text, image, "text"), (image, text, "image")):
                rows = []
                for a, b in zip(mine, other, strict=True):
                    product = (a * b).sum()
                    clash = product.item() < 0
                    rows.append(a - product / b.square().sum() * b if clash else a)
                decoupled[node_type, key] = torch.stack(rows)
        return decoupled

    def energy(self, field, weights, relative):
        total, energy = sum(f.square().sum() for f in field.values()), 0.0
        for relation in self.case.relations:
            source, _, destination = relation
            for modality in ("text", "image"):
                if (source, modality) not in field or (destination, modality) not in field:
                    continue
                left, right = field[destination, modality], field[source, modality]
                has = self.case.synthesis.has
                w = weights[relation] * torch.outer(
                    has[destination, modality].double(), has[source, modality].double()
                )
                for i, j in (w > 0).nonzero().tolist():
                    gap = left[i] / w[i].sum().sqrt() - right[j] / w[:, j].sum().sqrt()
                    energy = energy + w[i, j] * gap.square().sum()
        return energy / total if relative else energy


def compare(ours, theirs, leaves):
    assert_near(ours, theirs)
    pairs = zip(
        torch.autograd.grad(ours, leaves, retain_graph=True),
        torch.autograd.grad(theirs, leaves, retain_graph=True),
        strict=True,
    )
    for mine, reference in pairs:
        assert float(reference.abs().max()) > 0
        assert_near(mine, reference)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("relay", RELAYS)
@pytest.mark.parametrize(
    ("decouple", "relative"), [("off", True), ("field", True), ("field", False)]
)
def test_terms_and_their_derivatives(seed, decouple, relative, relay):
    case = Case(seed, decouple, relative, relay)
    reference = Reference(case)
    whole = case.whole()
    for mine, expected in zip(whole, reference.whole(), strict=True):
        assert_near(mine, expected)

    terms = case.terms(whole)
    weights = {r: w.dense() for r, w in case.synthesis.weights().items()}
    adjacency = {r: averaging(w) for r, w in weights.items()}
    # A dropped edge counts as 0 in the forward pass; `averaging` passes its gradient on, as ours does.
    z = reference.features(case.synthesis.h, adjacency)
    assert_near(case.synthesis.features(case.view), z)
    compare(terms.match, reference.match(z, whole), case.leaves())

    field = reference.field(adjacency)
    for key, expected in field.items():
        assert_near(terms.field[key], expected)
    if decouple == "field":
        changed = reference.decoupled(field)
        assert not torch.equal(changed["movie", "text"], field["movie", "text"])
        field = changed
    # Only kept edges enter the reference's energy, so only the features' gradients are compared.
    kept = [*case.synthesis.h.values()]
    theirs = reference.energy(field, weights, relative)
    assert_near(terms.energy, theirs)
    for mine, expected in zip(
        torch.autograd.grad(terms.energy, kept, retain_graph=True),
        torch.autograd.grad(theirs, kept, retain_graph=True),
        strict=True,
    ):
        assert_near(mine, expected)


@pytest.mark.parametrize("relay", RELAYS)
def test_energy_moves_the_edges_through_the_field_and_through_the_laplacian(relay):
    """Compares with finite differences over the logits, where the kept edges stay the same."""
    case = Case(2, "field", relay=relay)
    whole = case.whole()
    kept = {r: case.synthesis.weights()[r].kept for r in case.relations}
    terms = case.terms(whole)
    logits = case.synthesis.logits
    gradients = torch.autograd.grad(terms.energy, [logits[r] for r in case.relations])
    step = 1e-6
    for relation, gradient in zip(case.relations, gradients, strict=True):
        for i in kept[relation].tolist()[:4]:
            values = []
            for sign in (1, -1):
                with torch.no_grad():
                    logits[relation][i] += sign * step
                    values.append(case.terms(whole).energy)
                    logits[relation][i] -= sign * step
            slope = (values[0] - values[1]).item() / (2 * step)
            assert abs(slope - gradient[i].item()) < 1e-6 + 1e-4 * abs(slope)


def test_decoupled_update_leaves_no_conflict_in_the_shared_space():
    case = Case(0, "update")
    syn = case.synthesis
    whole = case.whole()
    case.terms(whole).match.backward()
    keys = [("movie", "text"), ("movie", "image")]
    has = syn.has["movie", "image"]
    before = [syn.h[k].grad.clone() for k in keys]
    read = [before[i] @ case.shared_space.decoder[k] for i, k in enumerate(keys)]
    case.objective.decouple_update(syn)
    after = [syn.h[k].grad for k in keys]
    conflicts = ((read[0] * read[1]).sum(dim=1) < 0) & has
    assert 0 < int(conflicts.sum()) < len(has)
    # Where nothing conflicts, or the image is missing, the text's update stays as it was.
    assert_near(after[0][~conflicts], before[0][~conflicts])
    changed = (after[0] - before[0]).abs().amax(dim=1) > 0
    assert torch.equal(changed, conflicts)
    for i, j in ((0, 1), (1, 0)):
        expected = (
            read[i]
            - (read[i] * read[j]).sum(1, keepdim=True)
            / read[j].square().sum(1, keepdim=True)
            * read[j]
        )
        step = (expected - read[i]) @ case.shared_space.inverse[keys[i]]
        assert_near((after[i] - before[i])[conflicts], step[conflicts], 1e-7)


@pytest.mark.parametrize("relay", RELAYS)
def test_decoupled_parameters_leave_no_conflict_between_aligned_modalities(relay):
    """With two modalities in one aligned space, the blocks of ∇W follow the paper's formula."""
    graph = small_graph(0, text_width=4, image_width=4, dtype=torch.float64)
    del graph["movie"].has_image
    graph["movie"].x_image = graph["movie"].x_image.nan_to_num(0.5)
    rng = torch.Generator().manual_seed(0)
    view = RelayView.of(complete(hide_test_labels(graph)), hops=0, rank=4, generator=rng)
    shared_space = SharedSpace.identity(view)
    theta = RELAYS[relay](8, 5, 3, torch.zeros(())).redrawn(rng)
    rows = view.graph["movie"].train_mask.nonzero().flatten()
    z, y = view.features(rows), view.graph["movie"].y[rows]
    (plain, *plain_later), (decoupled, *decoupled_later) = (
        Objective(view, shared_space, (), decouple, True, False).whole_gradients(
            theta, by_class(z, y)
        )
        for decouple in ("off", "parameters")
    )
    for mine, expected in zip(decoupled_later, plain_later, strict=True):
        assert torch.equal(mine, expected)  # Only the first layer has modalities.
    text, image = plain[:, :4], plain[:, 4:]  # [G, 4, C] each
    product = (text * image).sum(dim=1, keepdim=True)
    assert 0 < int((product < 0).sum()) < product.numel()
    clash = product < 0
    expected = torch.cat(
        [
            torch.where(clash, text - product / image.square().sum(1, keepdim=True) * image, text),
            torch.where(clash, image - product / text.square().sum(1, keepdim=True) * text, image),
        ],
        dim=1,
    )
    assert_near(decoupled, expected)


def test_without_damping_the_energy_is_only_reported():
    case = Case(0)
    whole = case.whole()
    plain = Objective(case.view, case.shared_space, case.relations, "off", True, damped=False)
    terms = case.terms(whole, plain)
    damped = case.terms(whole)
    assert terms.energy.item() == damped.energy.item()
    assert not terms.energy.requires_grad
    assert damped.energy.requires_grad
    assert_near(terms.match, case.terms(whole).match)


@pytest.mark.parametrize("relay", RELAYS)
def test_without_damping_report_only_adds_the_field_and_the_energy(relay):
    case = Case(0, relay=relay)
    whole, inputs = case.whole(), case.synthesis.relay_inputs(case.view)
    plain = Objective(case.view, case.shared_space, case.relations, "off", True, damped=False)
    reported, silent = (
        plain.terms(case.synthesis, inputs, case.theta, whole, report) for report in (True, False)
    )
    assert torch.equal(reported.match, silent.match)
    for mine, expected in zip(reported.gradients, silent.gradients, strict=True):
        assert torch.equal(mine, expected)
    assert silent.energy.item() == 0 < reported.energy.item()
    assert not silent.field
    assert not silent.energies


@pytest.mark.parametrize("decouple", ["off", "field"])
def test_the_energy_is_the_sum_of_its_parts_by_relation_and_modality(decouple):
    case = Case(0, decouple, relative=False)
    terms = case.terms(case.whole())
    modalities = case.view.schema.modalities
    assert terms.energies.keys() == {
        (r, m) for r in case.relations for m in modalities[r[2]] if m in modalities[r[0]]
    }
    assert len({m for _, m in terms.energies}) > 1
    assert_near(torch.stack(list(terms.energies.values())).sum(), terms.energy)


def test_the_authors_energy_acts_on_edges_alone():
    case = Case(0)
    whole = case.whole()
    theirs = Objective(
        case.view, case.shared_space, case.relations, "field", False, damped=True, authors=True
    )
    for objective, moves in ((theirs, False), (case.objective, True)):
        energy = case.terms(whole, objective).energy
        features, edges = list(case.synthesis.h.values()), list(case.synthesis.logits.values())
        grads = torch.autograd.grad(energy, features + edges, allow_unused=True)
        nonzero = [g is not None and bool(g.abs().max() > 0) for g in grads]
        assert any(nonzero[: len(features)]) == moves
        assert all(nonzero[len(features) :])
